"""Rows of fixed width in PostgreSQL's binary COPY format: vectors and postings come by the ten thousand.

Source of the layout: PostgreSQL documentation, COPY, "Binary Format"; pgvector, `vector_recv` (int16 dimensions, int16
unused, float32 values), all big-endian.
"""

import uuid
from collections.abc import Sequence

import numpy as np

from rag.stores.tables import Cursor

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_MOST_BYTES = 1 << 20

_POSTING = np.dtype([
    ("fields", ">i2"), ("term_size", ">i4"), ("term", ">i8"), ("passage_size", ">i4"), ("passage", ">i8"),
    ("count_size", ">i4"), ("count", ">i2"), ("words_size", ">i4"), ("words", ">i4"),
])  # fmt: skip
_MOST_COUNT = 32_767

PostingRow = tuple[int, int, int, int]
"""Term, passage, how often the passage has it, and the passage's words."""


def copy_postings(cursor: Cursor, table: str, rows: Sequence[PostingRow]) -> None:
    """Append rows to the postings."""
    if not rows:
        return
    values = np.array(rows, np.int64)
    packed = np.empty(len(rows), _POSTING)
    packed["fields"] = 4
    for name, size, column in (("term", 8, 0), ("passage", 8, 1), ("count", 2, 2), ("words", 4, 3)):
        packed[f"{name}_size"] = size
        packed[name] = values[:, column] if name != "count" else np.minimum(values[:, column], _MOST_COUNT)
    _copy(cursor, f"COPY {table} (term_id, passage_id, count, words) FROM STDIN (FORMAT binary)", packed.tobytes())


def copy_vectors(
    cursor: Cursor,
    table: str,
    *,
    index_id: int,
    document_ids: Sequence[str],
    passage_ids: Sequence[int],
    vectors: Sequence[Sequence[float]],
    is_live: Sequence[bool],
) -> None:
    """Append one vector per passage; all have the same length."""
    if not passage_ids:
        return
    dimensions = len(vectors[0])
    packed = np.empty(
        len(passage_ids),
        np.dtype([
            ("fields", ">i2"), ("index_size", ">i4"), ("index", ">i8"), ("passage_size", ">i4"), ("passage", ">i8"),
            ("document_size", ">i4"), ("document", "V16"), ("live_size", ">i4"), ("live", "u1"),
            ("vector_size", ">i4"), ("dimensions", ">i2"), ("unused", ">i2"), ("vector", ">f4", (dimensions,)),
        ]),
    )  # fmt: skip
    packed["fields"], packed["unused"], packed["dimensions"] = 5, 0, dimensions
    for name, size in (("index", 8), ("passage", 8), ("document", 16), ("live", 1), ("vector", 4 + 4 * dimensions)):
        packed[f"{name}_size"] = size
    packed["index"], packed["passage"] = index_id, passage_ids
    packed["document"] = np.frombuffer(b"".join(uuid.UUID(one).bytes for one in document_ids), "V16")
    packed["live"] = is_live
    packed["vector"] = np.array([np.asarray(vector, np.float32) for vector in vectors])
    statement = f"COPY {table} (index_id, passage_id, document_id, is_live, embedding) FROM STDIN (FORMAT binary)"
    _copy(cursor, statement, packed.tobytes())


def _copy(cursor: Cursor, statement: str, rows: bytes) -> None:
    with cursor.copy(statement) as copy:
        copy.write(_HEADER)
        for first in range(0, len(rows), _MOST_BYTES):
            copy.write(rows[first : first + _MOST_BYTES])
        copy.write(_TRAILER)
