"""From a question to hits, with a trace."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from rag.errors import EmbeddingMismatchError, InvalidQueryError, InvalidSettingsError
from rag.filters import Condition, Filter
from rag.ports import DocumentRef
from rag.retrieve.pipeline import MAX_QUERY_CHARS, RetrievalSettings, retrieve
from rag.stores.documents import DocumentInfo
from rag.stores.memory import MemoryStore
from rag.types import ChunkText, Hit, Query
from tests.rag.conftest import WordEmbedder

QUERY = Query("How long is the warranty?", "workspace", ("manuals",), top_k=2)
REF = DocumentRef("workspace", "manuals", "kettle")


@pytest.fixture
async def store(embedder: WordEmbedder) -> MemoryStore:
    store = MemoryStore()
    texts = ["The warranty is thirty months long.", "The kettle is blue.", "Ships sail at noon."]
    chunks = [ChunkText(text, page, page - 1, 6) for page, text in enumerate(texts, start=1)]
    store.describe(REF, DocumentInfo("kettle.pdf", {"year": 2020}))
    store.replace(REF, chunks=chunks, vectors=await embedder.embed(texts), language="en")
    return store


class Judge:
    """A reranker that likes short texts, after a while."""

    model = "judge"

    def __init__(self, delay_s: float = 0.0, scores: int | None = None) -> None:
        self._delay_s = delay_s
        self._scores = scores

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        await asyncio.sleep(self._delay_s)
        return [1 / len(text) for text in texts][: self._scores]


class BrokenEmbedder(WordEmbedder):
    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        raise ConnectionError("the model server is away")


async def test_the_best_chunk_comes_first_and_the_trace_says_how(embedder: WordEmbedder, store: MemoryStore) -> None:
    found = await retrieve(QUERY, embedder=embedder, store=store)
    assert [hit.page for hit in found.hits] == [1, 2]
    assert [(stage.name, stage.hits) for stage in found.trace] == [("embed", 0), ("semantic", 2)]
    assert found.trace[0].detail == {"model": "words", "dimensions": 64}
    assert found.trace[1].detail["ids"] == [hit.chunk_id for hit in found.hits]
    assert found.trace[1].detail["scores"] == [round(hit.score, 4) for hit in found.hits]
    assert all(stage.elapsed_ms >= 0 for stage in found.trace)


async def test_a_hybrid_search_joins_both_legs(embedder: WordEmbedder, store: MemoryStore) -> None:
    found = await retrieve(QUERY, RetrievalSettings(top_k=2), embedder=embedder, store=store)
    assert {stage.name for stage in found.trace} == {"embed", "semantic", "full_text", "fuse"}
    assert found.trace[-1].name == "fuse"
    assert found.hits[0].page == 1


async def test_words_alone_need_no_model(store: MemoryStore) -> None:
    settings = RetrievalSettings("full_text")
    found = await retrieve(QUERY, settings, embedder=BrokenEmbedder(), store=store)
    assert found.hits[0].page == 1


async def test_a_leg_that_fails_is_noted_and_the_other_goes_on(store: MemoryStore) -> None:
    found = await retrieve(QUERY, RetrievalSettings(), embedder=BrokenEmbedder(), store=store)
    assert found.hits[0].page == 1
    [failed] = [stage for stage in found.trace if stage.name == "semantic"]
    assert "the model server is away" in str(failed.detail["failed"])
    with pytest.raises(ConnectionError):
        await retrieve(QUERY, RetrievalSettings("semantic"), embedder=BrokenEmbedder(), store=store)


async def test_a_reranker_orders_anew_unless_it_is_late_or_wrong(embedder: WordEmbedder, store: MemoryStore) -> None:
    settings = RetrievalSettings(top_k=3, rerank=True, rerank_deadline_ms=200)
    found = await retrieve(QUERY, settings, embedder=embedder, store=store, reranker=Judge())
    assert [hit.page for hit in found.hits] == [2, 3, 1]
    plain = await retrieve(QUERY, RetrievalSettings(top_k=3), embedder=embedder, store=store)
    for judge, reason in ((Judge(delay_s=30), "not back in time"), (Judge(scores=1), "1 scores for 3 texts")):
        found = await retrieve(QUERY, settings, embedder=embedder, store=store, reranker=judge)
        assert found.hits == plain.hits
        assert found.trace[-1].detail["failed"] == reason


async def test_a_threshold_drops_what_is_too_far_and_stands_in_the_trace(
    embedder: WordEmbedder, store: MemoryStore
) -> None:
    found = await retrieve(replace(QUERY, score_threshold=0.5), embedder=embedder, store=store)
    assert [hit.page for hit in found.hits] == [1]
    assert found.trace[-1].detail["score_threshold"] == 0.5


async def test_hits_are_diversified_and_widened(embedder: WordEmbedder, store: MemoryStore) -> None:
    settings = RetrievalSettings("semantic", top_k=1, mmr_lambda=0.7, neighbours=1)
    found = await retrieve(QUERY, settings, embedder=embedder, store=store)
    assert [stage.name for stage in found.trace] == ["embed", "semantic", "mmr", "widen"]
    [hit] = found.hits
    assert hit.text == "The warranty is thirty months long.\nThe kettle is blue."
    assert hit.child == "The warranty is thirty months long."


async def test_a_conversation_makes_the_question_stand_alone(embedder: WordEmbedder, store: MemoryStore) -> None:
    async def write(prompt: str, limit: int) -> str:
        return "When do ships sail?"

    asked = replace(QUERY, text="And they?")
    settings = RetrievalSettings(top_k=1, rewrite=True)
    history = [("user", "Tell me about ships.")]
    found = await retrieve(asked, settings, embedder=embedder, store=store, write=write, history=history)
    assert found.trace[0].detail == {"query": "When do ships sail?", "asked": "And they?"}
    assert found.hits[0].page == 3

    async def broken(prompt: str, limit: int) -> str:
        raise ConnectionError("away")

    found = await retrieve(asked, settings, embedder=embedder, store=store, write=broken, history=history)
    assert "away" in str(found.trace[0].detail["failed"])


@pytest.mark.parametrize(("year", "hits"), [(2020, 3), (1999, 3)], ids=["right", "made up"])
async def test_a_filter_that_the_model_writes_never_hides_everything(
    embedder: WordEmbedder, store: MemoryStore, year: int, hits: int
) -> None:
    async def write(prompt: str, limit: int) -> str:
        return f'{{"conditions": [{{"field": "year", "operator": "=", "value": {year}}}]}}'

    settings = RetrievalSettings("semantic", top_k=5, model_filter=True)
    found = await retrieve(QUERY, settings, embedder=embedder, store=store, write=write, fields={"year": "number"})
    assert found.trace[0].detail["conditions"] == [["year", "=", year]]
    assert len(found.hits) == hits
    assert len([stage for stage in found.trace if stage.name == "semantic"]) == (1 if year == 2020 else 2)


async def test_a_filter_on_an_unknown_field_is_refused(embedder: WordEmbedder, store: MemoryStore) -> None:
    asked = replace(QUERY, filter=Filter((Condition("colour", "is", "red"),)))
    with pytest.raises(InvalidQueryError, match="'colour'"):
        await retrieve(asked, embedder=embedder, store=store, fields={"year": "number"})


@pytest.mark.parametrize(
    "query",
    [
        replace(QUERY, text=" \n"),
        replace(QUERY, text="x" * (MAX_QUERY_CHARS + 1)),
        replace(QUERY, text="x" * 1_000_000),
    ],
    ids=["blank", "too long", "1 MB"],
)
async def test_a_query_that_makes_no_sense_is_refused_before_any_work(
    embedder: WordEmbedder, store: MemoryStore, query: Query
) -> None:
    embedder.embedded.clear()
    with pytest.raises(InvalidQueryError) as caught:
        await retrieve(query, embedder=embedder, store=store)
    assert caught.value.http_status == 422
    assert embedder.embedded == []


@pytest.mark.parametrize(
    "values",
    [{"mode": "psychic"}, {"top_k": 0}, {"top_k": 101}, {"score_threshold": 1.5}, {"mmr_lambda": float("nan")},
     {"fusion": "cold"}, {"candidates": 0}, {"neighbours": 11}, {"rerank_deadline_ms": 0}],
    ids=str,
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(InvalidSettingsError, match=next(iter(values))):
        RetrievalSettings(**values)  # type: ignore[arg-type]  # wrong on purpose


async def test_a_model_of_other_dimensions_than_the_index_is_named(embedder: WordEmbedder, store: MemoryStore) -> None:
    embedder.dimensions = 8
    for mode in ("semantic", "hybrid"):
        with pytest.raises(EmbeddingMismatchError, match="index the dataset again"):
            await retrieve(replace(QUERY, mode=mode), embedder=embedder, store=store)


async def test_a_model_that_cannot_read_the_query_leaves_it_to_the_words(store: MemoryStore) -> None:
    class Reader(WordEmbedder):
        model = "letters only"

        async def tokens(self, text: str) -> list[int]:
            return [7 if ord(c) > 128 else ord(c) for c in text if not c.isspace()]

    found = await retrieve(QUERY, RetrievalSettings(), embedder=Reader(), store=store)
    [fused] = [stage for stage in found.trace if stage.name == "fuse"]
    assert fused.detail["legibility"] == 0.0
    assert fused.detail["semantic_weight"] == 0.0
    hits: Sequence[Hit] = found.hits
    assert hits[0].page == 1
