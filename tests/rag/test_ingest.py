"""From a file to searchable chunks, stage by stage."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.errors import EmbeddingMismatchError, EncryptedDocumentError
from rag.ingest import Document, fitted, ingest
from rag.retrieve.pipeline import retrieve
from rag.split import SplitSettings
from rag.stores.memory import MemoryStore
from rag.types import Query
from tests.rag.conftest import MakePdf, WordEmbedder

SETTINGS = SplitSettings(40, 8)


def document(path: Path, format_name: str = "pdf") -> Document:
    return Document(path, format_name, "workspace", "manuals", "kettle")


def no_progress(stage: str, done: int, total: int | None) -> None:
    """Nobody watches."""


async def test_a_question_finds_the_page_that_answers_it(make_pdf: MakePdf, embedder: WordEmbedder) -> None:
    store = MemoryStore()
    path = make_pdf("The kettle is blue.", "The warranty is thirty months long.", "Ships sail at noon.", title="Kettle")
    done = await ingest(document(path), settings=SETTINGS, embedder=embedder, store=store, progress=no_progress)
    assert (done.pages, done.chunks, done.title) == (3, 3, "Kettle")
    query = Query("How long is the warranty?", "workspace", ("manuals",), top_k=1)
    [hit] = (await retrieve(query, embedder=embedder, store=store)).hits
    assert (hit.page, hit.text) == (2, "The warranty is thirty months long.")


async def test_progress_names_each_stage_and_ends_complete(make_pdf: MakePdf, embedder: WordEmbedder) -> None:
    seen: list[tuple[str, int, int | None]] = []
    path = make_pdf(*(f"Page {number} has words of its own. " * 20 for number in range(4)))
    done = await ingest(
        document(path),
        settings=SETTINGS,
        embedder=embedder,
        store=MemoryStore(),
        progress=lambda stage, number, total: seen.append((stage, number, total)),
    )
    assert done.chunks > 4
    last = {stage: (number, total) for stage, number, total in seen}
    assert list(last) == ["extracting", "splitting", "embedding", "indexing"]
    assert last["extracting"] == last["splitting"] == (4, 4)
    assert last["embedding"] == last["indexing"] == (done.chunks, done.chunks)


async def test_ingesting_again_replaces_and_never_doubles(tmp_path: Path, embedder: WordEmbedder) -> None:
    store = MemoryStore()
    path = tmp_path / "a.md"
    for text in ("# Old\n\nThe old words.", "# New\n\nThe new words."):
        path.write_text(text)
        await ingest(
            document(path, "markdown"), settings=SETTINGS, embedder=embedder, store=store, progress=no_progress
        )
    found = await retrieve(Query("words", "workspace", ("manuals",)), embedder=embedder, store=store)
    assert [hit.text for hit in found.hits] == ["# New\n\nThe new words."]


async def test_a_failure_at_any_stage_leaves_the_former_chunks(make_pdf: MakePdf, embedder: WordEmbedder) -> None:
    store = MemoryStore()
    good = document(make_pdf("The kettle is blue."))
    await ingest(good, settings=SETTINGS, embedder=embedder, store=store, progress=no_progress)

    class Forgetful(WordEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[list[float]]:
            return (await super().embed(texts))[1:]

    locked = document(make_pdf("Secret.", name="locked.pdf", password="word"))
    with pytest.raises(EncryptedDocumentError):
        await ingest(locked, settings=SETTINGS, embedder=embedder, store=store, progress=no_progress)
    with pytest.raises(EmbeddingMismatchError):
        await ingest(good, settings=SETTINGS, embedder=Forgetful(), store=store, progress=no_progress)
    for stage in ("extracting", "splitting", "embedding", "indexing"):
        await _cancel_at(stage, good, embedder, store)
    found = await retrieve(Query("kettle", "workspace", ("manuals",)), embedder=embedder, store=store)
    assert [hit.text for hit in found.hits] == ["The kettle is blue."]


async def _cancel_at(wanted: str, good: Document, embedder: WordEmbedder, store: MemoryStore) -> None:
    def cancel(stage: str, done: int, total: int | None) -> None:
        if stage == wanted:
            raise InterruptedError(stage)

    with pytest.raises(InterruptedError):
        await ingest(good, settings=SETTINGS, embedder=embedder, store=store, progress=cancel)


async def test_texts_are_embedded_in_batches(tmp_path: Path, embedder: WordEmbedder) -> None:
    sizes: list[int] = []

    class Counting(WordEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[list[float]]:
            sizes.append(len(texts))
            return await super().embed(texts)

    path = tmp_path / "a.txt"
    path.write_text("A sentence of several words stands here. " * 600)
    await ingest(
        document(path, "text"), settings=SETTINGS, embedder=Counting(), store=MemoryStore(), progress=no_progress
    )
    assert max(sizes) == 32
    assert len(sizes) > 2


async def test_a_chunk_is_never_longer_than_the_model_reads(tmp_path: Path, embedder: WordEmbedder) -> None:
    embedder.max_tokens = 20
    path = tmp_path / "a.txt"
    path.write_text("A sentence of several words stands here. " * 40)
    await ingest(
        document(path, "text"), settings=SETTINGS, embedder=embedder, store=MemoryStore(), progress=no_progress
    )
    assert embedder.embedded
    assert max(await embedder.count_tokens(embedder.embedded)) <= 20


def test_settings_are_fitted_to_the_model() -> None:
    assert fitted(SplitSettings(1000, 400), 256) == SplitSettings(256, 128)
    assert fitted(SplitSettings(200, 32), 256) == SplitSettings(200, 32)
