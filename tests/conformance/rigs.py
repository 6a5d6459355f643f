"""The chunk stores under test, each with the switches that tests need, and short ways to fill and to ask them."""

import math
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import psycopg

from rag.filters import Filter
from rag.ports import DocumentRef
from rag.stores.documents import DocumentInfo
from rag.stores.memory import MemoryStore
from rag.stores.pgvector import Cursor, OpenCursor, PgvectorStore
from rag.stores.schema import create_tables, describe
from rag.stores.tables import ChunkTables
from rag.types import ChunkText, Query

# Other names than the default ones, so that a name written into SQL by hand is found.
TABLES = ChunkTables.prefixed("conformance_")
A, B = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))


def an_id(number: int) -> str:
    return str(uuid.UUID(int=1000 + number))


def opener(dsn: str) -> OpenCursor:
    @contextmanager
    def connect() -> Iterator[Cursor]:
        with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
            yield cursor

    return connect


class Memory:
    """A memory store with the switches that tests need."""

    index_id = 0

    def __init__(self) -> None:
        self.store = MemoryStore()

    def describe(self, ref: DocumentRef, info: DocumentInfo) -> None:
        self.store.describe(ref, info)

    def switch(self, ref: DocumentRef, chunk_id: str, is_enabled: bool) -> None:
        self.store.switch(ref, chunk_ids=[chunk_id], is_enabled=is_enabled)

    def index_of(self, dataset: int) -> int:
        return 0


class Pgvector:
    """A store on tables of its own with the same switches."""

    def __init__(self, dsn: str) -> None:
        self._connect = opener(dsn)
        with self._connect() as cursor:
            create_tables(cursor, TABLES)
            for noun in ("posting", "term", "statistics", "vector", "passage", "chunk", "index", "document"):
                cursor.execute(TABLES.sql(f"DELETE FROM {{{noun}}}"), [])
        self.store = PgvectorStore(self._connect, TABLES)

    def describe(self, ref: DocumentRef, info: DocumentInfo) -> None:
        with self._connect() as cursor:
            describe(cursor, ref, info, TABLES)
        self.store.refresh(ref)

    def switch(self, ref: DocumentRef, chunk_id: str, is_enabled: bool) -> None:
        with self._connect() as cursor:
            cursor.execute(TABLES.sql("UPDATE {chunk} SET is_enabled = %s WHERE id = %s::uuid"), [is_enabled, chunk_id])
        self.store.refresh(ref)

    def index_of(self, dataset: int) -> int:
        return self.store.indexes.ensure(an_id(dataset), "words")


Rig = Memory | Pgvector


def chunks_of(*texts: str, page: int | None = 1) -> list[ChunkText]:
    return [ChunkText(text, page, position, len(text.split())) for position, text in enumerate(texts)]


def at_angle(degrees: float) -> list[float]:
    return [math.cos(math.radians(degrees)), math.sin(math.radians(degrees))]


def ref_of(document: int = 0, dataset: int = 0, scope: str = A) -> DocumentRef:
    return DocumentRef(scope, an_id(dataset), an_id(document))


def put(rig: Rig, *degrees: float, ref: DocumentRef | None = None, page: int | None = 1) -> int:
    ref = ref or ref_of()
    rig.describe(ref, DocumentInfo(ref.document_id))
    return rig.store.replace(
        ref,
        chunks=chunks_of(*(f"at {angle}" for angle in degrees), page=page),
        vectors=[at_angle(angle) for angle in degrees],
    )


def put_texts(rig: Rig, *texts: str, ref: DocumentRef | None = None, language: str = "en") -> None:
    ref = ref or ref_of()
    rig.describe(ref, DocumentInfo(ref.document_id))
    rig.store.replace(ref, chunks=chunks_of(*texts), vectors=[at_angle(1)] * len(texts), language=language)


def query(
    scope: str = A,
    datasets: Sequence[int] = (0,),
    top_k: int = 4,
    documents: Sequence[int] | None = None,
    text: str = "?",
    given: Filter | None = None,
) -> Query:
    return Query(
        text,
        scope,
        tuple(an_id(number) for number in datasets),
        top_k=top_k,
        document_ids=None if documents is None else tuple(an_id(number) for number in documents),
        filter=given,
    )


def texts(rig: Rig, asked: Query, degrees: float = 0) -> list[str]:
    return [hit.text for hit in rig.store.nearest(query=asked, vector=at_angle(degrees))]


def words(rig: Rig, text: str, **asked: object) -> list[str]:
    return [hit.text for hit in rig.store.matching(query=replace(query(text=text), **asked))]  # type: ignore[arg-type]
