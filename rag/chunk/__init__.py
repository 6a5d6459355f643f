"""From pages to chunks: one door, whose settings say how long they are and what is searched of them."""

from rag.chunk.chunking import Chunked, chunk
from rag.chunk.settings import ChunkSettings

__all__ = ["ChunkSettings", "Chunked", "chunk"]
