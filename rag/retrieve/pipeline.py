"""From a question to hits, stage by stage, with a trace that says what each stage found and how long it took.

A stage that helps (rewriting, a written filter, one leg of two, the reranker) may fail or be late: its stage says so,
and the search goes on without it.
"""

import asyncio
import time
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from rag.errors import EmbeddingMismatchError, InvalidQueryError, RagError
from rag.filters import BUILT_IN_FIELDS, FieldType
from rag.ports import ChunkStore, Embedder, Reranker, TokenReader, Write
from rag.retrieve.diversify import diversify
from rag.retrieve.fuse import fuse
from rag.retrieve.legibility import legibility_of
from rag.retrieve.settings import MAX_TOP_K, RetrievalSettings
from rag.retrieve.widen import widen
from rag.retrieve.written import History, require_filter, standalone, written_filter
from rag.types import Hit, Query, Retrieval, Stage

__all__ = ["MAX_QUERY_CHARS", "MAX_TOP_K", "RetrievalSettings", "require_answerable", "retrieve"]

MAX_QUERY_CHARS = 10_000
WRITE_DEADLINE_S = 20.0
_RERANKED_AT_LEAST = 20
_RERANKED_PER_HIT = 3

Found = TypeVar("Found")


async def retrieve(  # noqa: PLR0913  # each is a seam of its own
    query: Query,
    settings: RetrievalSettings | None = None,
    *,
    embedder: Embedder,
    store: ChunkStore,
    reranker: Reranker | None = None,
    write: Write | None = None,
    history: History = (),
    fields: Mapping[str, FieldType] | None = None,
) -> Retrieval:
    """Return the hits of `query`, best first; `settings` count for what `query` says too, except its filter.

    `fields` are those that documents have beside the built-in ones: a filter on another one is refused, and a model
    may write filters on them. Raises InvalidQueryError (422) and, when neither leg could search, the first one's error.
    """
    settings = settings or RetrievalSettings(query.mode, query.top_k, query.score_threshold)
    require_answerable(query)
    if query.filter is not None and fields is not None:
        require_filter(query.filter, {**BUILT_IN_FIELDS, **fields})
    return await _Search(query, settings, embedder, store, reranker, write).run(history, fields)


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


class _Search:
    """One search on its way; `stages` is its trace so far."""

    def __init__(
        self,
        query: Query,
        settings: RetrievalSettings,
        embedder: Embedder,
        store: ChunkStore,
        reranker: Reranker | None,
        write: Write | None,
    ) -> None:
        # Later stages choose among more than are asked for, and a threshold is for their scores.
        depth = settings.candidates if settings.mode == "hybrid" or _reorders(settings) else settings.top_k
        self._query = replace(
            query, mode=settings.mode, top_k=max(depth, settings.top_k), score_threshold=settings.score_threshold
        )
        self._settings = settings
        self._embedder = embedder
        self._store = store
        self._reranker = reranker
        self._write = write
        self._stages: list[Stage] = []

    async def run(self, history: History, fields: Mapping[str, FieldType] | None) -> Retrieval:
        settings = self._settings
        if settings.rewrite and self._write is not None and history:
            await self._rewrite(history, self._write)
        is_suggested = settings.model_filter and self._write is not None and self._query.filter is None
        if is_suggested and self._write is not None:
            await self._suggest_filter({**BUILT_IN_FIELDS, **(fields or {})}, self._write)
        hits = await self._searched()
        if is_suggested and not hits and self._query.filter is not None:
            # A condition that the model made up must not hide everything.
            self._query = replace(self._query, filter=None)
            hits = await self._searched()
        if settings.rerank and self._reranker is not None and hits:
            hits = await self._reranked(hits, self._reranker)
        if settings.mmr_lambda is not None:
            started = time.perf_counter()
            hits = diversify(hits, mmr_lambda=settings.mmr_lambda, count=settings.top_k)
            self._note("mmr", started, hits, {"lambda": settings.mmr_lambda})
        if settings.score_threshold is not None:
            started, threshold = time.perf_counter(), settings.score_threshold
            hits = [hit for hit in hits if hit.score >= threshold]
            self._note("threshold", started, hits, {"score_threshold": threshold})
        hits = hits[: settings.top_k]
        if settings.neighbours and hits:
            hits = await self._widened(hits)
        return Retrieval(tuple(hits), tuple(self._stages))

    async def _rewrite(self, history: History, write: Write) -> None:
        started = time.perf_counter()
        made = await _tried(asyncio.wait_for(standalone(self._query.text, history, write), WRITE_DEADLINE_S))
        if isinstance(made, str):
            self._note("rewrite", started, [], {"query": made, "asked": self._query.text})
            self._query = replace(self._query, text=made)
        else:
            self._note("rewrite", started, [], {"failed": _said(made)})

    async def _suggest_filter(self, fields: Mapping[str, FieldType], write: Write) -> None:
        started = time.perf_counter()
        made = await _tried(asyncio.wait_for(written_filter(self._query.text, fields, write), WRITE_DEADLINE_S))
        if isinstance(made, Exception):
            self._note("filter", started, [], {"failed": _said(made)})
            return
        self._query = replace(self._query, filter=made)
        conditions = [[one.field, one.operator, one.value] for one in made.conditions] if made else []
        self._note("filter", started, [], {"conditions": conditions, "logic": made.logic if made else "and"})

    async def _searched(self) -> list[Hit]:
        """Run the legs side by side and join what they find."""
        match self._settings.mode:
            case "semantic":
                return _or_raise(await _tried(self._semantic()))
            case "full_text":
                return _or_raise(await _tried(self._full_text()))
            case "hybrid":
                semantic, full_text, legibility = await asyncio.gather(
                    _tried(self._semantic()), _tried(self._full_text()), _tried(self._legibility())
                )
        for failed, name in ((semantic, "semantic"), (full_text, "full_text")):
            if isinstance(failed, EmbeddingMismatchError | InvalidQueryError):
                raise failed
            if isinstance(failed, Exception):
                self._note(name, time.perf_counter(), [], {"failed": _said(failed)})
        if isinstance(semantic, Exception) or isinstance(full_text, Exception):
            return _or_raise(full_text if isinstance(semantic, Exception) else semantic)
        started = time.perf_counter()
        legible = legibility if isinstance(legibility, float) else None
        fused = fuse(semantic, full_text, self._settings, legibility=legible)
        detail = {"fusion": self._settings.fusion, "semantic_weight": round(fused.semantic_weight, 3)}
        if legible is not None:
            detail["legibility"] = round(legible, 3)
        self._note("fuse", started, fused.hits, detail)
        return list(fused.hits)

    async def _semantic(self) -> list[Hit]:
        started = time.perf_counter()
        vectors = await self._embedder.embed([self._query.text])
        if len(vectors) != 1:
            model = self._embedder.model
            raise EmbeddingMismatchError(f"the model {model!r} returned {len(vectors)} vectors for one query")
        self._note("embed", started, [], {"model": self._embedder.model, "dimensions": len(vectors[0])})
        started = time.perf_counter()
        # The store speaks to a database and blocks; other runs of this process go on meanwhile.
        found = await asyncio.to_thread(self._store.nearest, query=self._query, vector=vectors[0])
        self._note("semantic", started, found, {})
        return found

    async def _full_text(self) -> list[Hit]:
        started = time.perf_counter()
        found = await asyncio.to_thread(self._store.matching, query=self._query)
        self._note("full_text", started, found, {})
        return found

    async def _legibility(self) -> float | None:
        if self._settings.fusion == "auto" and isinstance(self._embedder, TokenReader):
            return await legibility_of(self._query.text, self._embedder.model, self._embedder)
        return None

    async def _reranked(self, hits: list[Hit], reranker: Reranker) -> list[Hit]:
        started, settings = time.perf_counter(), self._settings
        count = max(_RERANKED_AT_LEAST, _RERANKED_PER_HIT * settings.top_k)
        judged = hits[:count]
        texts = [f"{hit.text}\n{hit.answer}" if hit.answer else hit.text for hit in judged]
        judging = reranker.rerank(self._query.text, texts)
        scores = await _tried(asyncio.wait_for(judging, settings.rerank_deadline_ms / 1000))
        if isinstance(scores, Exception) or len(scores) != len(judged):
            reason = _said(scores) if isinstance(scores, Exception) else f"{len(scores)} scores for {len(judged)} texts"
            self._note("rerank", started, hits, {"model": reranker.model, "failed": reason})
            return hits
        ranked = [replace(hit, score=min(max(score, 0.0), 1.0)) for hit, score in zip(judged, scores, strict=True)]
        ranked.sort(key=lambda hit: -hit.score)
        self._note("rerank", started, ranked, {"model": reranker.model})
        return ranked

    async def _widened(self, hits: list[Hit]) -> list[Hit]:
        started, count = time.perf_counter(), self._settings.neighbours

        def around(hit: Hit) -> list[Hit]:
            return self._store.around(query=self._query, hit=hit, chunks=count)

        widened = await asyncio.to_thread(widen, hits, around)
        self._note("widen", started, widened, {"neighbours": count})
        return widened

    def _note(self, name: str, started: float, hits: Sequence[Hit], detail: Mapping[str, object]) -> None:
        elapsed_ms = (time.perf_counter() - started) * 1000
        found = {"ids": [hit.chunk_id for hit in hits], "scores": [round(hit.score, 4) for hit in hits]} if hits else {}
        self._stages.append(Stage(name, elapsed_ms, len(hits), {**detail, **found}))


def _reorders(settings: RetrievalSettings) -> bool:
    return settings.rerank or settings.mmr_lambda is not None


async def _tried(work: Awaitable[Found]) -> Found | Exception:
    """Return what `work` gives, or the exception it ends in: a stage that helps never ends the search."""
    [result] = await asyncio.gather(work, return_exceptions=True)
    if isinstance(result, BaseException) and not isinstance(result, Exception):
        raise result
    return result


def _or_raise(result: list[Hit] | Exception) -> list[Hit]:
    if isinstance(result, Exception):
        raise result
    return result


def _said(error: Exception) -> str:
    """Return what a trace says of a failure: our own errors are written for people, others have at least a name."""
    if isinstance(error, TimeoutError):
        return "not back in time"
    return error.message if isinstance(error, RagError) else f"{type(error).__name__}: {error}"[:200]
