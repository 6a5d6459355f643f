"""Tests of the tools that come along."""
