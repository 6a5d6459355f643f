"""Tests of agents.workflow."""
