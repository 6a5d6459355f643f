"""What makes vectors fit to be stored or searched."""

import math
from collections.abc import Sequence, Sized

import numpy as np

from rag.errors import EmbeddingMismatchError


def require_vectors(texts: Sized, vectors: Sequence[Sequence[float]]) -> None:
    """Raise EmbeddingMismatchError unless there is one usable vector per text, all of one length."""
    if len(texts) != len(vectors):
        raise EmbeddingMismatchError(f"{len(texts)} texts came with {len(vectors)} vectors; embed the texts again")
    lengths = {len(vector) for vector in vectors}
    if len(lengths) > 1:
        raise EmbeddingMismatchError(
            f"vectors of one document have {sorted(lengths)!r} dimensions; they need one model"
        )
    if vectors:
        norms = np.linalg.norm(np.array([np.asarray(vector, np.float64) for vector in vectors]), axis=-1)
        for norm in norms.tolist():
            _require_norm(norm)


def require_direction(vector: Sequence[float]) -> None:
    """Raise EmbeddingMismatchError for a vector without a direction (empty, all zero, NaN or infinite)."""
    _require_norm(math.hypot(*vector))


def _require_norm(norm: float) -> None:
    if not 0.0 < norm < math.inf:
        raise EmbeddingMismatchError(f"a vector of length {norm!r} has no direction; the embedding model is broken")
