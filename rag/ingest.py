"""From a file to searchable chunks, in stages that a job runs one by one.

It knows nothing of jobs: a stage that raises leaves what is searched as it was, and running it again goes on where the
last one stopped, for chunks are staged as they are embedded and published at the end, all at once.
"""

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rag.chunk import Chunked, ChunkSettings
from rag.chunk import chunk as cut
from rag.errors import EmbeddingMismatchError, EmptyDocumentError
from rag.extract.isolated import MEMORY_BYTES, TIMEOUT_S, extract_isolated
from rag.extract.registry import format_named
from rag.lexical.language import detect
from rag.ports import ChunkWriter, CountTokens, DocumentRef, Embedder, Vectors, Write
from rag.types import ChunkText, Extraction

IngestStage = Literal["extracting", "splitting", "embedding", "indexing"]
Progress = Callable[[IngestStage, int, int | None], None]
"""Called with a stage, what is done of it and the total (None while unknown). Raising from it stops the ingestion."""

EMBED_BATCH = 32
LANGUAGE_SAMPLE_CHARS = 4000


@dataclass(frozen=True, slots=True)
class Source:
    """The file to read, and the name of its format."""

    path: Path
    format_name: str


@dataclass(frozen=True, slots=True)
class Cutting:
    """How a document is cut, in tokens of the embedding model; `write` is for the mode qa."""

    format_name: str
    settings: ChunkSettings
    count_tokens: CountTokens
    write: Write | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of a document."""

    pages: int
    chunks: int
    tokens: int
    title: str
    language: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Chunks with one vector per passage, ready to be staged; `done` of `total` passages are embedded with them."""

    chunks: Sequence[ChunkText]
    vectors: Vectors
    done: int
    total: int


async def ingest(
    source: Source,
    ref: DocumentRef,
    *,
    settings: ChunkSettings,
    embedder: Embedder,
    store: ChunkWriter,
    progress: Progress | None = None,
    write: Write | None = None,
) -> Ingested:
    """Read, cut, embed and store one document; raises RagError and then leaves its former chunks in place."""
    report = progress or _unheard
    extraction = await extract_document(source, progress=report)
    language = language_of(extraction)
    cutting = Cutting(source.format_name, fitted(settings, embedder.max_tokens), embedder.count_tokens, write, language)
    chunked = await chunk_document(extraction, cutting, progress=report)
    chunks = chunked.chunks
    report("embedding", 0, None)
    vectors: list[Sequence[float]] = []
    async for batch in embedded_batches(ref, chunks, staged={}, embedder=embedder, store=store):
        vectors += batch.vectors
        report("embedding", batch.done, batch.total)
    report("indexing", 0, len(chunks))
    stored = await asyncio.to_thread(store.replace, ref, chunks=chunks, vectors=vectors, language=language)
    report("indexing", stored, stored)
    tokens = sum(chunk.tokens for chunk in chunks)
    warnings = extraction.warnings + chunked.warnings
    return Ingested(len(extraction.pages), stored, tokens, extraction.title, language, warnings)


def _unheard(stage: IngestStage, done: int, total: int | None) -> None:
    """Nobody asked for the progress."""


async def extract_document(
    source: Source, *, progress: Progress, timeout_s: float = TIMEOUT_S, memory_bytes: int = MEMORY_BYTES
) -> Extraction:
    """Read the file in a process of its own."""
    progress("extracting", 0, None)
    return await asyncio.to_thread(
        extract_isolated,
        source.path,
        source.format_name,
        timeout_s=timeout_s,
        memory_bytes=memory_bytes,
        on_page=lambda done, total: progress("extracting", done, total),
    )


async def chunk_document(
    extraction: Extraction, cutting: Cutting, *, progress: Progress, limit: int | None = None
) -> Chunked:
    """Cut a document, or the first `limit` chunks of it; raises EmptyDocumentError when it has no text."""
    progress("splitting", 0, len(extraction.pages))
    chunked = await cut(
        extraction,
        format_name=cutting.format_name,
        markup=format_named(cutting.format_name).markup,
        settings=cutting.settings,
        count_tokens=cutting.count_tokens,
        write=cutting.write,
        limit=limit,
        language=cutting.language,
    )
    if not chunked.chunks:
        raise EmptyDocumentError("no text was found in the document; upload one that has text")
    progress("splitting", len(extraction.pages), len(extraction.pages))
    return chunked


def fitted(settings: ChunkSettings, model_max_tokens: int) -> ChunkSettings:
    """Return `settings` with passages no longer than the model reads: what is beyond would never be found."""
    if settings.max_tokens <= model_max_tokens:
        return settings
    overlap = min(settings.overlap_tokens, model_max_tokens // 2)
    return replace(settings, max_tokens=model_max_tokens, overlap_tokens=overlap)


def language_of(extraction: Extraction) -> str:
    """Return the language of a document, by what its format says or by a sample from its middle; empty if unsure."""
    if extraction.language:
        return extraction.language
    middle = extraction.pages[len(extraction.pages) // 2].text
    first = max(0, (len(middle) - LANGUAGE_SAMPLE_CHARS) // 2)
    return detect(middle[first : first + LANGUAGE_SAMPLE_CHARS])


async def embedded_batches(
    ref: DocumentRef,
    chunks: Sequence[ChunkText],
    *,
    staged: dict[int, str],
    embedder: Embedder,
    store: ChunkWriter,
    batch: int = EMBED_BATCH,
) -> AsyncIterator[Batch]:
    """Yield all chunks that are not `staged` (digests by position) with their vectors, some `batch` passages at a time.

    Texts that the scope has embedded before cost no call of the model.
    """
    total = sum(len(chunk.passages) for chunk in chunks)
    missing = [chunk for chunk in chunks if staged.get(chunk.position) != chunk.digest]
    done = total - sum(len(chunk.passages) for chunk in missing)
    for part in _parts(missing, batch):
        texts = [text for chunk in part for text in chunk.passages]
        vectors = await embedded(texts, scope=ref.scope, embedder=embedder, store=store, batch=batch)
        done += len(texts)
        yield Batch(part, vectors, done, total)


def _parts(chunks: Sequence[ChunkText], size: int) -> list[list[ChunkText]]:
    """Cut a list of chunks so that each part has `size` passages or a single chunk."""
    parts: list[list[ChunkText]] = []
    room = 0
    for chunk in chunks:
        needed = len(chunk.passages)
        if needed > room:
            parts.append([])
            room = size
        parts[-1].append(chunk)
        room -= needed
    return parts


async def embedded(
    texts: Sequence[str], *, scope: str, embedder: Embedder, store: ChunkWriter, batch: int = EMBED_BATCH
) -> list[Sequence[float]]:
    """Return one vector per text, as 32-bit floats: a Python list would take eight times the memory."""
    vectors = dict(await asyncio.to_thread(store.known_vectors, scope=scope, model=embedder.model, texts=texts))
    unknown = [text for text in dict.fromkeys(texts) if text not in vectors]
    for first in range(0, len(unknown), batch):
        asked = unknown[first : first + batch]
        got = await embedder.embed(asked)
        if len(got) != len(asked):
            raise EmbeddingMismatchError(
                f"the model {embedder.model!r} returned {len(got)} vectors for {len(asked)} texts; try again"
            )
        vectors |= {text: array("f", vector) for text, vector in zip(asked, got, strict=True)}
    return [vectors[text] for text in texts]
