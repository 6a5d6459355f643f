"""Nearest passages in PostgreSQL: exactly where few are left to search, by the dataset's own HNSW index where many are.

A plain HNSW index filters after its search and gives nothing under a narrow filter. So every index belongs to one
dataset, a filter that leaves few passages is searched exactly, and one that leaves many lets the index go on until it
has found enough (pgvector's iterative scan).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.errors import EmbeddingMismatchError
from rag.stores.conditions import Restriction, restriction_of
from rag.stores.tables import ChunkTables, Cursor, integer
from rag.types import Query

EXACT_BELOW = 20_000
"""Up to so many passages every distance is computed."""
EF_SEARCH = 120
"""How many neighbours an HNSW search keeps in sight; measured by `bench retrieval`."""
_MOST_EF = 1000

Found = tuple[int, float]
"""A passage and its score in 0…1."""


@dataclass(frozen=True, slots=True)
class Index:
    """The active index of a dataset; `ann` is the name of its HNSW index, if it has one."""

    id: int
    dimensions: int | None
    ann: str
    passages: int


def vector_literal(vector: Sequence[float]) -> str:
    """Return pgvector's text form; nine digits carry every 32-bit float exactly."""
    return "[" + ",".join(["%.9g"] * len(vector)) % tuple(vector) + "]"


def active_indexes(cursor: Cursor, tables: ChunkTables, query: Query) -> list[Index]:
    """Return the active indexes of the datasets that are in the query's scope."""
    cursor.execute(tables.sql(_INDEXES), [list(query.dataset_ids), query.scope])
    return [
        Index(integer(number), None if dimensions is None else integer(dimensions), str(ann), integer(passages))
        for number, dimensions, ann, passages in cursor.fetchall()
    ]


class VectorSearch:
    """One query's search of the vectors, repeated with a larger limit where passages share chunks."""

    def __init__(self, cursor: Cursor, tables: ChunkTables, query: Query, vector: Sequence[float]) -> None:
        self._cursor = cursor
        self._tables = tables
        self._query = query
        self._literal = vector_literal(vector)
        indexes = [index for index in active_indexes(cursor, tables, query) if index.dimensions is not None]
        for index in indexes:
            if index.dimensions != len(vector):
                raise EmbeddingMismatchError(
                    f"the query has {len(vector)} dimensions, stored chunks have {index.dimensions}; "
                    "index the dataset again with the model that is set now"
                )
        self._dimensions = len(vector)
        self._restriction = restriction_of(query, tables)
        large = [index for index in indexes if index.ann and index.passages > EXACT_BELOW]
        if large and self._restriction is not None and self._leaves_few(self._restriction):
            large = []
        self._large = large
        self._small = [index for index in indexes if index not in large]

    @property
    def is_approximate(self) -> bool:
        """Whether an HNSW index is asked."""
        return bool(self._large)

    def best(self, limit: int) -> list[Found]:
        """Return the `limit` nearest passages, best first."""
        found = self._exact(limit) if self._small else []
        for index in self._large:
            found += self._approximate(index, limit)
        return sorted(found, key=lambda pair: -pair[1])[:limit]

    def _exact(self, limit: int) -> list[Found]:
        indexes = [index.id for index in self._small]
        statement, restricted = self._tables.sql(_EXACT), tuple[object, ...]()
        if self._restriction is not None:
            statement = self._tables.sql(_EXACT_RESTRICTED).replace("@", self._restriction.sql)
            restricted = self._restriction.parameters
        self._cursor.execute(statement, [*restricted, self._literal, indexes, limit])
        return _found(self._cursor)

    def _approximate(self, index: Index, limit: int) -> list[Found]:
        ef = min(max(EF_SEARCH, 2 * limit), _MOST_EF)
        # A session where the extension is not loaded yet takes these for settings to come.
        self._cursor.execute(_SETTINGS, [str(ef), "off" if self._restriction is None else "relaxed_order"])
        restriction = self._restriction
        # IS TRUE keeps the planner from a join that would give up the order of the index.
        condition = f"AND (v.document_id IN ({restriction.sql})) IS TRUE" if restriction else ""
        # The partial index is chosen only where its condition stands as it was written.
        statement = _APPROXIMATE.replace("#index", str(index.id)).replace("#dimensions", str(self._dimensions))
        parameters = [*(restriction.parameters if restriction else ()), self._literal, limit, self._literal]
        self._cursor.execute(self._tables.sql(statement).replace("@", condition), parameters)
        return _found(self._cursor)

    def _leaves_few(self, restriction: Restriction) -> bool:
        statement = self._tables.sql(_COUNT_RESTRICTED).replace("@", restriction.sql)
        self._cursor.execute(statement, [*restriction.parameters, self._query.scope, EXACT_BELOW + 1])
        [(count,)] = self._cursor.fetchall()
        return integer(count) <= EXACT_BELOW


def _found(cursor: Cursor) -> list[Found]:
    return [(integer(passage), 1.0 - float(str(distance))) for passage, distance in cursor.fetchall()]


# A dataset belongs to one scope: a document of it shows which. A dataset of another scope has no index here.
_INDEXES = """
SELECT i.id, i.dimensions, i.ann, coalesce(s.passages, 0)
FROM {index} AS i LEFT JOIN {statistics} AS s ON s.dataset_id = i.dataset_id
WHERE i.dataset_id = ANY(%s::uuid[]) AND i.state = 'active'
  AND EXISTS (SELECT FROM {document} AS d WHERE d.dataset_id = i.dataset_id AND d.workspace_id = %s::uuid)
ORDER BY i.id
"""
# PostgreSQL cannot guess how few documents a filter on JSON leaves, and would read every vector: OFFSET 0 makes it
# look up document after document.
_COUNT_RESTRICTED = """
WITH allowed AS MATERIALIZED (@)
SELECT count(*) FROM (
    SELECT FROM allowed CROSS JOIN LATERAL (
        SELECT FROM {passage} AS p WHERE p.document_id = allowed.id AND p.workspace_id = %s::uuid AND p.is_live OFFSET 0
    ) AS own LIMIT %s
) AS few
"""
_EXACT = """
WITH searched AS MATERIALIZED (
    SELECT v.passage_id, v.document_id, v.embedding <=> %s::vector AS distance
    FROM {vector} AS v WHERE v.index_id = ANY(%s::bigint[]) AND v.is_live
)
SELECT passage_id, distance FROM searched ORDER BY distance, document_id, passage_id LIMIT %s
"""
_EXACT_RESTRICTED = """
WITH allowed AS MATERIALIZED (@), searched AS MATERIALIZED (
    SELECT own.* FROM allowed CROSS JOIN LATERAL (
        SELECT v.passage_id, v.document_id, v.embedding <=> %s::vector AS distance FROM {vector} AS v
        WHERE v.document_id = allowed.id AND v.index_id = ANY(%s::bigint[]) AND v.is_live OFFSET 0
    ) AS own
)
SELECT passage_id, distance FROM searched ORDER BY distance, document_id, passage_id LIMIT %s
"""
_SETTINGS = "SELECT set_config('hnsw.ef_search', %s, true), set_config('hnsw.iterative_scan', %s, true)"
# Half precision finds, full precision ranks.
_APPROXIMATE = """
WITH near AS MATERIALIZED (
    SELECT v.passage_id, v.document_id, v.embedding FROM {vector} AS v
    WHERE v.index_id = #index AND v.is_live @
    ORDER BY v.embedding::halfvec(#dimensions) <=> %s::halfvec(#dimensions) LIMIT %s
)
SELECT passage_id, embedding <=> %s::vector AS distance FROM near ORDER BY distance, document_id, passage_id
"""
