"""Retrieval as a library: extract, split, embed, store, retrieve. It knows no web framework and no database driver."""
