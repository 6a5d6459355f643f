"""The library's own tables and the platform's are the same where the store reads and writes them."""

from importlib import import_module

import psycopg
import pytest

from rag.stores.schema import LIBRARY_TABLES, create_tables
from rag.stores.tables import ChunkTables

NOUNS = ("document", "chunk", "passage", "vector", "index", "term", "posting", "statistics")
COLUMNS = """
SELECT column_name, CASE WHEN udt_name = 'varchar' THEN 'text' ELSE udt_name END, is_nullable
FROM information_schema.columns WHERE table_name = %s
"""
KEYS = """
SELECT i.indisunique, pg_get_indexdef(i.indexrelid, 0, true) FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indrelid WHERE c.relname = %s
"""


@pytest.mark.django_db
def test_the_platforms_tables_have_every_column_and_key_of_the_librarys(postgres_dsn: str) -> None:
    platform, library = ChunkTables(), LIBRARY_TABLES
    with psycopg.connect(postgres_dsn, autocommit=True) as connection, connection.cursor() as own:
        create_tables(own, library)
        with import_module("django.db").connection.cursor() as other:
            for noun in NOUNS:
                mine: set[tuple[str, ...]] = set()
                theirs: set[tuple[str, ...]] = set()
                for cursor, tables, found in ((own, library, mine), (other, platform, theirs)):
                    cursor.execute(COLUMNS, [getattr(tables, noun)])
                    found.update(tuple(map(str, row)) for row in cursor.fetchall())
                # The uploader is a row of another table there: `ChunkTables.uploader` says how to reach it.
                assert mine - {("uploader", "text", "NO")} <= theirs, noun
                assert _keys(own, getattr(library, noun)) <= _keys(other, getattr(platform, noun)), noun


def _keys(cursor: "psycopg.Cursor[tuple[object, ...]]", table: str) -> set[str]:
    """Return the columns of the indexes of a table, unique or not."""
    cursor.execute(KEYS, [table])
    return {f"{unique} {str(definition).partition(' USING ')[2]}" for unique, definition in cursor.fetchall()}


@pytest.mark.parametrize("name", ['chunk"; DROP TABLE x; --', "Chunk", "", "a.b", "chunk\n", "x" * 60])
def test_a_table_name_that_could_be_sql_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="chunk is"):
        ChunkTables(chunk=name)
