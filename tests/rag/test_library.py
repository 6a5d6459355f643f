"""The examples of the documentation run as they stand, and LangChain finds the same."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from rag.langchain import AtelierRetriever
from rag.ports import DocumentRef
from rag.retrieve.pipeline import RetrievalSettings
from rag.stores.memory import MemoryStore
from rag.stores.pgvector import Cursor
from rag.types import ChunkText
from tests.conformance.conftest import postgres_dsn
from tests.rag.conftest import WordEmbedder

__all__ = ["postgres_dsn"]

PAGE = Path(__file__).parents[2] / "docs" / "knowledge-retrieval.md"
TEXTS = ["The warranty is thirty months long.", "The kettle is blue.", "Ships sail at noon."]


def examples() -> dict[str, object]:
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        assert len([line for line in block.splitlines() if line.strip()]) <= 15
        exec(compile(block, str(PAGE), "exec"), names)
    return names


async def test_the_example_in_memory_finds_its_answer(embedder: WordEmbedder) -> None:
    search = examples()["search"]
    assert callable(search)
    found = await search(embedder, TEXTS, "How long is the warranty?")
    assert found[0][1] == TEXTS[0]


async def test_the_example_on_postgres_finds_its_answer(embedder: WordEmbedder, postgres_dsn: str) -> None:
    @contextmanager
    def connect() -> Iterator[Cursor]:
        with psycopg.connect(postgres_dsn) as connection, connection.cursor() as cursor:
            yield cursor

    ref = DocumentRef(*(str(uuid.uuid4()) for _ in range(3)))
    store_on = examples()["store_on"]
    assert callable(store_on)
    store = store_on(connect, ref)
    chunks = [ChunkText(text, None, position, 0) for position, text in enumerate(TEXTS)]
    store.replace(ref, chunks=chunks, vectors=await embedder.embed(TEXTS), language="en")
    retriever = AtelierRetriever(store=store, embedder=embedder, scope=ref.scope, dataset_ids=(ref.dataset_id,))
    [first, *_] = retriever.invoke("How long is the warranty?")
    assert first.page_content == TEXTS[0]


async def test_a_langchain_retriever_says_where_a_hit_comes_from(embedder: WordEmbedder) -> None:
    store, ref = MemoryStore(), DocumentRef("me", "manuals", "kettle.txt")
    chunks = [ChunkText(text, 7, position, 0, answer="yes") for position, text in enumerate(TEXTS)]
    store.replace(ref, chunks=chunks, vectors=await embedder.embed(TEXTS), language="en")
    settings = RetrievalSettings("full_text", top_k=1)
    retriever = AtelierRetriever(
        store=store, embedder=embedder, scope="me", dataset_ids=("manuals",), settings=settings
    )
    [document] = await retriever.ainvoke("When do ships sail?")
    assert document.page_content == "Ships sail at noon.\nyes"
    assert {key: document.metadata[key] for key in ("document_id", "page", "position")} == {
        "document_id": "kettle.txt",
        "page": 7,
        "position": 2,
    }
