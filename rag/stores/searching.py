"""Nearest passages in PostgreSQL: exactly where few are left to search, by the dataset's own HNSW index where many are.

A plain HNSW index filters after its search and gives nothing under a narrow filter. So every index belongs to one
dataset, a filter that leaves few passages is searched exactly, and one that leaves many lets the index go on until it
has found enough (pgvector's iterative scan).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.errors import EmbeddingMismatchError
from rag.stores.conditions import Restriction, restriction_of
from rag.stores.hits import SPARE, Ranking
from rag.stores.tables import ChunkTables, Cursor, integer
from rag.types import Query

EXACT_BELOW = 20_000
"""Up to so many passages every distance is computed."""
EF_SEARCH = 120
"""How many neighbours an HNSW search keeps in sight; measured by `bench retrieval`."""
_MOST_EF = 1000


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


class VectorSearch:
    """One query's search of the vectors, asked again with a larger limit where passages share chunks."""

    def __init__(self, cursor: Cursor, tables: ChunkTables, query: Query, vector: Sequence[float]) -> None:
        self._cursor = cursor
        self._tables = tables
        self._query = query
        self._literal = vector_literal(vector)
        self._restriction = restriction_of(query, tables)
        self._ef = _ef_of(query.top_k + SPARE)
        indexes = [index for index in self._active() if index.dimensions is not None]
        for index in indexes:
            if index.dimensions != len(vector):
                raise EmbeddingMismatchError(
                    f"the query has {len(vector)} dimensions, stored chunks have {index.dimensions}; "
                    "index the dataset again with the model that is set now"
                )
        self._dimensions = len(vector)
        large = [index for index in indexes if index.ann and index.passages > EXACT_BELOW]
        if large and self._restriction is not None and self._leaves_few(self._restriction):
            large = []
        self._large = large
        self._small = [index for index in indexes if index not in large]

    def ranking(self, limit: int) -> Ranking | None:
        """Return what ranks the `limit` nearest passages."""
        if self._large and _ef_of(limit) > self._ef:
            self._ef = _ef_of(limit)
            self._cursor.execute(f"SELECT {_SETTINGS}", self._settings())
        parts = [self._exact(limit)] if self._small else []
        parts += [self._approximate(index, limit) for index in self._large]
        if len(parts) <= 1:
            return parts[0] if parts else None
        union = " UNION ALL ".join(f"({part.sql})" for part in parts)
        parameters = tuple(parameter for part in parts for parameter in part.parameters)
        return Ranking(f"{union} ORDER BY score DESC LIMIT %s", (*parameters, limit))

    def _active(self) -> list[Index]:
        """Return the active indexes of the datasets in the query's scope, and set how HNSW indexes search."""
        statement = self._tables.sql(_INDEXES)
        self._cursor.execute(statement, [*self._settings(), list(self._query.dataset_ids), self._query.scope])
        return [
            Index(integer(number), None if dimensions is None else integer(dimensions), str(ann), integer(passages))
            for number, dimensions, ann, passages, *_ in self._cursor.fetchall()
        ]

    def _settings(self) -> list[str]:
        return [str(self._ef), "off" if self._restriction is None else "relaxed_order"]

    def _exact(self, limit: int) -> Ranking:
        indexes = [index.id for index in self._small]
        statement, restricted = self._tables.sql(_EXACT), tuple[object, ...]()
        if self._restriction is not None:
            statement = self._tables.sql(_EXACT_RESTRICTED).replace("@", self._restriction.sql)
            restricted = self._restriction.parameters
        return Ranking(statement, (*restricted, self._literal, indexes, limit))

    def _approximate(self, index: Index, limit: int) -> Ranking:
        restriction = self._restriction
        # IS TRUE keeps the planner from a join that would give up the order of the index.
        condition = f"AND (v.document_id IN ({restriction.sql})) IS TRUE" if restriction else ""
        # The partial index is chosen only where its condition stands as it was written.
        statement = _APPROXIMATE.replace("#index", str(index.id)).replace("#dimensions", str(self._dimensions))
        restricted = restriction.parameters if restriction else ()
        parameters = (*restricted, self._literal, limit, self._literal)
        return Ranking(self._tables.sql(statement).replace("@", condition), parameters)

    def _leaves_few(self, restriction: Restriction) -> bool:
        statement = self._tables.sql(_COUNT_RESTRICTED).replace("@", restriction.sql)
        self._cursor.execute(statement, [*restriction.parameters, self._query.scope, EXACT_BELOW + 1])
        [(count,)] = self._cursor.fetchall()
        return integer(count) <= EXACT_BELOW


def _ef_of(limit: int) -> int:
    return min(max(EF_SEARCH, 2 * limit), _MOST_EF)


# They hold until the transaction ends; a session where the extension is not loaded yet takes them for settings to come.
_SETTINGS = "set_config('hnsw.ef_search', %s, true), set_config('hnsw.iterative_scan', %s, true)"
# A dataset belongs to one scope: a document of it shows which. A dataset of another scope has no index here.
_INDEXES = """
SELECT i.id, i.dimensions, i.ann, coalesce(s.passages, 0), #settings
FROM {index} AS i LEFT JOIN {statistics} AS s ON s.dataset_id = i.dataset_id
WHERE i.dataset_id = ANY(%s::uuid[]) AND i.state = 'active'
  AND EXISTS (SELECT FROM {document} AS d WHERE d.dataset_id = i.dataset_id AND d.workspace_id = %s::uuid)
ORDER BY i.id
""".replace("#settings", _SETTINGS)
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
SELECT passage_id, 1 - distance AS score FROM searched ORDER BY distance, document_id, passage_id LIMIT %s
"""
_EXACT_RESTRICTED = """
WITH allowed AS MATERIALIZED (@), searched AS MATERIALIZED (
    SELECT own.* FROM allowed CROSS JOIN LATERAL (
        SELECT v.passage_id, v.document_id, v.embedding <=> %s::vector AS distance FROM {vector} AS v
        WHERE v.document_id = allowed.id AND v.index_id = ANY(%s::bigint[]) AND v.is_live OFFSET 0
    ) AS own
)
SELECT passage_id, 1 - distance AS score FROM searched ORDER BY distance, document_id, passage_id LIMIT %s
"""
# Half precision finds, full precision ranks.
_APPROXIMATE = """
WITH near AS MATERIALIZED (
    SELECT v.passage_id, v.document_id, v.embedding FROM {vector} AS v
    WHERE v.index_id = #index AND v.is_live @
    ORDER BY v.embedding::halfvec(#dimensions) <=> %s::halfvec(#dimensions) LIMIT %s
)
SELECT passage_id, 1 - distance AS score FROM (
    SELECT passage_id, document_id, embedding <=> %s::vector AS distance FROM near
) AS measured ORDER BY distance, document_id, passage_id
"""
