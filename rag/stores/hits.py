"""From found passages to the chunks that are returned: one hit per chunk, under its best passage."""

import json
from collections.abc import Callable, Sequence

from rag.stores.searching import Found
from rag.stores.tables import ChunkTables, Cursor, integer
from rag.types import Area, Hit, Query

# Passages of one chunk share a hit: the first try looks a little further, the next ones much further.
_SPARE = 2
_FURTHER = 6
_MOST_PASSAGES = 4000


def hits_found(cursor: Cursor, tables: ChunkTables, query: Query, best: Callable[[int], list[Found]]) -> list[Hit]:
    """Return the query's best chunks, given a search for the best n passages."""
    limit = query.top_k + _SPARE
    while True:
        found = best(limit)
        hits = _chunks_of(cursor, tables, query, found)
        if len(hits) >= query.top_k or len(found) < limit or limit >= _MOST_PASSAGES:
            return hits[: query.top_k]
        limit = min(limit * _FURTHER, _MOST_PASSAGES)


def _chunks_of(cursor: Cursor, tables: ChunkTables, query: Query, found: Sequence[Found]) -> list[Hit]:
    if not found:
        return []
    scores = dict(found)
    parameters = [query.scope, list(query.dataset_ids), list(scores)]
    cursor.execute(tables.sql(_CHUNKS), parameters)
    best: dict[str, Hit] = {}
    for row in cursor.fetchall():
        hit = hit_of(row[1:], scores[integer(row[0])])
        if hit.chunk_id not in best or best[hit.chunk_id].score < hit.score:
            best[hit.chunk_id] = hit
    return sorted(best.values(), key=lambda hit: (-hit.score, hit.document_id, hit.position))


def hit_of(row: Sequence[object], score: float) -> Hit:
    """Return a hit from the columns of `_CHUNKS` after the passage."""
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
        child=str(child),
    )


def hits_around(cursor: Cursor, tables: ChunkTables, query: Query, hit: Hit, chunks: int) -> list[Hit]:
    """Return the live neighbours of `hit` and itself in the order of their document."""
    own = [query.scope, hit.document_id, list(query.dataset_ids)]
    # The hit itself is the first of those that follow.
    cursor.execute(tables.sql(_AROUND), [*own, hit.position, chunks, hit.position, chunks + 1])
    return [hit_of(row, hit.score) for row in cursor.fetchall()]


_CHUNKS = """
SELECT p.id, c.id::text, c.document_id::text, c.dataset_id::text, c.text, c.page, c.position, c.answer,
    c.areas::text, p.text
FROM {passage} AS p JOIN {chunk} AS c ON c.id = p.chunk_id
WHERE c.workspace_id = %s::uuid AND c.dataset_id = ANY(%s::uuid[]) AND p.is_live AND p.id = ANY(%s::bigint[])
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
