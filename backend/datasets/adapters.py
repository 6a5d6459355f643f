"""Joins the retrieval library to Django's connection and to the broker."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from celery import current_app
from django.db import connection, transaction

from backend.common.errors import ApiError, FileTooLarge, NotYet, UnsupportedFileType
from backend.common.redis import redis_sync
from backend.datasets.models import Chunk
from inference.errors import InferenceError
from rag.errors import (
    ContentMismatchError,
    DocumentTooLargeError,
    ModeNotAvailableError,
    RagError,
    UnsupportedFormatError,
)
from rag.stores.pgvector import ChunkTable, Cursor, PgvectorStore

JOBS_QUEUE = "jobs"
CHUNK_TABLE = ChunkTable(table=Chunk._meta.db_table)


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


def chunk_store() -> PgvectorStore:
    """Return the store of all chunks; every query of it names a workspace."""
    return PgvectorStore(open_cursor, CHUNK_TABLE)


def index_send(document_id: uuid.UUID) -> None:
    """Ask a worker to index the document; a message that is lost is sent again by the sweep."""
    current_app.send_task("datasets.index", [str(document_id)], queue=JOBS_QUEUE, retry=False)


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
