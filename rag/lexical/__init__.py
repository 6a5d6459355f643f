"""Words of texts as full-text search counts them: one analysis for documents and for queries."""

from rag.lexical.analysis import analyze

__all__ = ["analyze"]
