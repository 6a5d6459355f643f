"""Where the chunks are in PostgreSQL: the names of the tables, and what is used of a connection.

The tables belong to whoever migrates them; their columns are those of `rag.stores.schema`, and a test compares the two.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Protocol

_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]{0,40}\Z")


@dataclass(frozen=True, slots=True)
class ChunkTables:
    """The names of the tables. `uploader` is an SQL expression for the uploader's name of a document `d`."""

    document: str = "datasets_document"
    chunk: str = "datasets_chunk"
    passage: str = "datasets_passage"
    vector: str = "datasets_passagevector"
    index: str = "datasets_vectorindex"
    term: str = "datasets_term"
    posting: str = "datasets_posting"
    statistics: str = "datasets_lexicalstatistics"
    uploader: str = "''"

    def __post_init__(self) -> None:
        for field in fields(self):
            name = getattr(self, field.name)
            # They become part of SQL text.
            if field.name != "uploader" and not _IDENTIFIER.match(name):
                raise ValueError(
                    f"{field.name} is {name!r}; a name has at most 41 lower-case letters, digits and underscores"
                )

    @classmethod
    def prefixed(cls, prefix: str) -> "ChunkTables":
        """Return names of one's own, `rag_chunk` and so on for the prefix "rag_"."""
        nouns = ("document", "chunk", "passage", "vector", "index", "term", "posting", "statistics")
        return cls(**{noun: prefix + noun for noun in nouns}, uploader="d.uploader")

    def sql(self, template: str) -> str:
        """Return `template` with the names in the place of `{chunk}` and the like."""
        return _named(self, template)


@lru_cache(maxsize=512)
def _named(tables: ChunkTables, template: str) -> str:
    """Return the statement once made: a search asks for the same ten every time."""
    return template.format_map(asdict(tables))


class Copy(Protocol):
    """A running COPY … FROM STDIN."""

    def write(self, buffer: bytes, /) -> None: ...

    def write_row(self, row: Sequence[object], /) -> None: ...


class Cursor(Protocol):
    """What is used of a DB-API cursor; Django's and psycopg's both fit."""

    @property
    def rowcount(self) -> int: ...

    def execute(self, query: str, params: Sequence[object] = ..., /) -> object:
        """Run one statement with `%s` parameters; lists become arrays."""
        ...

    def fetchall(self) -> Sequence[tuple[object, ...]]:
        """Return the rows of the last statement."""
        ...

    def copy(self, statement: str, /) -> AbstractContextManager[Copy]:
        """Start a COPY … FROM STDIN."""
        ...


OpenCursor = Callable[[], AbstractContextManager[Cursor]]
"""Opens a cursor inside a transaction that commits when the block ends and rolls back when it raises."""


def integer(value: object) -> int:
    """Return a column that is a whole number; sums come as Decimal."""
    return int(str(value))


def storable(text: str) -> str:
    """Return `text` without what PostgreSQL's texts cannot hold: NUL characters and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")
