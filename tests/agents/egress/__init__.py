"""Tests of the one door for outbound HTTP."""
