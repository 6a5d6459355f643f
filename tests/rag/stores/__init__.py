"""Tests of `rag.stores`."""
