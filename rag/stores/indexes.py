"""The vector indexes of datasets: which one is searched, which one is being filled, and their HNSW indexes.

A dataset that is embedded with another model has a second index meanwhile. It takes the place of the first in one
transaction, once every passage has a vector in it.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Literal

from rag.errors import EmbeddingMismatchError, IncompleteRevisionError
from rag.stores.binary_copy import copy_vectors
from rag.stores.searching import EXACT_BELOW
from rag.stores.tables import ChunkTables, Cursor, OpenCursor, integer
from rag.vectors import require_vectors

IndexState = Literal["active", "building"]

_DELETE_BATCH = 5_000
_HNSW_BYTES_PER_PASSAGE = 700
_LEAST_MEMORY_MB = 64
_MOST_MEMORY_MB = 512
# pgvector indexes half-precision vectors up to here.
MOST_DIMENSIONS = 4_000


class VectorIndexes:
    """Creates, fills, swaps and removes indexes. Ids of indexes are no secret: whoever calls has checked the dataset.

    `outside` opens a cursor outside of any transaction: PostgreSQL builds an index beside running writes only there.
    """

    def __init__(self, connect: OpenCursor, tables: ChunkTables, outside: OpenCursor | None = None) -> None:
        self._connect = connect
        self._tables = tables
        self._outside = outside

    def ensure(self, dataset_id: str, model: str, state: IndexState = "active") -> int:
        """Return the id of the dataset's index in this state, after creating it when there is none."""
        with self._connect() as cursor:
            cursor.execute(self._tables.sql(_INSERT), [dataset_id, model, state])
            cursor.execute(self._tables.sql(_FIND), [dataset_id, state])
            [(number,)] = cursor.fetchall()
        return integer(number)

    def missing(self, index_id: int, *, limit: int) -> dict[int, str]:
        """Return up to `limit` passages of the dataset (id → text) that have no vector in the index."""
        with self._connect() as cursor:
            cursor.execute(self._tables.sql(_MISSING), [index_id, limit])
            return {integer(number): str(text) for number, text in cursor.fetchall()}

    def counts(self, index_id: int) -> tuple[int, int]:
        """Return how many passages of the dataset have a vector in the index, and how many there are."""
        with self._connect() as cursor:
            cursor.execute(self._tables.sql(_COUNTS), [index_id])
            [(done, total)] = cursor.fetchall()
        return integer(done), integer(total)

    def add_vectors(self, index_id: int, vectors: Mapping[int, Sequence[float]]) -> int:
        """Store vectors by passage, and return how many: those that are there and passages that are gone are left."""
        if not vectors:
            return 0
        values = list(vectors.values())
        require_vectors(values, values)
        with self._connect() as cursor:
            cursor.execute(self._tables.sql(_DIMENSIONS), [len(values[0]), index_id])
            rows = cursor.fetchall()
            if not rows or integer(rows[0][0]) != len(values[0]):
                raise EmbeddingMismatchError(
                    f"vectors of {len(values[0])} dimensions do not fit index {index_id}; start the re-embedding anew"
                )
            # Locked, so that a switch of their documents comes before or after, not between.
            cursor.execute(self._tables.sql(_PASSAGES), [list(vectors), index_id])
            known = [(integer(number), str(document), bool(live)) for number, document, live in cursor.fetchall()]
            copy_vectors(
                cursor,
                self._tables.vector,
                index_id=index_id,
                document_ids=[document for _, document, _ in known],
                passage_ids=[number for number, _, _ in known],
                vectors=[vectors[number] for number, _, _ in known],
                is_live=[live for _, _, live in known],
            )
        return len(known)

    def activate(self, dataset_id: str, index_id: int) -> int | None:
        """Search this building index from now on; return the id of the former one, to be dropped.

        Raises IncompleteRevisionError when passages without a vector have come meanwhile: fill the index further.
        """
        with self._connect() as cursor:
            # Whoever stores chunks of the dataset shares its index's row until the commit.
            cursor.execute(self._tables.sql(_LOCK), [dataset_id])
            cursor.execute(self._tables.sql(_MISSING), [index_id, 1])
            if cursor.fetchall():
                raise IncompleteRevisionError(f"passages of dataset {dataset_id!r} have no vector in the new index yet")
            cursor.execute(self._tables.sql(_FIND), [dataset_id, "active"])
            former = [integer(row[0]) for row in cursor.fetchall()]
            if former == [index_id]:
                return None
            cursor.execute(self._tables.sql(_RETIRE), [former])
            cursor.execute(self._tables.sql(_ACTIVATE), [index_id, dataset_id])
        return former[0] if former else None

    def drop(self, index_id: int) -> None:
        """Remove an index that is not searched any more: its HNSW index, its vectors batch by batch, its row."""
        self.drop_ann(index_id)
        while True:
            with self._connect() as cursor:
                cursor.execute(self._tables.sql(_DELETE_VECTORS), [index_id, _DELETE_BATCH])
                if cursor.rowcount < _DELETE_BATCH:
                    cursor.execute(self._tables.sql(_DELETE), [index_id])
                    return

    def retired(self) -> list[int]:
        """Return the ids of indexes that were replaced but not dropped yet."""
        with self._connect() as cursor:
            cursor.execute(self._tables.sql(_RETIRED))
            return [integer(row[0]) for row in cursor.fetchall()]

    def wants_ann(self, index_id: int) -> bool:
        """Whether the dataset has become too large to be searched exactly and has no HNSW index yet."""
        with self._connect() as cursor:
            cursor.execute(self._tables.sql(_SIZE), [index_id])
            rows = cursor.fetchall()
        if not rows:
            return False
        [(ann, dimensions, passages)] = rows
        return not ann and 0 < integer(dimensions) <= MOST_DIMENSIONS and integer(passages) > EXACT_BELOW

    def build_ann(self, index_id: int) -> str:
        """Build the HNSW index of an index beside running reads and writes, and return its name."""
        with self._connect() as cursor:
            cursor.execute(self._tables.sql(_SIZE), [index_id])
            [(_, dimensions, passages)] = cursor.fetchall()
        size = integer(dimensions)
        needed = integer(passages) * (2 * size + _HNSW_BYTES_PER_PASSAGE) // 2**20 + 1
        memory = min(max(needed * 5 // 4, _LEAST_MEMORY_MB), _MOST_MEMORY_MB)
        name = self._ann_name(index_id)
        statement = _BUILD.replace("#name", name).replace("#index", str(index_id)).replace("#dimensions", str(size))
        with self._outside_transaction() as cursor:
            cursor.execute(f"SET maintenance_work_mem = '{memory}MB'")
            cursor.execute("SET max_parallel_maintenance_workers = 2")
            try:
                # What an interrupted build has left is not usable.
                cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
                cursor.execute(self._tables.sql(statement))
            finally:
                cursor.execute("RESET maintenance_work_mem")
                cursor.execute("RESET max_parallel_maintenance_workers")
        with self._connect() as cursor:
            cursor.execute(self._tables.sql(_NAME), [name, index_id])
        return name

    def drop_ann(self, index_id: int) -> None:
        """Remove the HNSW index of an index: the dataset is searched exactly from now on."""
        with self._connect() as cursor:
            cursor.execute(self._tables.sql(_NAME), ["", index_id])
        with self._outside_transaction() as cursor:
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {self._ann_name(index_id)}")

    def orphans(self) -> list[int]:
        """Return the ids of indexes that are gone but whose HNSW index is still there; `drop_ann` removes it."""
        with self._connect() as cursor:
            cursor.execute(self._tables.sql(_ANN_NAMES), [self._tables.vector, self._ann_prefix() + "%"])
            names = {int(str(row[0]).removeprefix(self._ann_prefix())) for row in cursor.fetchall()}
            cursor.execute(self._tables.sql("SELECT id FROM {index} WHERE id = ANY(%s::bigint[])"), [sorted(names)])
            return sorted(names - {integer(row[0]) for row in cursor.fetchall()})

    def _ann_prefix(self) -> str:
        return f"{self._tables.vector}_ann_"

    def _ann_name(self, index_id: int) -> str:
        return f"{self._ann_prefix()}{int(index_id)}"

    def _outside_transaction(self) -> AbstractContextManager[Cursor]:
        if self._outside is None:
            raise ValueError("an HNSW index is built outside of a transaction: give the store `outside`")
        return self._outside()


_INSERT = """
INSERT INTO {index} (dataset_id, model, state, ann, reason, done, total, attempts, created_at)
VALUES (%s::uuid, %s, %s, '', '', 0, 0, 0, now()) ON CONFLICT (dataset_id, state) DO NOTHING
"""
_FIND = "SELECT id FROM {index} WHERE dataset_id = %s::uuid AND state = %s"
_MISSING = """
SELECT p.id, coalesce(nullif(p.text, ''), c.text)
FROM {index} AS i JOIN {passage} AS p ON p.dataset_id = i.dataset_id JOIN {chunk} AS c ON c.id = p.chunk_id
WHERE i.id = %s AND NOT EXISTS (SELECT FROM {vector} AS v WHERE v.index_id = i.id AND v.passage_id = p.id)
ORDER BY p.id LIMIT %s
"""
_COUNTS = """
SELECT (SELECT count(*) FROM {vector} AS v WHERE v.index_id = i.id),
       (SELECT count(*) FROM {passage} AS p WHERE p.dataset_id = i.dataset_id)
FROM {index} AS i WHERE i.id = %s
"""
_DIMENSIONS = "UPDATE {index} SET dimensions = coalesce(dimensions, %s) WHERE id = %s RETURNING dimensions"
_PASSAGES = """
SELECT p.id, p.document_id, p.is_live FROM {passage} AS p
WHERE p.id = ANY(%s::bigint[])
  AND NOT EXISTS (SELECT FROM {vector} AS v WHERE v.index_id = %s AND v.passage_id = p.id)
ORDER BY p.id FOR SHARE OF p
"""
_LOCK = "SELECT FROM {index} WHERE dataset_id = %s::uuid ORDER BY id FOR UPDATE"
# A dataset has one index in each state; the number lets several wait for their removal.
_RETIRE = "UPDATE {index} SET state = 'r' || mod(id, 1000000) WHERE id = ANY(%s::bigint[])"
_RETIRED = "SELECT id FROM {index} WHERE state NOT IN ('active', 'building') ORDER BY id"
_ACTIVATE = "UPDATE {index} SET state = 'active' WHERE id = %s AND dataset_id = %s::uuid AND state = 'building'"
_DELETE_VECTORS = """
DELETE FROM {vector} WHERE (index_id, passage_id) IN (
    SELECT index_id, passage_id FROM {vector} WHERE index_id = %s LIMIT %s
)
"""
_DELETE = "DELETE FROM {index} WHERE id = %s"
_SIZE = """
SELECT i.ann, coalesce(i.dimensions, 0), coalesce(s.passages, 0)
FROM {index} AS i LEFT JOIN {statistics} AS s ON s.dataset_id = i.dataset_id WHERE i.id = %s
"""
_BUILD = """
CREATE INDEX CONCURRENTLY #name ON {vector} USING hnsw ((embedding::halfvec(#dimensions)) halfvec_cosine_ops)
WHERE index_id = #index AND is_live
"""
_NAME = "UPDATE {index} SET ann = %s WHERE id = %s"
_ANN_NAMES = "SELECT indexname FROM pg_indexes WHERE tablename = %s AND indexname LIKE %s"
