"""Tests of the agents library."""
