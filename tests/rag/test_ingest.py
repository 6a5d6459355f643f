"""From a file to searchable chunks, stage by stage."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.chunk import ChunkSettings
from rag.errors import EmbeddingMismatchError, EncryptedDocumentError
from rag.ingest import Source, embedded_batches, fitted, ingest
from rag.ports import DocumentRef
from rag.retrieve.pipeline import retrieve
from rag.stores.memory import MemoryStore
from rag.types import ChildText, ChunkText, Query
from tests.rag.conftest import MakePdf, WordEmbedder

SETTINGS = ChunkSettings(max_tokens=40, overlap_tokens=8)
REF = DocumentRef("workspace", "manuals", "kettle")


async def test_a_question_finds_the_page_that_answers_it(make_pdf: MakePdf, embedder: WordEmbedder) -> None:
    store = MemoryStore()
    path = make_pdf("The kettle is blue.", "The warranty is thirty months long.", "Ships sail at noon.", title="Kettle")
    done = await ingest(Source(path, "pdf"), REF, settings=SETTINGS, embedder=embedder, store=store)
    assert (done.pages, done.chunks, done.title) == (3, 3, "Kettle")
    query = Query("How long is the warranty?", "workspace", ("manuals",), top_k=1)
    [hit] = (await retrieve(query, embedder=embedder, store=store)).hits
    assert (hit.page, hit.text) == (2, "The warranty is thirty months long.")


async def test_progress_names_each_stage_and_ends_complete(make_pdf: MakePdf, embedder: WordEmbedder) -> None:
    seen: list[tuple[str, int, int | None]] = []
    path = make_pdf(*(f"Page {number} has words of its own. " * 20 for number in range(4)))
    done = await ingest(
        Source(path, "pdf"),
        REF,
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
        await ingest(Source(path, "markdown"), REF, settings=SETTINGS, embedder=embedder, store=store)
    found = await retrieve(Query("words", "workspace", ("manuals",)), embedder=embedder, store=store)
    assert [hit.text for hit in found.hits] == ["# New\n\nThe new words."]


async def test_a_failure_at_any_stage_leaves_the_former_chunks(make_pdf: MakePdf, embedder: WordEmbedder) -> None:
    store = MemoryStore()
    good = Source(make_pdf("The kettle is blue."), "pdf")
    await ingest(good, REF, settings=SETTINGS, embedder=embedder, store=store)

    class Forgetful(WordEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[list[float]]:
            return (await super().embed(texts))[1:]

    locked = Source(make_pdf("Secret.", name="locked.pdf", password="word"), "pdf")
    with pytest.raises(EncryptedDocumentError):
        await ingest(locked, REF, settings=SETTINGS, embedder=embedder, store=store)
    new = Source(make_pdf("The kettle is red.", name="new.pdf"), "pdf")
    with pytest.raises(EmbeddingMismatchError):
        await ingest(new, REF, settings=SETTINGS, embedder=Forgetful(), store=store)
    for stage in ("extracting", "splitting", "embedding", "indexing"):
        await _cancel_at(stage, good, embedder, store)
    found = await retrieve(Query("kettle", "workspace", ("manuals",)), embedder=embedder, store=store)
    assert [hit.text for hit in found.hits] == ["The kettle is blue."]


async def _cancel_at(wanted: str, good: Source, embedder: WordEmbedder, store: MemoryStore) -> None:
    def cancel(stage: str, done: int, total: int | None) -> None:
        if stage == wanted:
            raise InterruptedError(stage)

    with pytest.raises(InterruptedError):
        await ingest(good, REF, settings=SETTINGS, embedder=embedder, store=store, progress=cancel)


async def test_texts_are_embedded_in_batches(tmp_path: Path, embedder: WordEmbedder) -> None:
    sizes: list[int] = []

    class Counting(WordEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[list[float]]:
            sizes.append(len(texts))
            return await super().embed(texts)

    path = tmp_path / "a.txt"
    path.write_text(" ".join(f"Sentence {n} of several words stands here." for n in range(600)))
    await ingest(Source(path, "text"), REF, settings=SETTINGS, embedder=Counting(), store=MemoryStore())
    assert max(sizes) == 32
    assert len(sizes) > 2


async def test_a_chunk_is_never_longer_than_the_model_reads(tmp_path: Path, embedder: WordEmbedder) -> None:
    embedder.max_tokens = 20
    path = tmp_path / "a.txt"
    path.write_text("A sentence of several words stands here. " * 40)
    await ingest(Source(path, "text"), REF, settings=SETTINGS, embedder=embedder, store=MemoryStore())
    assert embedder.embedded
    assert max(await embedder.count_tokens(embedder.embedded)) <= 20


def test_settings_are_fitted_to_the_model() -> None:
    def of(tokens: int, overlap: int) -> ChunkSettings:
        return ChunkSettings(max_tokens=tokens, overlap_tokens=overlap)

    assert fitted(of(1000, 400), 256) == of(256, 128)
    assert fitted(of(200, 32), 256) == of(200, 32)


async def test_what_is_staged_or_known_costs_no_call_of_the_model(embedder: WordEmbedder) -> None:
    store = MemoryStore()
    chunks = [ChunkText(f"Text number {n}.", None, n, 4) for n in range(100)]
    children = ChunkText("A parent.", None, 100, 3, children=tuple(ChildText(f"Child {n}.", 3) for n in range(40)))
    staged = {chunk.position: chunk.digest for chunk in chunks[:90]} | {95: "of another text"}

    batches = [
        batch
        async for batch in embedded_batches(REF, [*chunks, children], staged=staged, embedder=embedder, store=store)
    ]
    assert [chunk.position for batch in batches for chunk in batch.chunks] == [*range(90, 100), 100]
    assert [(batch.done, batch.total) for batch in batches] == [(100, 140), (140, 140)]
    assert len(embedder.embedded) == 50
    assert [len(batch.vectors) for batch in batches] == [10, 40]

    store.replace(REF, chunks=[*chunks, children], vectors=await embedder.embed([f"Text {n}" for n in range(140)]))
    embedder.embedded.clear()
    other = DocumentRef(REF.scope, REF.dataset_id, "copy")
    stored = [batch async for batch in embedded_batches(other, chunks, staged={}, embedder=embedder, store=store)]
    assert sum(len(batch.chunks) for batch in stored) == 100
    assert not embedder.embedded
