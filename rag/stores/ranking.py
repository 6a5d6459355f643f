"""BM25 in SQL: postings and statistics rank, and no process holds the corpus.

Frequent words have long lists of postings and say little. So the rare words of a query choose candidates, as many words
as have `CHOOSING` postings together, and the frequent ones are looked up for the best of those candidates alone. A
query whose lists are short is ranked by all of its words for all passages; where lists are long, a passage of frequent
words only can be missed (`bench retrieval` shows the share of the exact result that is found).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.lexical.bm25 import Weights, norm_of, weights_of
from rag.stores.conditions import Restriction, restriction_of
from rag.stores.hits import Ranking
from rag.stores.lexicon import Analyze, languages_sum
from rag.stores.tables import ChunkTables, Cursor, integer
from rag.types import Query

CHOOSING = 7_000
"""Up to so many postings are read to choose candidates."""
CANDIDATES = 200
"""So many candidates are scored by all words, or four times as many as are asked for, if that is more."""
FEW_PASSAGES = 2_000
"""Up to so many passages that a filter leaves, each is scored by itself."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the searched datasets hold together; `dataset_ids` are those in scope."""

    dataset_ids: tuple[str, ...]
    passages: int
    words: int
    languages: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Term:
    """A word in one dataset: `weight` is the most that it adds to a passage's score."""

    id: int
    weight: float
    passages: int


def statistics_of(cursor: Cursor, tables: ChunkTables, query: Query) -> Statistics:
    """Return the statistics of the query's datasets."""
    cursor.execute(tables.sql(_STATISTICS), [list(query.dataset_ids), query.scope])
    rows = cursor.fetchall()
    return Statistics(
        tuple(str(row[0]) for row in rows),
        sum(integer(row[1]) for row in rows),
        sum(integer(row[2]) for row in rows),
        languages_sum([row[3] for row in rows]),
    )


class LexicalSearch:
    """One query's ranking by words, asked again with a larger limit where passages share chunks."""

    def __init__(self, cursor: Cursor, tables: ChunkTables, query: Query, analyze: Analyze) -> None:
        self._cursor = cursor
        self._tables = tables
        self._query = query
        statistics = statistics_of(cursor, tables, query)
        norm = norm_of(statistics.passages, statistics.words)
        self._length_norm = (norm.base, norm.slope)
        analyses = [analyze(query.text, language) for language in statistics.languages]
        self._terms, self._weights = self._weigh(analyses, statistics)
        self._restriction = restriction_of(query, tables)

    def ranking(self, limit: int) -> Ranking | None:
        """Return what ranks the `limit` passages of highest BM25, as shares of what the query's words weigh."""
        if not self._terms:
            return None
        ranking = self._restricted(limit) if self._restriction else self._pruned(limit, "", ())
        return Ranking(_SHARES.replace("#found", ranking.sql), (self._weights.total, *ranking.parameters))

    def _weigh(self, analyses: Sequence[Sequence[str]], statistics: Statistics) -> tuple[list[_Term], Weights]:
        wanted = sorted({term for terms in analyses for term in terms})
        self._cursor.execute(self._tables.sql(_TERMS), [list(statistics.dataset_ids), wanted])
        rows = [(integer(row[0]), str(row[1]), integer(row[2])) for row in self._cursor.fetchall()]
        having: Counter[str] = Counter()
        for _, text, passages in rows:
            having[text] += passages
        weights = weights_of(analyses, having, statistics.passages)
        terms = [_Term(number, weights.of[text], passages) for number, text, passages in rows if text in weights.of]
        # One word of several datasets has one weight; what it adds at most counts once per passage either way.
        return sorted(terms, key=lambda term: (-term.weight, term.id)), weights

    def _pruned(self, limit: int, condition: str, parameters: Sequence[object]) -> Ranking:
        """Rank the passages for which `condition` holds."""
        first = _choosing(self._terms, limit)
        choosing, rest = self._terms[:first], self._terms[first:]
        chosen = (*self._length_norm, *_of(choosing), *parameters)
        if not rest:
            return Ranking(self._tables.sql(_FULL).replace("@", condition), (*chosen, limit))
        candidates = (max(CANDIDATES, 4 * limit), sum(term.weight for term in rest), limit - 1)
        others = (*self._length_norm, *_of(rest), limit)
        return Ranking(self._tables.sql(_PRUNED).replace("@", condition), (*chosen, *candidates, *others))

    def _restricted(self, limit: int) -> Ranking:
        assert self._restriction is not None
        allowed = self._allowed(self._restriction)
        if allowed is None:
            passages = self._tables.sql(_ALLOWED).replace("@", self._restriction.sql)
            return self._pruned(
                limit,
                f"WHERE (p.passage_id IN ({passages})) IS TRUE",
                [*self._restriction.parameters, self._query.scope],
            )
        return Ranking(self._tables.sql(_FEW), (*self._length_norm, allowed, *_of(self._terms), limit))

    def _allowed(self, restriction: Restriction) -> list[int] | None:
        """Return the passages that the filter leaves, or None when they are many."""
        statement = self._tables.sql(_ALLOWED).replace("@", restriction.sql) + " LIMIT %s"
        self._cursor.execute(statement, [*restriction.parameters, self._query.scope, FEW_PASSAGES + 1])
        ids = [integer(row[0]) for row in self._cursor.fetchall()]
        return ids if len(ids) <= FEW_PASSAGES else None


def _choosing(terms: Sequence[_Term], limit: int) -> int:
    """Return how many of `terms`, rarest first, choose candidates: those that fit, and enough to find `limit`."""
    total = 0
    for number, term in enumerate(terms):
        if total >= limit and total + term.passages > CHOOSING:
            return number
        total += term.passages
    return len(terms)


def _of(terms: Sequence[_Term]) -> tuple[list[int], list[float]]:
    """Return ids and weights, as the statements want them."""
    return [term.id for term in terms], [term.weight for term in terms]


_SHARES = "SELECT passage_id, score / %s FROM (#found) AS found"
_STATISTICS = """
SELECT s.dataset_id, s.passages, s.words, s.languages FROM {statistics} AS s
WHERE s.dataset_id = ANY(%s::uuid[])
  AND EXISTS (SELECT FROM {document} AS d WHERE d.dataset_id = s.dataset_id AND d.workspace_id = %s::uuid)
"""
_TERMS = "SELECT id, text, passages FROM {term} WHERE dataset_id = ANY(%s::uuid[]) AND text = ANY(%s::text[])"
_ALLOWED = """
SELECT own.id FROM (@) AS allowed (id) CROSS JOIN LATERAL (
    SELECT q.id FROM {passage} AS q
    WHERE q.document_id = allowed.id AND q.workspace_id = %s::uuid AND q.is_live OFFSET 0
) AS own
"""
_SCORE = "sum(w.weight * p.count / (p.count + n.base + n.slope * p.words))"
_FULL = """
SELECT p.passage_id, #score AS score
FROM (SELECT %s::float8, %s::float8) AS n (base, slope),
     unnest(%s::bigint[], %s::float8[]) AS w (term_id, weight)
     JOIN {posting} AS p ON p.term_id = w.term_id
@
GROUP BY p.passage_id ORDER BY score DESC, p.passage_id LIMIT %s
""".replace("#score", _SCORE)
# Candidates that all the other words together could not bring among those that are wanted are not looked up for them.
# The others are looked up in one walk through each word's postings, which visits a page of the index once.
_PRUNED = """
WITH candidate AS MATERIALIZED (
    SELECT p.passage_id, #score AS score
    FROM (SELECT %s::float8, %s::float8) AS n (base, slope),
         unnest(%s::bigint[], %s::float8[]) AS w (term_id, weight)
         JOIN {posting} AS p ON p.term_id = w.term_id
    @
    GROUP BY p.passage_id ORDER BY score DESC, p.passage_id LIMIT %s
), likely AS MATERIALIZED (
    SELECT passage_id, score FROM candidate
    WHERE score + %s >= coalesce((SELECT score FROM candidate ORDER BY score DESC OFFSET %s LIMIT 1), 0)
), more AS MATERIALIZED (
    SELECT p.passage_id, #score AS score
    FROM (SELECT %s::float8, %s::float8) AS n (base, slope),
         unnest(%s::bigint[], %s::float8[]) AS w (term_id, weight) CROSS JOIN LATERAL (
             SELECT o.passage_id, o.count, o.words FROM {posting} AS o
             WHERE o.term_id = w.term_id AND o.passage_id = ANY(ARRAY(SELECT passage_id FROM likely)) OFFSET 0
         ) AS p
    GROUP BY p.passage_id
)
SELECT likely.passage_id, likely.score + coalesce(more.score, 0) AS score
FROM likely LEFT JOIN more ON more.passage_id = likely.passage_id
ORDER BY score DESC, likely.passage_id LIMIT %s
""".replace("#score", _SCORE)
_FEW = """
SELECT p.passage_id, #score AS score
FROM (SELECT %s::float8, %s::float8) AS n (base, slope),
     unnest(%s::bigint[]) AS allowed (id),
     unnest(%s::bigint[], %s::float8[]) AS w (term_id, weight)
     JOIN {posting} AS p ON p.term_id = w.term_id
WHERE p.passage_id = allowed.id
GROUP BY p.passage_id ORDER BY score DESC, p.passage_id LIMIT %s
""".replace("#score", _SCORE)
