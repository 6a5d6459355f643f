"""Keeps the words of live passages: postings, document frequencies and the statistics of BM25, all in one transaction.

Whoever changes them holds the row of statistics of the dataset from the first word to the commit, so that two documents
that are published at once add up and never wait for each other in a circle.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from rag.stores.binary_copy import PostingRow, copy_postings
from rag.stores.tables import ChunkTables, Cursor, integer

Analyze = Callable[[str, str], list[str]]
"""The terms of a text in a language."""


class Lexicon:
    """The words of one dataset while one transaction changes them: `add` and `remove`, then `settle` once."""

    def __init__(self, cursor: Cursor, tables: ChunkTables, dataset_id: str, analyze: Analyze) -> None:
        self._cursor = cursor
        self._tables = tables
        self._dataset_id = dataset_id
        self._analyze = analyze
        self._ids: dict[str, int] = {}
        self._changes: Counter[int] = Counter()
        self._passages = 0
        self._words = 0
        self._languages: Counter[str] = Counter()
        cursor.execute(tables.sql(_STATISTICS_ENSURE), [dataset_id])
        cursor.execute(tables.sql(_STATISTICS_LOCK), [dataset_id])
        [row] = cursor.fetchall()
        self._known = _languages_of(row[0])

    def add(self, texts: Mapping[int, str], language: str) -> dict[int, int]:
        """Store the postings of passages (id → text) and return their lengths in words."""
        counted = {passage: Counter(self._analyze(text, language)) for passage, text in texts.items()}
        self._identify({term for counts in counted.values() for term in counts})
        lengths = {passage: counts.total() for passage, counts in counted.items()}
        rows: list[PostingRow] = [
            (self._ids[term], passage, count, lengths[passage])
            for passage, counts in counted.items()
            for term, count in counts.items()
        ]
        rows.sort()
        copy_postings(self._cursor, self._tables.posting, rows)
        self._changes.update(row[0] for row in rows)
        self._passages += len(texts)
        self._words += sum(lengths.values())
        self._languages[language] += len(texts)
        return lengths

    def remove(self, passages: Mapping[int, int], language: str) -> None:
        """Remove the postings of passages (id → length in words)."""
        self._cursor.execute(self._tables.sql(_POSTINGS_DELETE), [list(passages)])
        for term, count in self._cursor.fetchall():
            self._changes[integer(term)] -= integer(count)
        self._passages -= len(passages)
        self._words -= sum(passages.values())
        self._languages[language] -= len(passages)

    def settle(self) -> None:
        """Write the document frequencies and the statistics; a word that no live passage has is forgotten."""
        changed = sorted((term, by) for term, by in self._changes.items() if by)
        parameters = [[term for term, _ in changed], [by for _, by in changed]]
        self._cursor.execute(self._tables.sql(_TERMS_UPDATE), parameters)
        if falling := [term for term, by in changed if by < 0]:
            self._cursor.execute(self._tables.sql(_TERMS_FORGET), [falling])
        languages = Counter(self._known)
        languages.update(self._languages)
        kept = {name: count for name, count in sorted(languages.items()) if count > 0}
        self._cursor.execute(
            self._tables.sql(_STATISTICS_UPDATE), [self._passages, self._words, json.dumps(kept), self._dataset_id]
        )

    def _identify(self, terms: set[str]) -> None:
        """Give every term an id: look them up, add those that are new."""
        new = sorted(terms - self._ids.keys())
        for statement in (_TERMS_FIND, _TERMS_INSERT):
            if new:
                self._cursor.execute(self._tables.sql(statement), [self._dataset_id, new])
                self._ids.update((str(text), integer(number)) for number, text in self._cursor.fetchall())
                new = [term for term in new if term not in self._ids]


def _languages_of(value: object) -> dict[str, int]:
    # Django reads jsonb as text, psycopg as a dictionary.
    known = json.loads(value) if isinstance(value, str) else value
    assert isinstance(known, dict)
    return {str(name): integer(count) for name, count in known.items()}


def languages_sum(rows: Sequence[object]) -> dict[str, int]:
    """Return the passages per language of several datasets together."""
    total: Counter[str] = Counter()
    for value in rows:
        total.update(_languages_of(value))
    return dict(total)


_STATISTICS_ENSURE = """
INSERT INTO {statistics} (dataset_id, passages, words, languages) VALUES (%s::uuid, 0, 0, '{{}}')
ON CONFLICT DO NOTHING
"""
_STATISTICS_LOCK = "SELECT languages FROM {statistics} WHERE dataset_id = %s::uuid FOR UPDATE"
_STATISTICS_UPDATE = """
UPDATE {statistics} SET passages = passages + %s, words = words + %s, languages = %s::jsonb WHERE dataset_id = %s::uuid
"""
_TERMS_FIND = "SELECT id, text FROM {term} WHERE dataset_id = %s::uuid AND text = ANY(%s::text[])"
_TERMS_INSERT = """
INSERT INTO {term} (dataset_id, text, passages) SELECT %s::uuid, unnest(%s::text[]), 0 RETURNING id, text
"""
_TERMS_UPDATE = """
UPDATE {term} AS term SET passages = term.passages + change.by
FROM unnest(%s::bigint[], %s::int[]) AS change (id, by) WHERE term.id = change.id
"""
_TERMS_FORGET = "DELETE FROM {term} WHERE id = ANY(%s::bigint[]) AND passages = 0"
_POSTINGS_DELETE = """
WITH gone AS (DELETE FROM {posting} WHERE passage_id = ANY(%s::bigint[]) RETURNING term_id)
SELECT term_id, count(*) FROM gone GROUP BY term_id
"""
