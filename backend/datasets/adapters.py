"""Joins the retrieval library to Django's connection and to the broker."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from celery import current_app
from django.db import connection, transaction

from backend.accounts.models import User
from backend.common.errors import ApiError, FileTooLarge, NotYet, UnsupportedFileType
from backend.common.redis import redis_sync
from backend.datasets.models import (
    Chunk,
    Document,
    LexicalStatistics,
    Passage,
    PassageVector,
    Posting,
    Term,
    VectorIndex,
)
from inference.errors import InferenceError
from rag.errors import (
    ContentMismatchError,
    DocumentTooLargeError,
    ModeNotAvailableError,
    RagError,
    UnsupportedFormatError,
)
from rag.ports import DocumentRef
from rag.stores.indexes import VectorIndexes
from rag.stores.pgvector import PgvectorStore
from rag.stores.tables import ChunkTables, Cursor

JOBS_QUEUE = "jobs"
CHUNK_TABLES = ChunkTables(
    document=Document._meta.db_table,
    chunk=Chunk._meta.db_table,
    passage=Passage._meta.db_table,
    vector=PassageVector._meta.db_table,
    index=VectorIndex._meta.db_table,
    term=Term._meta.db_table,
    posting=Posting._meta.db_table,
    statistics=LexicalStatistics._meta.db_table,
    uploader=f"(SELECT email FROM {User._meta.db_table} WHERE id = d.uploaded_by_id)",  # noqa: S608 - our own table
)


def connection_release() -> None:
    """Give this thread's connection back to the pool, unless a transaction needs it; the next query takes another."""
    if not connection.in_atomic_block:
        connection.close()


@contextmanager
def open_cursor() -> Iterator[Cursor]:
    """Open a cursor in a transaction (the caller's, if there is one); threads of libraries keep no connection."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            yield cursor
    finally:
        connection_release()


@contextmanager
def open_outside() -> Iterator[Cursor]:
    """Open a cursor outside of transactions, as building an index beside running writes needs it."""
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection_release()


def chunk_store() -> PgvectorStore:
    """Return the store of all chunks; every query of it names a workspace."""
    return PgvectorStore(open_cursor, CHUNK_TABLES)


def vector_indexes() -> VectorIndexes:
    """Return what fills, exchanges and removes the vector indexes of datasets."""
    return VectorIndexes(open_cursor, CHUNK_TABLES, open_outside)


def document_ref(document: Document) -> DocumentRef:
    """Return the name under which the library stores the document's chunks."""
    return DocumentRef(str(document.workspace_id), str(document.dataset_id), str(document.id))


def index_send(document_id: uuid.UUID) -> None:
    """Ask a worker to index the document; a message that is lost is sent again by the sweep."""
    current_app.send_task("datasets.index", [str(document_id)], queue=JOBS_QUEUE, retry=False)


def reembed_send(index_id: int) -> None:
    """Ask a worker to fill an index; a message that is lost is sent again by the sweep."""
    current_app.send_task("datasets.reembed", [index_id], queue=JOBS_QUEUE, retry=False)


def ann_send(dataset_id: uuid.UUID) -> None:
    """Ask a worker to see whether the dataset needs an index for nearest neighbours."""
    current_app.send_task("datasets.ann", [str(dataset_id)], queue=JOBS_QUEUE, retry=False)


def job_send(task: str, row_id: uuid.UUID) -> None:
    """Ask a worker to run a task on a row; a message that is lost is sent again by the sweep."""
    current_app.send_task(task, [str(row_id)], queue=JOBS_QUEUE, retry=False)


def jobs_waiting() -> int:
    """Return how many messages wait for the workers."""
    return int(redis_sync().llen(JOBS_QUEUE))


def api_error(error: RagError | InferenceError) -> ApiError:
    """Return a library's error as an HTTP edge shows it; a model server's fault is never the caller's."""
    status = error.http_status
    match error:
        case InferenceError(retryable=retryable) if status < HTTPStatus.BAD_GATEWAY:
            status = HTTPStatus.SERVICE_UNAVAILABLE if retryable else HTTPStatus.UNPROCESSABLE_ENTITY
        case UnsupportedFormatError() | ContentMismatchError():
            return UnsupportedFileType(error.message)
        case DocumentTooLargeError():
            return FileTooLarge(error.message)
        case ModeNotAvailableError():
            return NotYet(error.message)
    made = ApiError(error.message, code=error.code)
    made.http_status = status
    return made
