"""What retrieval needs from outside: models that embed, rank and write, and a place that stores chunks."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from rag.types import ChunkText, Hit, Query

CountTokens = Callable[[Sequence[str]], Awaitable[list[int]]]
"""How many tokens each text has, in order; counted by the model that will read them."""

Write = Callable[[str, int], Awaitable[str]]
"""What a chat model answers to a prompt, in at most so many tokens."""


@runtime_checkable
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


@runtime_checkable
class TokenReader(Protocol):
    """What an embedder may be besides: it shows its tokens, by which a search sees whether it can read a query."""

    async def tokens(self, text: str) -> list[int]:
        """Return the ids of the tokens that the model reads for `text`, with those it adds itself."""
        ...


@runtime_checkable
class Reranker(Protocol):
    """Judges how well texts answer a query; slower and better than any search."""

    model: str

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        """Return one score in 0…1 per text, in order."""
        ...


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """A document of a dataset; `scope` is the workspace."""

    scope: str
    dataset_id: str
    document_id: str


Vectors = Sequence[Sequence[float]]
"""One vector per passage (`ChunkText.passages`), chunk by chunk."""


@runtime_checkable
class ChunkStore(Protocol):
    """Searches chunks. A store is bound to nothing but its tables; no hit comes from outside a query's scope."""

    def nearest(self, *, query: Query, vector: Sequence[float]) -> list[Hit]:
        """Return the `query.top_k` chunks of highest cosine similarity to `vector`."""
        ...

    def matching(self, *, query: Query) -> list[Hit]:
        """Return the `query.top_k` chunks of highest BM25 for the words of the query; scores are in 0…1."""
        ...

    def languages(self, *, query: Query) -> Mapping[str, int]:
        """Return the languages of what the query searches, with the number of passages in each."""
        ...

    def around(self, *, query: Query, hit: Hit, chunks: int) -> list[Hit]:
        """Return up to `chunks` live neighbours on each side of `hit` in its document, and itself, in their order."""
        ...


class ChunkWriter(Protocol):
    """Writes documents in revisions: a coming one is staged, out of every search's sight, then published at once.

    Every method is one transaction (or part of the caller's), and repeating it changes nothing.
    """

    def replace(self, ref: DocumentRef, *, chunks: Sequence[ChunkText], vectors: Vectors, language: str = "") -> int:
        """Stage and publish in one: return how many chunks the document has now."""
        ...

    def stage(
        self, ref: DocumentRef, *, revision: int, index_id: int, chunks: Sequence[ChunkText], vectors: Vectors
    ) -> None:
        """Store chunks of a coming revision with their vectors; a position that is there is written anew."""
        ...

    def staged(self, ref: DocumentRef, *, revision: int) -> Mapping[int, str]:
        """Return the digests of the chunks that are staged already, by position: they need no embedding."""
        ...

    def publish(self, ref: DocumentRef, *, revision: int, chunks: int, language: str = "") -> int:
        """Let searches see the first `chunks` positions of this revision and remove every other revision.

        Writes `revision` and `language` (empty: as it was) into the document's row. Raises IncompleteRevisionError when
        some of the positions are not staged.
        """
        ...

    def delete(self, ref: DocumentRef) -> int:
        """Remove all chunks of a document, of every revision, and return how many there were."""
        ...

    def put(
        self,
        ref: DocumentRef,
        *,
        index_id: int,
        chunk: ChunkText,
        vectors: Vectors,
        chunk_id: str | None,
    ) -> str:
        """Add a chunk (`chunk_id` None: after the last) or change one, searchable at once; return its id.

        What is changed keeps its place, its id and whether it is enabled; children with the same text keep their ids.
        Raises ChunkNotFoundError and, like `stage`, IncompleteRevisionError when the index was replaced meanwhile.
        """
        ...

    def drop(self, ref: DocumentRef, *, chunk_ids: Sequence[str]) -> int:
        """Remove chunks and return how many there were."""
        ...

    def refresh(self, ref: DocumentRef, *, chunk_ids: Sequence[str] = ()) -> None:
        """Make live what is enabled, and nothing else: to be called when a document or its chunks were switched.

        The words of `chunk_ids` are counted anew: to be called with them when their keywords were changed.
        """
        ...

    def known_vectors(self, *, scope: str, model: str, texts: Sequence[str]) -> dict[str, Sequence[float]]:
        """Return vectors by text for those of `texts` that this workspace has embedded with `model` before."""
        ...
