"""What every chunk store promises, run on memory (the exact reference) and on a real PostgreSQL."""

import math
import random
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.errors import EmbeddingMismatchError
from rag.ports import ChunkStore
from rag.stores.memory import MemoryStore
from rag.stores.pgvector import ChunkTable, Cursor, OpenCursor, PgvectorStore, vector_literal
from rag.types import ChunkText, Query

# Other names than the default ones, so that a name written into SQL by hand is found.
TABLE = ChunkTable(table="passages", scope="tenant", text="content", embedding="vec", position="ordinal")
DDL = """
DROP TABLE IF EXISTS passages;
CREATE TABLE passages (
    id uuid PRIMARY KEY, tenant uuid NOT NULL, dataset_id uuid NOT NULL, document_id uuid NOT NULL,
    ordinal int NOT NULL, page int, content text NOT NULL, tokens int NOT NULL, vec vector NOT NULL,
    created_at timestamptz NOT NULL, UNIQUE (document_id, ordinal)
);
CREATE INDEX ON passages (tenant, dataset_id);
"""
A, B = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))


def an_id(number: int) -> str:
    return str(uuid.UUID(int=1000 + number))


def opener(dsn: str) -> OpenCursor:
    @contextmanager
    def connect() -> Iterator[Cursor]:
        with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
            yield cursor

    return connect


@pytest.fixture(params=["memory", "pgvector"])
def make_store(request: pytest.FixtureRequest) -> Callable[[], ChunkStore]:
    """A function that gives an empty store."""
    if request.param == "memory":
        return MemoryStore
    dsn = request.getfixturevalue("postgres_dsn")

    def make() -> ChunkStore:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(DDL)
        return PgvectorStore(opener(dsn), TABLE)

    return make


@pytest.fixture
def store(make_store: Callable[[], ChunkStore]) -> ChunkStore:
    return make_store()


def chunks_of(*texts: str, page: int | None = 1) -> list[ChunkText]:
    return [ChunkText(text, page, position, len(text.split())) for position, text in enumerate(texts)]


def at_angle(degrees: float) -> list[float]:
    return [math.cos(math.radians(degrees)), math.sin(math.radians(degrees))]


def put(
    store: ChunkStore, *degrees: float, scope: str = A, dataset: int = 0, document: int = 0, page: int | None = 1
) -> int:
    return store.replace(
        scope=scope,
        dataset_id=an_id(dataset),
        document_id=an_id(document),
        chunks=chunks_of(*(f"at {angle}" for angle in degrees), page=page),
        vectors=[at_angle(angle) for angle in degrees],
    )


def query(
    scope: str = A, datasets: Sequence[int] = (0,), top_k: int = 4, documents: Sequence[int] | None = None
) -> Query:
    return Query(
        "?",
        scope,
        tuple(an_id(number) for number in datasets),
        top_k=top_k,
        document_ids=None if documents is None else tuple(an_id(number) for number in documents),
    )


def texts(store: ChunkStore, asked: Query, degrees: float = 0) -> list[str]:
    return [hit.text for hit in store.nearest(query=asked, vector=at_angle(degrees))]


def test_the_nearest_come_first_with_their_cosine_and_where_they_stand(store: ChunkStore) -> None:
    assert put(store, 60, 10, 170, page=7) == 3
    hits = store.nearest(query=query(), vector=at_angle(0))
    assert [hit.text for hit in hits] == ["at 10", "at 60", "at 170"]
    assert [hit.score for hit in hits] == pytest.approx([math.cos(math.radians(10)), 0.5, 0.0], abs=1e-6)
    assert [hit.position for hit in hits] == [1, 0, 2]
    assert {(hit.page, hit.dataset_id, hit.document_id) for hit in hits} == {(7, an_id(0), an_id(0))}
    assert len({hit.chunk_id for hit in hits}) == 3


def test_top_k_is_kept_and_equal_chunks_come_in_a_fixed_order(store: ChunkStore) -> None:
    put(store, 5, 5, 5, document=1, page=None)
    put(store, 5, 5, document=0, page=None)
    hits = store.nearest(query=query(top_k=4), vector=at_angle(5))
    assert [(hit.document_id, hit.position) for hit in hits] == [
        (an_id(0), 0),
        (an_id(0), 1),
        (an_id(1), 0),
        (an_id(1), 1),
    ]
    assert hits[0].page is None


def test_replace_leaves_nothing_of_the_former_chunks(store: ChunkStore) -> None:
    put(store, 1, 2, 3)
    put(store, 20, document=1)
    assert put(store, 40) == 1
    assert texts(store, query()) == ["at 20", "at 40"]
    assert put(store) == 0
    assert texts(store, query()) == ["at 20"]


def test_delete_removes_one_document_and_says_how_many_chunks_it_had(store: ChunkStore) -> None:
    put(store, 1, 2, document=0)
    put(store, 3, document=1)
    assert store.delete(scope=A, document_id=an_id(0)) == 2
    assert store.delete(scope=A, document_id=an_id(0)) == 0
    assert texts(store, query()) == ["at 3"]


def test_another_scope_can_neither_read_nor_replace_nor_delete(store: ChunkStore) -> None:
    put(store, 1, 2)
    assert texts(store, query(scope=B)) == []
    assert store.delete(scope=B, document_id=an_id(0)) == 0
    assert texts(store, query()) == ["at 1", "at 2"]


def test_only_the_datasets_and_documents_asked_for_are_searched(store: ChunkStore) -> None:
    put(store, 1, dataset=0, document=0)
    put(store, 2, dataset=1, document=1)
    put(store, 3, dataset=1, document=2)
    assert texts(store, query(datasets=[1])) == ["at 2", "at 3"]
    assert texts(store, query(datasets=[0, 1])) == ["at 1", "at 2", "at 3"]
    assert texts(store, query(datasets=[0, 1], documents=[0, 2])) == ["at 1", "at 3"]
    assert texts(store, query(datasets=[0], documents=[2])) == []
    assert texts(store, query(datasets=[])) == [], "no dataset is none, not all"
    assert texts(store, query(documents=[])) == [], "no document is none, not all"


def test_text_and_vectors_come_back_as_they_were(store: ChunkStore) -> None:
    text = "50 % of 'quotes' \\ %s {braces}\n\ttab 检索 😀 Ё"
    store.replace(
        scope=A, dataset_id=an_id(0), document_id=an_id(0), chunks=chunks_of(text), vectors=[[1e-20, -3.4e5, 0.1]]
    )
    [hit] = store.nearest(query=query(), vector=[1e-20, -3.4e5, 0.1])
    assert hit.text == text
    assert hit.score == pytest.approx(1.0)


@pytest.mark.parametrize(
    "vectors",
    [[], [[1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [math.nan, 1.0]]],
    ids=["none", "too few", "two lengths", "zero", "nan"],
)
def test_vectors_that_cannot_be_right_are_refused_and_the_former_chunks_stay(
    store: ChunkStore, vectors: list[list[float]]
) -> None:
    put(store, 1)
    with pytest.raises(EmbeddingMismatchError):
        store.replace(
            scope=A, dataset_id=an_id(0), document_id=an_id(0), chunks=chunks_of("one", "two"), vectors=vectors
        )
    assert texts(store, query()) == ["at 1"]


def test_chunks_of_another_model_are_an_error_and_not_a_gap(store: ChunkStore) -> None:
    put(store, *range(10))
    store.replace(
        scope=A, dataset_id=an_id(0), document_id=an_id(1), chunks=chunks_of("long"), vectors=[[0.0, 0.0, 1.0]]
    )
    with pytest.raises(EmbeddingMismatchError, match="2 dimensions"):
        store.nearest(query=query(top_k=1), vector=at_angle(0))
    assert len(texts(store, query(documents=[0]))) == 4
    with pytest.raises(EmbeddingMismatchError, match="no direction"):
        store.nearest(query=query(), vector=[0.0, 0.0])


def test_a_document_that_is_stored_twice_at_once_is_there_once(store: ChunkStore) -> None:
    threads = [threading.Thread(target=put, args=(store, *range(300))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hits = store.nearest(query=query(top_k=1000), vector=at_angle(0))
    assert sorted(hit.position for hit in hits) == list(range(300))


@given(
    placed=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 3), st.integers(0, 359)), max_size=12
    ),
    scope=st.integers(0, 2),
    datasets=st.sets(st.integers(0, 2)),
    top_k=st.integers(1, 6),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_r16_a_search_never_returns_a_chunk_of_another_tenant(
    make_store: Callable[[], ChunkStore],
    placed: list[tuple[int, int, int, int]],
    scope: int,
    datasets: set[int],
    top_k: int,
) -> None:
    store = make_store()
    # The same dataset ids in every tenant: only the scope keeps them apart.
    documents: dict[tuple[int, int, int], list[int]] = {}
    for tenant, dataset, document, angle in placed:
        documents.setdefault((tenant, dataset, document), []).append(angle)
    for (tenant, dataset, document), angles in documents.items():
        put(store, *angles, scope=an_id(tenant), dataset=dataset, document=100 * tenant + 10 * dataset + document)
    hits = store.nearest(query=query(scope=an_id(scope), datasets=sorted(datasets), top_k=top_k), vector=at_angle(0))
    allowed = {
        an_id(100 * tenant + 10 * dataset + document): an_id(dataset)
        for tenant, dataset, document in documents
        if tenant == scope and dataset in datasets
    }
    assert all(allowed.get(hit.document_id) == hit.dataset_id for hit in hits)
    own = [angle for key, angles in documents.items() if key[0] == scope and key[1] in datasets for angle in angles]
    assert len(hits) == min(top_k, len(own))
    best = sorted((max(math.cos(math.radians(angle)), 0.0) for angle in own), reverse=True)[:top_k]
    assert [hit.score for hit in hits] == pytest.approx(best, abs=1e-6)


def test_r16_one_percent_of_the_rows_still_gives_all_hits_with_recall_1_even_beside_an_ann_index(
    postgres_dsn: str,
) -> None:
    """99 % of the rows are another tenant's, nearer to the query, and an HNSW index tempts the planner."""
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(DDL)
        _fill(connection, random.Random(7), own=60, foreign=5940)
        connection.execute("CREATE INDEX ON passages USING hnsw ((vec::vector(16)) vector_cosine_ops)")
        connection.execute("ANALYZE passages")
        exact = [
            row[0]
            for row in connection.execute(
                "SELECT content FROM passages WHERE tenant = %s ORDER BY vec <=> %s::vector LIMIT 10",
                [A, vector_literal(_near_axis(random.Random(0), 0.0))],
            ).fetchall()
        ]
    store = PgvectorStore(opener(postgres_dsn), TABLE)
    hits = store.nearest(query=query(top_k=10), vector=_near_axis(random.Random(0), 0.0))
    assert [hit.text for hit in hits] == exact
    assert len(hits) == 10
    assert all(hit.text.startswith(A) for hit in hits)


def _near_axis(rng: random.Random, noise: float) -> list[float]:
    return [1.0 + noise * rng.gauss(0, 1)] + [noise * rng.gauss(0, 1) for _ in range(15)]


def _fill(connection: psycopg.Connection[tuple[object, ...]], rng: random.Random, *, own: int, foreign: int) -> None:
    rows = [(A, 3.0)] * own + [(B, 0.1)] * foreign
    with connection.cursor() as cursor, cursor.copy("COPY passages FROM STDIN") as copy:
        for number, (tenant, noise) in enumerate(rows):
            vector = vector_literal(_near_axis(rng, noise))
            text = f"{tenant} {number}"
            copy.write_row((uuid.uuid4(), tenant, an_id(0), an_id(0), number, 1, text, 3, vector, "2026-01-01"))


def test_a_failed_replace_leaves_the_table_as_it_was(postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(DDL)
    store = PgvectorStore(opener(postgres_dsn), TABLE)
    put(store, 1, 2)
    clash = [ChunkText("same", 1, 0, 1)] * 2  # two chunks at one position
    with pytest.raises(psycopg.errors.UniqueViolation):
        store.replace(
            scope=A, dataset_id=an_id(0), document_id=an_id(0), chunks=clash, vectors=[at_angle(1), at_angle(2)]
        )
    assert texts(store, query()) == ["at 1", "at 2"]


@pytest.mark.parametrize("name", ['chunk"; DROP TABLE x; --', "Chunk", "", "a.b", "chunk\n"])
def test_a_table_name_that_could_be_sql_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="table is"):
        ChunkTable(table=name)
