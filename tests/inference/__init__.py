"""Tests of the inference library."""
