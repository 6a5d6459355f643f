"""Tests of `rag.retrieve`."""
