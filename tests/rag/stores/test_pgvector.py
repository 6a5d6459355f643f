"""What only the pgvector store has: HNSW indexes, re-embedding, and plans that read indexes."""

import math
import random
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
import pytest

from rag.errors import IncompleteRevisionError
from rag.filters import Condition, Filter
from rag.ports import DocumentRef
from rag.stores import ranking, searching
from rag.stores.documents import DocumentInfo
from rag.stores.pgvector import Cursor, OpenCursor, PgvectorStore
from rag.stores.schema import LIBRARY_TABLES, create_tables, describe
from rag.types import ChunkText, Query

SCOPE, FOREIGN = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
DIMENSIONS = 16


class Recorder:
    """Opens cursors that remember what they ran, and explain it when asked to."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.statements: list[tuple[str, Sequence[object]]] = []

    @contextmanager
    def __call__(self) -> Iterator[Cursor]:
        with psycopg.connect(self._dsn) as connection, connection.cursor() as cursor:
            yield _Recording(cursor, self.statements)

    def plans(self) -> str:
        with psycopg.connect(self._dsn) as connection:
            asked = [pair for pair in self.statements if pair[0].lstrip().startswith(("SELECT", "WITH"))]
            plans = [connection.execute(f"EXPLAIN {sql}", params).fetchall() for sql, params in asked]
        return "\n".join(str(row[0]) for plan in plans for row in plan)


class _Recording:
    def __init__(
        self, cursor: "psycopg.Cursor[tuple[object, ...]]", statements: list[tuple[str, Sequence[object]]]
    ) -> None:
        self._cursor, self._statements = cursor, statements
        self.copy = cursor.copy
        self.fetchall = cursor.fetchall

    @property
    def rowcount(self) -> int:
        return int(self._cursor.rowcount)

    def execute(self, query: str, params: Sequence[object] = (), /) -> object:
        self._statements.append((query, params))
        return self._cursor.execute(query, params)


def outside_of(dsn: str) -> OpenCursor:
    @contextmanager
    def outside() -> Iterator[Cursor]:
        with psycopg.connect(dsn, autocommit=True) as connection, connection.cursor() as cursor:
            yield cursor

    return outside


def near_axis(rng: random.Random, noise: float) -> list[float]:
    values = [1.0 + noise * rng.gauss(0, 1)] + [noise * rng.gauss(0, 1) for _ in range(DIMENSIONS - 1)]
    norm = math.hypot(*values)
    return [value / norm for value in values]


@pytest.fixture(scope="module")
def filled(postgres_dsn: str) -> tuple[str, str]:
    """One dataset with 40 documents of 100 chunks, and another tenant's with chunks nearer to every query."""
    rng, own, foreign = random.Random(7), str(uuid.uuid4()), str(uuid.uuid4())
    with psycopg.connect(postgres_dsn, autocommit=True) as connection, connection.cursor() as cursor:
        create_tables(cursor)
    store = PgvectorStore(Recorder(postgres_dsn), LIBRARY_TABLES)
    for scope, dataset, documents, noise in ((SCOPE, own, 40, 1.0), (FOREIGN, foreign, 40, 0.05)):
        for number in range(documents):
            ref = DocumentRef(scope, dataset, str(uuid.uuid4()))
            with psycopg.connect(postgres_dsn) as connection, connection.cursor() as cursor:
                describe(cursor, ref, DocumentInfo(f"{number}.txt", {"number": number}))
            texts = [f"{scope} the word{number} w{rng.randrange(500)} w{n}" for n in range(100)]
            chunks = [ChunkText(text, None, n, 4) for n, text in enumerate(texts)]
            store.replace(ref, chunks=chunks, vectors=[near_axis(rng, noise) for _ in texts], language="en")
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return postgres_dsn, own


def test_r16_an_hnsw_index_gives_full_k_of_ones_own_under_every_filter(
    filled: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn, dataset = filled
    monkeypatch.setattr(searching, "EXACT_BELOW", 50)
    recorder = Recorder(dsn)
    store = PgvectorStore(recorder, LIBRARY_TABLES, outside=outside_of(dsn))
    index = store.indexes.ensure(dataset, "")
    vector = near_axis(random.Random(3), 1.0)

    def found(given: Filter | None, scope: str = SCOPE) -> list[str]:
        query = Query("?", scope, (dataset,), 10, filter=given)
        return [hit.text for hit in store.nearest(query=query, vector=vector)]

    filters = [None, *(Filter((Condition("number", "<", most),)) for most in (1, 4, 20))]
    exact = [found(given) for given in filters]
    store.indexes.build_ann(index)
    try:
        recorder.statements.clear()
        for given, right in zip(filters, exact, strict=True):
            hits = found(given)
            assert len(hits) == 10
            assert all(text.startswith(SCOPE) for text in hits)
            assert len(set(hits) & set(right)) >= 9
        assert any("halfvec" in sql for sql, _ in recorder.statements)
        assert f"_ann_{index}" in recorder.plans()
        assert found(None, FOREIGN) == []
    finally:
        store.indexes.drop_ann(index)
    assert found(None) == exact[0]


def test_ranking_reads_indexes_and_finds_the_best_that_all_postings_would(
    filled: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn, dataset = filled
    recorder = Recorder(dsn)
    store = PgvectorStore(recorder, LIBRARY_TABLES)
    for text in ("the word7 w11", "the w11 w12 w13", "the", "the the word1 word2 word3 word4", "nothing"):
        for given in (Filter((Condition("number", "<", 30),)), None):
            if given is None:
                recorder.statements.clear()
            query = Query(text, SCOPE, (dataset,), 10, filter=given)
            monkeypatch.setattr(ranking, "CHOOSING", 10**9)
            whole = {hit.chunk_id: hit.score for hit in store.matching(query=query)}
            monkeypatch.setattr(ranking, "CHOOSING", 50)
            found = store.matching(query=query)
            # A frequent word alone may be missed; what is found has the score that all words give it.
            assert len(found) == len(whole)
            assert [hit.score for hit in found][:1] == pytest.approx(list(whole.values())[:1])
            for hit in found:
                assert hit.score == pytest.approx(whole.get(hit.chunk_id, hit.score))
            # A filter that keeps most rows of a small table is rightly read from end to end.
            if given is None:
                assert not re.search(r"Seq Scan on rag_(posting|passage|vector|chunk|term)", recorder.plans())


def test_r16_every_search_names_the_tenant(filled: tuple[str, str]) -> None:
    dsn, dataset = filled
    recorder = Recorder(dsn)
    store = PgvectorStore(recorder, LIBRARY_TABLES)
    query = Query("the word7", SCOPE, (dataset,), 3, filter=Filter((Condition("number", "<", 30),)))
    hits = store.nearest(query=query, vector=near_axis(random.Random(1), 1.0)) + store.matching(query=query)
    store.around(query=query, hit=hits[0], chunks=1)
    store.languages(query=query)
    # What gives texts away, and what decides which datasets are searched, is held to the scope.
    telling = [(sql, params) for sql, params in recorder.statements if "c.text" in sql or "dataset_id = ANY" in sql]
    assert len(telling) >= 6
    for sql, params in telling:
        assert "workspace_id = %s" in sql or "AND text = ANY" in sql, sql
        assert SCOPE in params or "AND text = ANY" in sql


def test_a_dataset_is_embedded_anew_while_it_is_searched(postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection, connection.cursor() as cursor:
        create_tables(cursor)
    store = PgvectorStore(Recorder(postgres_dsn), LIBRARY_TABLES, outside=outside_of(postgres_dsn))
    dataset = str(uuid.uuid4())
    ref = DocumentRef(SCOPE, dataset, str(uuid.uuid4()))
    with psycopg.connect(postgres_dsn) as connection, connection.cursor() as cursor:
        describe(cursor, ref, DocumentInfo("a"))
    old = store.indexes.ensure(dataset, "old")
    chunks = [ChunkText(f"text {n}", None, n, 2) for n in range(3)]
    store.replace(ref, chunks=chunks, vectors=[[1.0, n] for n in range(3)], language="en")
    new = store.indexes.ensure(dataset, "new", "building")
    query = Query("text", SCOPE, (dataset,), 3)
    missing = store.indexes.missing(new, limit=2)
    assert list(missing.values()) == ["text 0", "text 1"]
    for _ in range(2):
        store.indexes.add_vectors(new, {number: [0.0, 0.5, 1.0] for number in missing})
    assert store.indexes.counts(new) == (2, 3)
    assert len(store.nearest(query=query, vector=[1.0, 0.0])) == 3
    with pytest.raises(IncompleteRevisionError):
        store.indexes.activate(dataset, new)
    store.indexes.add_vectors(new, {key: [0.0, 0.5, 1.0] for key in store.indexes.missing(new, limit=9)})
    assert store.indexes.activate(dataset, new) == old
    assert len(store.nearest(query=query, vector=[0.0, 0.0, 1.0])) == 3
    with pytest.raises(IncompleteRevisionError, match="another model"):
        store.stage(ref, revision=9, index_id=old, chunks=chunks, vectors=[[1.0, 0.0]] * 3)
    assert store.indexes.retired()[-1:] == [old]
    store.indexes.drop(old)
    assert store.known_vectors(scope=SCOPE, model="old", texts=["text 0"]) == {}
    assert store.known_vectors(scope=SCOPE, model="new", texts=["text 0"]).keys() == {"text 0"}
    store.drop_dataset(scope=SCOPE, dataset_id=dataset)
    assert store.matching(query=query) == []
