"""Tests of the console API of knowledge."""
