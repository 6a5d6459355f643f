"""Chunks in memory, searched exactly: for tests and small tools, and the reference that other stores are held to."""

import math
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from rag.errors import EmbeddingMismatchError
from rag.types import ChunkText, Hit, Query
from rag.vectors import require_direction, require_vectors


@dataclass(frozen=True, slots=True)
class _Row:
    chunk_id: str
    scope: str
    dataset_id: str
    document_id: str
    chunk: ChunkText
    vector: tuple[float, ...]


class MemoryStore:
    """Implements `ChunkStore`; thread-safe, gone with the process."""

    def __init__(self) -> None:
        self._rows: list[_Row] = []
        self._lock = threading.Lock()

    def replace(
        self,
        *,
        scope: str,
        dataset_id: str,
        document_id: str,
        chunks: Sequence[ChunkText],
        vectors: Sequence[Sequence[float]],
    ) -> int:
        """Replace all chunks of a document and return how many there are now."""
        require_vectors(chunks, vectors)
        new = [
            _Row(str(uuid.uuid4()), scope, dataset_id, document_id, chunk, tuple(vector))
            for chunk, vector in zip(chunks, vectors, strict=True)
        ]
        with self._lock:
            self._rows = [row for row in self._rows if not _is_of(row, scope, document_id)] + new
        return len(new)

    def delete(self, *, scope: str, document_id: str) -> int:
        """Remove all chunks of a document and return how many there were."""
        with self._lock:
            kept = [row for row in self._rows if not _is_of(row, scope, document_id)]
            removed = len(self._rows) - len(kept)
            self._rows = kept
        return removed

    def nearest(self, *, query: Query, vector: Sequence[float]) -> list[Hit]:
        """Return the `query.top_k` chunks of highest cosine similarity inside the query's scope and datasets."""
        require_direction(vector)
        with self._lock:
            rows = [row for row in self._rows if _is_searched(row, query)]
        for row in rows:
            if len(row.vector) != len(vector):
                raise EmbeddingMismatchError(
                    f"the query has {len(vector)} dimensions, stored chunks have {len(row.vector)}; "
                    "index the dataset again with the model that is set now"
                )
        hits = [_hit(row, vector) for row in rows]
        hits.sort(key=lambda hit: (-hit.score, hit.document_id, hit.position))
        return hits[: query.top_k]


def _is_of(row: _Row, scope: str, document_id: str) -> bool:
    return row.scope == scope and row.document_id == document_id


def _is_searched(row: _Row, query: Query) -> bool:
    return (
        row.scope == query.scope
        and row.dataset_id in query.dataset_ids
        and (query.document_ids is None or row.document_id in query.document_ids)
    )


def _hit(row: _Row, vector: Sequence[float]) -> Hit:
    dot = sum(a * b for a, b in zip(row.vector, vector, strict=True))
    cosine = dot / (math.hypot(*row.vector) * math.hypot(*vector))
    return Hit(
        chunk_id=row.chunk_id,
        document_id=row.document_id,
        dataset_id=row.dataset_id,
        text=row.chunk.text,
        page=row.chunk.page,
        position=row.chunk.position,
        score=min(max(cosine, 0.0), 1.0),
    )
