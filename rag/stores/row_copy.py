"""Rows of any width by PostgreSQL's COPY: a third of the time of an INSERT with arrays."""

from collections.abc import Iterable, Sequence

from rag.stores.tables import Cursor


def copy_rows(cursor: Cursor, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Append rows; each has a value for each of `columns`, None for null."""
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
