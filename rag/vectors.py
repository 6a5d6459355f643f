"""What makes vectors fit to be stored or searched."""

import math
from collections.abc import Sequence

from rag.errors import EmbeddingMismatchError
from rag.types import ChunkText


def require_vectors(chunks: Sequence[ChunkText], vectors: Sequence[Sequence[float]]) -> None:
    """Raise EmbeddingMismatchError unless there is one usable vector per chunk, all of one length."""
    if len(chunks) != len(vectors):
        raise EmbeddingMismatchError(f"{len(chunks)} chunks came with {len(vectors)} vectors; embed the chunks again")
    lengths = {len(vector) for vector in vectors}
    if len(lengths) > 1:
        raise EmbeddingMismatchError(
            f"vectors of one document have {sorted(lengths)!r} dimensions; they need one model"
        )
    for vector in vectors:
        require_direction(vector)


def require_direction(vector: Sequence[float]) -> None:
    """Raise EmbeddingMismatchError for a vector without a direction (empty, all zero, NaN or infinite)."""
    norm = math.hypot(*vector)
    if not 0.0 < norm < math.inf:
        raise EmbeddingMismatchError(f"a vector of length {norm!r} has no direction; the embedding model is broken")
