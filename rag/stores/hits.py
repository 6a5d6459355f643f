"""From ranked passages to the chunks that are returned: one hit per chunk, under its best passage."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.stores.tables import ChunkTables, Cursor, integer
from rag.types import Area, Hit, Query

# Passages of one chunk share a hit: the first try looks a little further, the next ones much further.
SPARE = 2
_FURTHER = 6
_MOST_PASSAGES = 4000


@dataclass(frozen=True, slots=True)
class Ranking:
    """A statement that gives passages and their scores in 0…1, best first, and what it is asked with."""

    sql: str
    parameters: tuple[object, ...]


def hits_found(
    cursor: Cursor, tables: ChunkTables, query: Query, ranking: Callable[[int], Ranking | None]
) -> list[Hit]:
    """Return the query's best chunks, given what ranks the best n passages, or None where there are none."""
    limit = query.top_k + SPARE
    while (ranked := ranking(limit)) is not None:
        # Ranked and read in one: each statement more is a journey there and back.
        parameters = [*ranked.parameters, query.scope, list(query.dataset_ids)]
        cursor.execute(tables.sql(_CHUNKS).replace("#ranking", ranked.sql), parameters)
        rows = cursor.fetchall()
        hits = _hits(rows)
        if len(hits) >= query.top_k or len(rows) < limit or limit >= _MOST_PASSAGES:
            return hits[: query.top_k]
        limit = min(limit * _FURTHER, _MOST_PASSAGES)
    return []


def _hits(rows: Sequence[tuple[object, ...]]) -> list[Hit]:
    best: dict[str, Hit] = {}
    for score, *columns in rows:
        hit = hit_of(columns, float(str(score)))
        if hit.chunk_id not in best or best[hit.chunk_id].score < hit.score:
            best[hit.chunk_id] = hit
    return sorted(best.values(), key=lambda hit: (-hit.score, hit.document_id, hit.position))


def hit_of(row: Sequence[object], score: float) -> Hit:
    """Return a hit from the columns of `_CHUNKS` after the score."""
    chunk_id, document_id, dataset_id, text, page, position, answer, areas, child = row
    # Most have none, and parsing a hundred of them takes longer than reading them.
    corners = () if areas == "[]" else json.loads(str(areas))
    return Hit(
        chunk_id=str(chunk_id),
        document_id=str(document_id),
        dataset_id=str(dataset_id),
        text=str(text),
        page=None if page is None else integer(page),
        position=integer(position),
        score=min(max(score, 0.0), 1.0),
        answer=str(answer),
        areas=tuple(Area(*four) for four in corners),
        child=str(text) if child is None else str(child),
    )


def hits_around(cursor: Cursor, tables: ChunkTables, query: Query, hit: Hit, chunks: int) -> list[Hit]:
    """Return the live neighbours of `hit` and itself in the order of their document."""
    own = [query.scope, hit.document_id, list(query.dataset_ids)]
    # The hit itself is the first of those that follow.
    cursor.execute(tables.sql(_AROUND), [*own, hit.position, chunks, hit.position, chunks + 1])
    return [hit_of(row, hit.score) for row in cursor.fetchall()]


# A passage that is its chunk's whole text is not sent twice.
_CHUNKS = """
SELECT ranked.score, c.id::text, c.document_id::text, c.dataset_id::text, c.text, c.page, c.position, c.answer,
    c.areas::text, nullif(p.text, c.text)
FROM (#ranking) AS ranked (passage_id, score)
    JOIN {passage} AS p ON p.id = ranked.passage_id JOIN {chunk} AS c ON c.id = p.chunk_id
WHERE c.workspace_id = %s::uuid AND c.dataset_id = ANY(%s::uuid[]) AND p.is_live
"""
_AROUND = """
WITH live AS (
    SELECT c.id, c.document_id, c.dataset_id, c.text, c.page, c.position, c.answer, c.areas::text, '' AS child
    FROM {chunk} AS c
    WHERE c.workspace_id = %s::uuid AND c.document_id = %s::uuid AND c.dataset_id = ANY(%s::uuid[])
      AND EXISTS (SELECT FROM {passage} AS p WHERE p.chunk_id = c.id AND p.is_live)
)
(SELECT * FROM live WHERE position < %s ORDER BY position DESC LIMIT %s)
UNION ALL
(SELECT * FROM live WHERE position >= %s ORDER BY position LIMIT %s)
ORDER BY position
"""
