"""From a question to hits, with a trace."""

from dataclasses import replace

import pytest

from rag.errors import EmbeddingMismatchError, InvalidQueryError, ModeNotAvailableError
from rag.retrieve.pipeline import MAX_QUERY_CHARS, retrieve
from rag.stores.memory import MemoryStore
from rag.types import ChunkText, Query
from tests.rag.conftest import WordEmbedder

QUERY = Query("How long is the warranty?", "workspace", ("manuals",), top_k=2)


@pytest.fixture
async def store(embedder: WordEmbedder) -> MemoryStore:
    store = MemoryStore()
    texts = ["The warranty is thirty months long.", "The kettle is blue.", "Ships sail at noon."]
    chunks = [ChunkText(text, page, page - 1, 6) for page, text in enumerate(texts, start=1)]
    store.replace(
        scope="workspace",
        dataset_id="manuals",
        document_id="kettle",
        chunks=chunks,
        vectors=await embedder.embed(texts),
    )
    return store


async def test_the_best_chunk_comes_first_and_the_trace_says_how(embedder: WordEmbedder, store: MemoryStore) -> None:
    found = await retrieve(QUERY, embedder=embedder, store=store)
    assert [hit.page for hit in found.hits] == [1, 2]
    assert [(stage.name, stage.hits) for stage in found.trace] == [("embed", 0), ("search", 2)]
    assert found.trace[0].detail == {"model": "words", "dimensions": 64}
    assert found.trace[1].detail["chunk_ids"] == [hit.chunk_id for hit in found.hits]
    assert found.trace[1].detail["scores"] == [round(hit.score, 4) for hit in found.hits]
    assert all(stage.elapsed_ms >= 0 for stage in found.trace)


async def test_a_threshold_drops_what_is_too_far_and_stands_in_the_trace(
    embedder: WordEmbedder, store: MemoryStore
) -> None:
    found = await retrieve(replace(QUERY, score_threshold=0.5), embedder=embedder, store=store)
    assert [hit.page for hit in found.hits] == [1]
    assert found.trace[-1].detail["score_threshold"] == 0.5


@pytest.mark.parametrize(
    "query",
    [
        replace(QUERY, text=" \n"),
        replace(QUERY, text="x" * (MAX_QUERY_CHARS + 1)),
        replace(QUERY, top_k=0),
        replace(QUERY, top_k=101),
        replace(QUERY, score_threshold=1.5),
    ],
    ids=["blank", "too long", "no hits", "too many hits", "threshold"],
)
async def test_a_query_that_makes_no_sense_is_refused_before_any_work(
    embedder: WordEmbedder, store: MemoryStore, query: Query
) -> None:
    embedder.embedded.clear()
    with pytest.raises(InvalidQueryError) as caught:
        await retrieve(query, embedder=embedder, store=store)
    assert caught.value.http_status == 422
    assert embedder.embedded == []


@pytest.mark.parametrize("mode", ["full_text", "hybrid"])
async def test_modes_that_are_not_built_say_so(embedder: WordEmbedder, store: MemoryStore, mode: str) -> None:
    query = replace(QUERY, mode=mode)  # type: ignore[arg-type]  # a Literal, given as a parameter
    with pytest.raises(ModeNotAvailableError, match="not yet available"):
        await retrieve(query, embedder=embedder, store=store)


async def test_a_model_of_other_dimensions_than_the_index_is_named(embedder: WordEmbedder, store: MemoryStore) -> None:
    embedder.dimensions = 8
    with pytest.raises(EmbeddingMismatchError, match="index the dataset again"):
        await retrieve(QUERY, embedder=embedder, store=store)
