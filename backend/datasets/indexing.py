"""Indexes one document: extract, split, embed, and store all of its chunks together with its last state."""

import asyncio
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from backend.common.errors import ApiError
from backend.datasets.adapters import chunk_store
from backend.datasets.heartbeat import Heartbeat
from backend.datasets.lease import MAX_ATTEMPTS, RETRY_PAUSE_S, Lease, LeaseLost, lease_claim
from backend.datasets.models import Document, DocumentStatus
from backend.datasets.ports import EMBEDDERS
from backend.files.services import file_path
from inference.errors import InferenceError
from rag.errors import RagError
from rag.ingest import embed_chunks, extract_document, split_document
from rag.ports import Embedder
from rag.split import SplitSettings
from rag.types import ChunkText

WARNINGS_SHOWN = 10
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that is read and embedded but not stored; `pages` is None for a format without pages."""

    pages: int | None
    chunks: Sequence[ChunkText]
    vectors: Sequence[Sequence[float]]
    warnings: tuple[str, ...]


def document_index(document_id: uuid.UUID) -> None:
    """Index the document unless it is finished, gone or in other hands. However this ends, no part of it is stored."""
    lease = lease_claim(document_id)
    if lease is None:
        return
    heartbeat = Heartbeat(lease)
    try:
        with heartbeat:
            _index(lease, heartbeat)
    except LeaseLost:
        logger.info("document %s was deleted or taken over while it was indexed", document_id)
    except (RagError, ApiError, InferenceError) as error:
        _give_up(lease, heartbeat, error.message, may_retry=getattr(error, "retryable", False))
    except Exception:
        logger.exception("indexing document %s failed unexpectedly", document_id)
        stage = heartbeat.stage or "starting"
        reason = f"something went wrong on our side while {stage}; retry it, the log of the jobs worker has the details"
        _give_up(lease, heartbeat, reason, may_retry=False)


def _index(lease: Lease, heartbeat: Heartbeat) -> None:
    document = lease.row().select_related("dataset", "file").first()
    if document is None:
        raise LeaseLost(str(lease.document_id))
    embedder = EMBEDDERS.get()(str(document.workspace_id), document.dataset.embedding_model)
    prepared = asyncio.run(_prepare(document, embedder, heartbeat))
    heartbeat.report("indexing", 0, None)
    with transaction.atomic():
        # Holding the row keeps deletion and takeover out until the chunks and the state stand together.
        if lease.row().select_for_update().first() is None:
            raise LeaseLost(str(lease.document_id))
        stored = chunk_store().replace(
            scope=str(document.workspace_id),
            dataset_id=str(document.dataset_id),
            document_id=str(document.id),
            chunks=prepared.chunks,
            vectors=prepared.vectors,
        )
        lease.end(
            DocumentStatus.READY,
            progress=1.0,
            reason=_noted(prepared.warnings),
            stage_times=heartbeat.stage_times(),
            page_count=prepared.pages,
            chunk_count=stored,
        )


async def _prepare(document: Document, embedder: Embedder, heartbeat: Heartbeat) -> Prepared:
    settings = SplitSettings(document.dataset.chunk_tokens, document.dataset.chunk_overlap_tokens)
    extraction = await extract_document(file_path(document.file), document.format, progress=heartbeat.report)
    chunks = await split_document(
        extraction, document.format, settings=settings, embedder=embedder, progress=heartbeat.report
    )
    vectors = await embed_chunks(chunks, embedder=embedder, progress=heartbeat.report)
    pages = len(extraction.pages) if extraction.pages[0].number is not None else None
    return Prepared(pages, chunks, vectors, extraction.warnings)


def _noted(warnings: Sequence[str]) -> str:
    """Return what a reader of a ready document should know: which parts of the file are not in it."""
    more = f"; and {len(warnings) - WARNINGS_SHOWN} more" if len(warnings) > WARNINGS_SHOWN else ""
    return "; ".join(warnings[:WARNINGS_SHOWN]) + more


def _give_up(lease: Lease, heartbeat: Heartbeat, reason: str, *, may_retry: bool) -> None:
    """Write the reason: for good, or until the next attempt when the cause may pass."""
    try:
        document = lease.row().first()
        if document is not None and may_retry and document.attempts < MAX_ATTEMPTS:
            lease.postpone(reason, RETRY_PAUSE_S * document.attempts)
        else:
            lease.end(DocumentStatus.FAILED, reason=reason, stage_times=heartbeat.stage_times(), chunk_count=0)
    except LeaseLost:
        logger.info("document %s was deleted or taken over before it failed", lease.document_id)
