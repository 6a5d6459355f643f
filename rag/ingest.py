"""From a file to searchable chunks, in stages that a job runs one by one.

It knows nothing of jobs: a stage that raises leaves the store as it was, and running it again gives the same result.
"""

import asyncio
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rag.errors import EmbeddingMismatchError, EmptyDocumentError
from rag.extract.isolated import MEMORY_BYTES, TIMEOUT_S, extract_isolated
from rag.ports import ChunkStore, Embedder
from rag.split import SplitSettings, split
from rag.types import ChunkText, Extraction

IngestStage = Literal["extracting", "splitting", "embedding", "indexing"]
Progress = Callable[[IngestStage, int, int | None], None]
"""Called with a stage, what is done of it and the total (None while unknown). Raising from it stops the ingestion."""

EMBED_BATCH = 32


@dataclass(frozen=True, slots=True)
class Document:
    """The file to read and the names under which its chunks are stored; `scope` is the workspace."""

    path: Path
    format_name: str
    scope: str
    dataset_id: str
    document_id: str


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of a document."""

    pages: int
    chunks: int
    tokens: int
    title: str
    warnings: tuple[str, ...]


async def ingest(
    document: Document, *, settings: SplitSettings, embedder: Embedder, store: ChunkStore, progress: Progress
) -> Ingested:
    """Extract, split, embed and store one document; raises RagError and then leaves its former chunks in place."""
    extraction = await extract_document(document.path, document.format_name, progress=progress)
    chunks = await split_document(
        extraction, document.format_name, settings=settings, embedder=embedder, progress=progress
    )
    vectors = await embed_chunks(chunks, embedder=embedder, progress=progress)
    stored = await store_chunks(document, chunks, vectors, store=store, progress=progress)
    tokens = sum(chunk.tokens for chunk in chunks)
    return Ingested(len(extraction.pages), stored, tokens, extraction.title, extraction.warnings)


async def extract_document(
    path: Path,
    format_name: str,
    *,
    progress: Progress,
    timeout_s: float = TIMEOUT_S,
    memory_bytes: int = MEMORY_BYTES,
) -> Extraction:
    """Read the file in a process of its own."""
    progress("extracting", 0, None)
    return await asyncio.to_thread(
        extract_isolated,
        path,
        format_name,
        timeout_s=timeout_s,
        memory_bytes=memory_bytes,
        on_page=lambda done, total: progress("extracting", done, total),
    )


async def split_document(
    extraction: Extraction, format_name: str, *, settings: SplitSettings, embedder: Embedder, progress: Progress
) -> list[ChunkText]:
    """Split with the embedding model's tokens; a chunk is never longer than the model reads."""
    progress("splitting", 0, len(extraction.pages))
    chunks = await split(
        extraction,
        format_name=format_name,
        settings=fitted(settings, embedder.max_tokens),
        count_tokens=embedder.count_tokens,
    )
    if not chunks:
        raise EmptyDocumentError("no text was found in the document; upload one that has text")
    progress("splitting", len(extraction.pages), len(extraction.pages))
    return chunks


def fitted(settings: SplitSettings, model_max_tokens: int) -> SplitSettings:
    """Return `settings` with chunks no longer than the model reads: what is beyond would never be found."""
    if settings.max_tokens <= model_max_tokens:
        return settings
    return replace(
        settings, max_tokens=model_max_tokens, overlap_tokens=min(settings.overlap_tokens, model_max_tokens // 2)
    )


async def embed_chunks(
    chunks: Sequence[ChunkText], *, embedder: Embedder, progress: Progress, batch: int = EMBED_BATCH
) -> list[Sequence[float]]:
    """Return one vector per chunk, as 32-bit floats: a Python list would take eight times the memory."""
    vectors: list[Sequence[float]] = []
    progress("embedding", 0, len(chunks))
    for first in range(0, len(chunks), batch):
        texts = [chunk.text for chunk in chunks[first : first + batch]]
        got = await embedder.embed(texts)
        if len(got) != len(texts):
            raise EmbeddingMismatchError(
                f"the model {embedder.model!r} returned {len(got)} vectors for {len(texts)} texts; try again"
            )
        vectors += [array("f", vector) for vector in got]
        progress("embedding", len(vectors), len(chunks))
    return vectors


async def store_chunks(
    document: Document,
    chunks: Sequence[ChunkText],
    vectors: Sequence[Sequence[float]],
    *,
    store: ChunkStore,
    progress: Progress,
) -> int:
    """Replace the document's chunks in one transaction."""
    progress("indexing", 0, len(chunks))
    stored = await asyncio.to_thread(
        store.replace,
        scope=document.scope,
        dataset_id=document.dataset_id,
        document_id=document.document_id,
        chunks=chunks,
        vectors=vectors,
    )
    progress("indexing", stored, len(chunks))
    return stored
