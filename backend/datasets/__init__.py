"""Datasets, documents, chunks and their indexing."""
