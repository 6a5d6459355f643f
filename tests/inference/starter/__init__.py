"""Tests of the starter skills."""
