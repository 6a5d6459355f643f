"""Chunks in PostgreSQL with pgvector. The table belongs to whoever migrates it; this file only queries it.

The search is exact inside its filter: a MATERIALIZED common table expression reads the chunks of the workspace and the
datasets through their b-tree and computes every distance, so a filter that keeps one row in a hundred still gives all
`top_k` hits. (An HNSW index would filter after its search and give almost none.)
"""

import re
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from typing import Protocol

from rag.errors import EmbeddingMismatchError
from rag.types import ChunkText, Hit, Query
from rag.vectors import require_direction, require_vectors

_INSERT_BATCH = 500
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class ChunkTable:
    """The names of the table and its columns; `embedding` is a `vector` of any dimension."""

    table: str = "datasets_chunk"
    id: str = "id"
    scope: str = "workspace_id"
    dataset_id: str = "dataset_id"
    document_id: str = "document_id"
    position: str = "position"
    page: str = "page"
    text: str = "text"
    tokens: str = "tokens"
    embedding: str = "embedding"
    created_at: str = "created_at"

    def __post_init__(self) -> None:
        for field in fields(self):
            name = getattr(self, field.name)
            # They become part of SQL text.
            if not _IDENTIFIER.match(name):
                raise ValueError(f"{field.name} is {name!r}; a name has lower-case letters, digits and underscores")


class Cursor(Protocol):
    """What is used of a DB-API cursor; Django's and psycopg's both fit."""

    @property
    def rowcount(self) -> int: ...

    def execute(self, query: str, params: Sequence[object], /) -> object:
        """Run one statement with `%s` parameters; lists become arrays."""
        ...

    def fetchall(self) -> Sequence[tuple[object, ...]]:
        """Return the rows of the last statement."""
        ...


OpenCursor = Callable[[], AbstractContextManager[Cursor]]
"""Opens a cursor inside a transaction that commits when the block ends and rolls back when it raises."""


class PgvectorStore:
    """Implements `ChunkStore` on a table like `ChunkTable`; holds no connection of its own, so threads may share it."""

    def __init__(self, connect: OpenCursor, table: ChunkTable | None = None) -> None:
        self._connect = connect
        names = table or ChunkTable()
        columns = {field.name: f'"{getattr(names, field.name)}"' for field in fields(names)}
        self._insert = _INSERT.format_map(columns)
        self._delete = _DELETE.format_map(columns)
        self._nearest = _NEAREST.format_map(columns)

    def replace(
        self,
        *,
        scope: str,
        dataset_id: str,
        document_id: str,
        chunks: Sequence[ChunkText],
        vectors: Sequence[Sequence[float]],
    ) -> int:
        """Replace all chunks of a document in one transaction and return how many there are now."""
        require_vectors(chunks, vectors)
        with self._connect() as cursor:
            # A job that is delivered twice must not leave both its results: the second waits for the first.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"chunks:{document_id}"])
            cursor.execute(self._delete, [scope, document_id])
            for first in range(0, len(chunks), _INSERT_BATCH):
                batch = chunks[first : first + _INSERT_BATCH]
                cursor.execute(
                    self._insert,
                    [
                        scope,
                        dataset_id,
                        document_id,
                        [str(uuid.uuid4()) for _ in batch],
                        [chunk.position for chunk in batch],
                        [chunk.page for chunk in batch],
                        [chunk.text for chunk in batch],
                        [chunk.tokens for chunk in batch],
                        [vector_literal(vector) for vector in vectors[first : first + _INSERT_BATCH]],
                    ],
                )
        return len(chunks)

    def delete(self, *, scope: str, document_id: str) -> int:
        """Remove all chunks of a document and return how many there were."""
        with self._connect() as cursor:
            cursor.execute(self._delete, [scope, document_id])
            return cursor.rowcount

    def nearest(self, *, query: Query, vector: Sequence[float]) -> list[Hit]:
        """Return the `query.top_k` chunks of highest cosine similarity inside the query's scope and datasets.

        Raises EmbeddingMismatchError when chunks in there were embedded with another number of dimensions.
        """
        require_direction(vector)
        documents = None if query.document_ids is None else list(query.document_ids)
        parameters = [
            len(vector),
            vector_literal(vector),
            query.scope,
            list(query.dataset_ids),
            documents,
            documents,
            query.top_k,
        ]
        with self._connect() as cursor:
            cursor.execute(self._nearest, parameters)
            rows = cursor.fetchall()
        return [_hit(row, len(vector)) for row in rows]


def vector_literal(vector: Sequence[float]) -> str:
    """Return pgvector's text form; nine digits carry every 32-bit float exactly."""
    return "[" + ",".join(["%.9g"] * len(vector)) % tuple(vector) + "]"


def _hit(row: tuple[object, ...], dimensions: int) -> Hit:
    chunk_id, document_id, dataset_id, text, page, position, distance = row
    if distance is None:
        raise EmbeddingMismatchError(
            f"the query has {dimensions} dimensions, stored chunks have another number; "
            "index the dataset again with the model that is set now"
        )
    assert isinstance(position, int) and isinstance(distance, float) and (page is None or isinstance(page, int))
    return Hit(
        chunk_id=str(chunk_id),
        document_id=str(document_id),
        dataset_id=str(dataset_id),
        text=str(text),
        page=page,
        position=position,
        score=min(max(1.0 - distance, 0.0), 1.0),
    )


_INSERT = """
INSERT INTO {table} ({scope}, {dataset_id}, {document_id}, {id}, {position}, {page}, {text}, {tokens}, {embedding},
                     {created_at})
SELECT %s::uuid, %s::uuid, %s::uuid, row.id, row.position, row.page, row.text, row.tokens, row.embedding::vector, now()
FROM unnest(%s::uuid[], %s::int[], %s::int[], %s::text[], %s::int[], %s::text[])
     AS row (id, position, page, text, tokens, embedding)
"""

_DELETE = "DELETE FROM {table} WHERE {scope} = %s::uuid AND {document_id} = %s::uuid"

# A chunk of another dimension gets no distance and comes first, so that a stale index is an error and not a gap.
_NEAREST = """
WITH searched AS MATERIALIZED (
    SELECT {id} AS id, {document_id} AS document_id, {position} AS position,
           CASE WHEN vector_dims({embedding}) = %s THEN {embedding} <=> %s::vector END AS distance
    FROM {table}
    WHERE {scope} = %s::uuid AND {dataset_id} = ANY(%s::uuid[])
      AND (%s::uuid[] IS NULL OR {document_id} = ANY(%s::uuid[]))
), best AS (
    SELECT id, distance FROM searched ORDER BY distance NULLS FIRST, document_id, position LIMIT %s
)
SELECT chunk.{id}, chunk.{document_id}, chunk.{dataset_id}, chunk.{text}, chunk.{page}, chunk.{position}, best.distance
FROM best JOIN {table} AS chunk ON chunk.{id} = best.id
ORDER BY best.distance NULLS FIRST, chunk.{document_id}, chunk.{position}
"""
