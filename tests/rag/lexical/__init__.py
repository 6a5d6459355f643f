"""Tests of `rag.lexical`."""
