"""A PostgreSQL for the bench: the platform's own server with its own settings, in a home apart."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import psycopg
from psycopg_pool import ConnectionPool

from backend.embedded.home import Home
from backend.embedded.stores import stores_running
from rag.ports import DocumentRef
from rag.stores.documents import DocumentInfo
from rag.stores.pgvector import Cursor, PgvectorStore
from rag.stores.schema import LIBRARY_TABLES, create_tables, describe

SCOPE = str(uuid.UUID(int=1))


@contextmanager
def server(home: Home) -> Iterator[str]:
    """Run PostgreSQL, with fsync as the platform has it; yields its address."""
    with stores_running(Home(home.root / "bench" / "retrieval" / "stores")) as env:
        yield env["DATABASE_URL"]


@dataclass(frozen=True)
class Rig:
    """Our store on tables of its own; connections come from a pool, as in the platform."""

    url: str
    store: PgvectorStore
    connect: "OpenConnection"

    def describe(self, refs: Sequence[tuple[DocumentRef, DocumentInfo]]) -> None:
        """Add documents."""
        with self.connect() as cursor:
            for ref, info in refs:
                describe(cursor, ref, info)

    def vacuum(self) -> None:
        """What autovacuum does within a minute of a large load."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


class OpenConnection:
    """Opens a cursor in a transaction on a pooled connection."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    def __call__(self) -> AbstractContextManager[Cursor]:
        return self._open()

    @contextmanager
    def _open(self) -> Iterator[Cursor]:
        with self._pool.connection() as connection, connection.cursor() as cursor:
            yield cursor


@contextmanager
def rig(url: str) -> Iterator[Rig]:
    """Make empty tables and a store on them."""
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        for noun in ("posting", "term", "statistics", "vector", "passage", "chunk", "index", "document"):
            cursor.execute(LIBRARY_TABLES.sql(f"DROP TABLE IF EXISTS {{{noun}}} CASCADE"))
        create_tables(cursor, LIBRARY_TABLES)

    @contextmanager
    def outside() -> Iterator[Cursor]:
        with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
            yield cursor

    with ConnectionPool(url, min_size=2, max_size=4) as pool:
        connect = OpenConnection(pool)
        yield Rig(url, PgvectorStore(connect, LIBRARY_TABLES, outside=outside), connect)
