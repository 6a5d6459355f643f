"""Tests of agents.nodes."""
