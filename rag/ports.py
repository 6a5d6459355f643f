"""What retrieval needs from outside: vectors for texts, and a place that stores chunks."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from rag.types import ChunkText, Hit, Query

CountTokens = Callable[[Sequence[str]], Awaitable[list[int]]]
"""How many tokens each text has, in order; counted by the model that will read them."""


class Embedder(Protocol):
    """Turns texts into unit-length vectors."""

    model: str
    max_tokens: int

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one vector of shape `(dimensions,)` per text, in order."""
        ...

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens of the embedding model each text has."""
        ...


class ChunkStore(Protocol):
    """Keeps chunks with their vectors and finds the nearest. A store is bound to nothing but its tables."""

    def replace(
        self,
        *,
        scope: str,
        dataset_id: str,
        document_id: str,
        chunks: Sequence[ChunkText],
        vectors: Sequence[Sequence[float]],
    ) -> int:
        """Replace all chunks of a document in one transaction and return how many there are now."""
        ...

    def delete(self, *, scope: str, document_id: str) -> int:
        """Remove all chunks of a document and return how many there were."""
        ...

    def nearest(self, *, query: Query, vector: Sequence[float]) -> list[Hit]:
        """Return the `query.top_k` chunks of highest cosine similarity inside the query's scope and datasets."""
        ...
