"""Indexes one document: fetch, extract, split, embed and stage, then publish it together with its last state."""

import asyncio
import logging
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.db import transaction

from backend.common.database import in_database
from backend.common.errors import ApiError
from backend.datasets.adapters import chunk_store, connection_release, document_ref
from backend.datasets.ann import ann_ask
from backend.datasets.chunking import settings_of
from backend.datasets.heartbeat import Heartbeat
from backend.datasets.lease import MAX_ATTEMPTS, RETRY_PAUSE_S, Lease, LeaseLost, lease_claim
from backend.datasets.models import ChunkMode, Document, DocumentStatus
from backend.datasets.ports import EMBEDDERS, WRITERS
from backend.datasets.staging import STILL_SEARCHED, active_index, staged_drop
from backend.datasets.web import FetchError
from backend.datasets.webfile import page_store
from backend.files.services import file_path
from inference.errors import InferenceError
from rag.errors import MalformedDocumentError, RagError
from rag.ingest import (
    Batch,
    Cutting,
    Source,
    chunk_document,
    embedded_batches,
    extract_document,
    fitted,
    language_of,
)
from rag.ports import Embedder
from rag.types import ChunkText

WARNINGS_SHOWN = 10
MAX_RESTARTS = 3
logger = logging.getLogger(__name__)


class IndexReplaced(Exception):
    """The dataset was embedded with another model while this document was: it has to be embedded with that one."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that is embedded and staged up to its `last` batch; `pages` is None for a format without pages."""

    pages: int | None
    chunks: Sequence[ChunkText]
    last: Batch | None
    title: str
    language: str
    warnings: tuple[str, ...]


def document_index(document_id: uuid.UUID) -> None:
    """Index the document unless it is finished, paused, gone or in other hands."""
    lease = lease_claim(document_id)
    if lease is not None:
        with asyncio.Runner() as runner:
            lease_work(lease, runner)


def lease_work(lease: Lease, runner: asyncio.Runner) -> None:
    """Index the document of a lease; `runner` gives the loop, whose connections to model servers are kept.

    However this ends, searches find the document as a whole, as it was before or as it is now.
    """
    heartbeat = Heartbeat(lease)
    try:
        with heartbeat:
            _index(lease, heartbeat, runner)
    except LeaseLost:
        logger.info("document %s was paused, cancelled, deleted or taken over while it was indexed", lease.document_id)
    except (RagError, ApiError, InferenceError, FetchError) as error:
        _give_up(lease, heartbeat, error.message, may_retry=getattr(error, "retryable", False))
    except Exception:
        logger.exception("indexing document %s failed unexpectedly", lease.document_id)
        stage = heartbeat.stage or "starting"
        reason = f"something went wrong on our side while {stage}; retry it, the log of the jobs worker has the details"
        _give_up(lease, heartbeat, reason, may_retry=False)


def _index(lease: Lease, heartbeat: Heartbeat, runner: asyncio.Runner) -> None:
    for _ in range(MAX_RESTARTS):
        document = lease.row().select_related("dataset", "file").first()
        if document is None:
            raise LeaseLost(str(lease.document_id))
        index = active_index(document.dataset_id)
        job = _Job(lease, document, index.id, EMBEDDERS.get()(str(document.workspace_id), index.model), heartbeat)
        connection_release()
        try:
            prepared = runner.run(job.run())
            heartbeat.report("indexing", 0, None)
            job.publish(prepared)
        except IndexReplaced:
            continue
        ann_ask(document.dataset_id)
        return
    raise RagError("the dataset's embedding model changed while the document was indexed; retry it")


@dataclass(frozen=True, slots=True)
class _Job:
    """One attempt at a document with one index."""

    lease: Lease
    document: Document
    index_id: int
    embedder: Embedder
    heartbeat: Heartbeat

    @property
    def revision(self) -> int:
        return self.document.revision + 1

    async def run(self) -> Prepared:
        """Prepare the document; raises `LeaseLost` as soon as it is no longer ours, whatever is waited for."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        self.heartbeat.on_lost = lambda: _cancel(loop, task)
        try:
            return await self._prepare()
        except asyncio.CancelledError:
            if self.heartbeat.is_lost:
                raise LeaseLost(str(self.lease.document_id)) from None
            raise
        finally:
            self.heartbeat.on_lost = None

    async def _prepare(self) -> Prepared:
        document, report = self.document, self.heartbeat.report
        if not document.format:
            report("extracting", 0, None)
            document = await page_store(self.lease, document)
        path = file_path(document.file)
        if not path.exists():
            raise MalformedDocumentError("the file is gone from the disk; delete the document and upload it again")
        extraction = await extract_document(Source(path, document.format), progress=report)
        settings = settings_of(document.dataset, document.processing)
        write = None
        if settings.mode == ChunkMode.QA and document.dataset.qa_model:
            write = await in_database(WRITERS.get(), str(document.workspace_id), document.dataset.qa_model)
        pages = len(extraction.pages) if extraction.pages[0].number is not None else None
        title, language = extraction.title, language_of(extraction)
        settings = fitted(settings, self.embedder.max_tokens)
        cutting = Cutting(document.format, settings, self.embedder.count_tokens, write, language)
        chunked = await chunk_document(extraction, cutting, progress=report)
        warnings = extraction.warnings + chunked.warnings
        del extraction
        last = await self._stage(chunked.chunks)
        return Prepared(pages, chunked.chunks, last, title, language, warnings)

    async def _stage(self, chunks: Sequence[ChunkText]) -> Batch | None:
        """Embed what is not staged yet and stage it batch by batch, but for the last: it goes with the publication."""
        store, ref = chunk_store(), document_ref(self.document)
        self.heartbeat.report("embedding", 0, None)
        staged = dict(await in_database(store.staged, ref, revision=self.revision))
        async for batch in embedded_batches(ref, chunks, staged=staged, embedder=self.embedder, store=store):
            self.heartbeat.report("embedding", batch.done, batch.total)
            if batch.done == batch.total:
                return batch
            await in_database(self._write, batch)
        return None

    def _write(self, batch: Batch) -> None:
        with transaction.atomic():
            # A batch more is progress: an attempt that dies after it is not one of those that led nowhere.
            self.lease.renew(attempts=1)
            self._require_index()
            chunk_store().stage(
                document_ref(self.document),
                revision=self.revision,
                index_id=self.index_id,
                chunks=batch.chunks,
                vectors=batch.vectors,
            )

    def publish(self, prepared: Prepared) -> None:
        """Let searches see the document, and write its last state, in one transaction."""
        ref, store = document_ref(self.document), chunk_store()
        with transaction.atomic():
            # This row first: it keeps deletion, cancelling and takeover out until chunks and state stand together.
            self.lease.renew()
            self._require_index()
            if prepared.last is not None:
                store.stage(
                    ref,
                    revision=self.revision,
                    index_id=self.index_id,
                    chunks=prepared.last.chunks,
                    vectors=prepared.last.vectors,
                )
            stored = store.publish(ref, revision=self.revision, chunks=len(prepared.chunks), language=prepared.language)
            self.lease.end(
                DocumentStatus.READY,
                progress=1.0,
                reason=_noted(prepared.warnings),
                stage_times=self.heartbeat.stage_times(),
                page_count=prepared.pages,
                chunk_count=stored,
                token_count=sum(chunk.tokens for chunk in prepared.chunks),
                title=prepared.title,
            )

    def _require_index(self) -> None:
        if active_index(self.document.dataset_id).id != self.index_id:
            raise IndexReplaced


def _cancel(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[object]") -> None:
    with suppress(RuntimeError):  # the loop was closed just now: nothing is left to stop
        loop.call_soon_threadsafe(task.cancel)


def _noted(warnings: Sequence[str]) -> str:
    """Return what a reader of a ready document should know: which parts of the file are not in it."""
    more = f"; and {len(warnings) - WARNINGS_SHOWN} more" if len(warnings) > WARNINGS_SHOWN else ""
    return "; ".join(warnings[:WARNINGS_SHOWN]) + more


def _give_up(lease: Lease, heartbeat: Heartbeat, reason: str, *, may_retry: bool) -> None:
    """Write the reason: for good, or until the next attempt when the cause may pass."""
    try:
        with transaction.atomic():
            document = lease.row().select_for_update(of=("self",)).first()
            if document is None:
                raise LeaseLost(str(lease.document_id))
            if may_retry and document.attempts < MAX_ATTEMPTS:
                lease.postpone(reason, RETRY_PAUSE_S * document.attempts)
                return
            if document.revision and document.chunk_count:
                reason = f"{reason}; {STILL_SEARCHED}"
            lease.end(DocumentStatus.FAILED, reason=reason, stage_times=heartbeat.stage_times())
            staged_drop(document)
    except LeaseLost:
        logger.info("document %s was deleted or taken over before it failed", lease.document_id)
