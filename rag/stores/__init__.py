"""Places that keep chunks; each implements `rag.ports.ChunkStore`."""
