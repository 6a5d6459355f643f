"""From a question to hits, stage by stage, with a trace that says what each stage found and how long it took."""

import asyncio
import time
from collections.abc import Sequence

from rag.errors import EmbeddingMismatchError, InvalidQueryError, ModeNotAvailableError
from rag.ports import ChunkStore, Embedder
from rag.types import Hit, Query, Retrieval, Stage

MAX_QUERY_CHARS = 10_000
MAX_TOP_K = 100


async def retrieve(query: Query, *, embedder: Embedder, store: ChunkStore) -> Retrieval:
    """Return the hits of `query`, best first. Raises InvalidQueryError and ModeNotAvailableError (both 422)."""
    require_answerable(query)
    started = time.perf_counter()
    vector = await _embedded(query.text, embedder)
    stages = [_stage("embed", started, [], {"model": embedder.model, "dimensions": len(vector)})]

    started = time.perf_counter()
    # The store speaks to a database and blocks; other runs of this process go on meanwhile.
    found = await asyncio.to_thread(store.nearest, query=query, vector=vector)
    stages.append(_stage("search", started, found, {"mode": query.mode, "top_k": query.top_k}))

    if query.score_threshold is not None:
        started = time.perf_counter()
        found = [hit for hit in found if hit.score >= query.score_threshold]
        stages.append(_stage("threshold", started, found, {"score_threshold": query.score_threshold}))
    return Retrieval(tuple(found), tuple(stages))


def require_answerable(query: Query) -> None:
    """Raise the error that says why `query` cannot be answered as it stands."""
    if not query.text.strip():
        raise InvalidQueryError("the query is empty; ask something")
    if len(query.text) > MAX_QUERY_CHARS:
        raise InvalidQueryError(f"the query has {len(query.text):,} characters; ask in at most {MAX_QUERY_CHARS:,}")
    if not 1 <= query.top_k <= MAX_TOP_K:
        raise InvalidQueryError(f"top_k is {query.top_k!r}; it goes from 1 to {MAX_TOP_K}")
    if query.score_threshold is not None and not 0.0 <= query.score_threshold <= 1.0:
        raise InvalidQueryError(f"score_threshold is {query.score_threshold!r}; it goes from 0 to 1")
    if query.mode != "semantic":
        raise ModeNotAvailableError(f"search mode {query.mode!r} is not yet available; use 'semantic'")


async def _embedded(text: str, embedder: Embedder) -> list[float]:
    vectors = await embedder.embed([text])
    if len(vectors) != 1:
        raise EmbeddingMismatchError(f"the model {embedder.model!r} returned {len(vectors)} vectors for one query")
    return vectors[0]


def _stage(name: str, started: float, hits: Sequence[Hit], detail: dict[str, object]) -> Stage:
    elapsed_ms = (time.perf_counter() - started) * 1000
    if hits:
        detail |= {"chunk_ids": [hit.chunk_id for hit in hits], "scores": [round(hit.score, 4) for hit in hits]}
    return Stage(name, elapsed_ms, len(hits), detail)
