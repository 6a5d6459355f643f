"""Tests of agents.dsl."""
