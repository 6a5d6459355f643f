"""What every chunk store promises, run on memory (the exact reference) and on a real PostgreSQL."""

import math
import threading
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.errors import EmbeddingMismatchError
from rag.filters import Condition, Filter
from rag.stores.documents import DocumentInfo
from rag.types import Area, ChildText, ChunkText, Hit
from tests.conformance.rigs import (
    A,
    B,
    Rig,
    an_id,
    at_angle,
    chunks_of,
    put,
    put_texts,
    query,
    ref_of,
    texts,
    words,
)


def test_the_nearest_come_first_with_their_cosine_and_where_they_stand(rig: Rig) -> None:
    assert put(rig, 60, 10, 170, page=7) == 3
    hits = rig.store.nearest(query=query(), vector=at_angle(0))
    assert [hit.text for hit in hits] == ["at 10", "at 60", "at 170"]
    assert [hit.score for hit in hits] == pytest.approx([math.cos(math.radians(10)), 0.5, 0.0], abs=1e-6)
    assert [hit.position for hit in hits] == [1, 0, 2]
    assert {(hit.page, hit.dataset_id, hit.document_id) for hit in hits} == {(7, an_id(0), an_id(0))}
    assert len({hit.chunk_id for hit in hits}) == 3


def test_top_k_is_kept_and_equal_chunks_come_in_a_fixed_order(rig: Rig) -> None:
    put(rig, 5, 5, 5, ref=ref_of(1), page=None)
    put(rig, 5, 5, ref=ref_of(0), page=None)
    hits = rig.store.nearest(query=query(top_k=4), vector=at_angle(5))
    assert [(hit.document_id, hit.position) for hit in hits] == [
        (an_id(0), 0),
        (an_id(0), 1),
        (an_id(1), 0),
        (an_id(1), 1),
    ]
    assert hits[0].page is None


def test_replace_leaves_nothing_of_the_former_chunks(rig: Rig) -> None:
    put(rig, 1, 2, 3)
    put(rig, 20, ref=ref_of(1))
    assert put(rig, 40) == 1
    assert texts(rig, query()) == ["at 20", "at 40"]
    assert words(rig, "at 2") == ["at 40", "at 20"]
    assert put(rig) == 0
    assert texts(rig, query()) == ["at 20"]


def test_delete_removes_one_document_and_says_how_many_chunks_it_had(rig: Rig) -> None:
    put(rig, 1, 2, ref=ref_of(0))
    put(rig, 3, ref=ref_of(1))
    assert rig.store.delete(ref_of(0)) == 2
    assert rig.store.delete(ref_of(0)) == 0
    assert texts(rig, query()) == ["at 3"]
    assert words(rig, "at") == ["at 3"]


def test_another_scope_can_neither_read_nor_delete(rig: Rig) -> None:
    put(rig, 1, 2)
    assert texts(rig, query(scope=B)) == []
    assert words(rig, "at", scope=B) == []
    assert rig.store.languages(query=query(scope=B)) == {}
    [hit] = rig.store.nearest(query=query(top_k=1), vector=at_angle(0))
    assert rig.store.around(query=query(scope=B), hit=hit, chunks=5) == []
    assert texts(rig, query()) == ["at 1", "at 2"]


def test_only_the_datasets_and_documents_asked_for_are_searched(rig: Rig) -> None:
    put(rig, 1, ref=ref_of(0, 0))
    put(rig, 2, ref=ref_of(1, 1))
    put(rig, 3, ref=ref_of(2, 1))
    assert texts(rig, query(datasets=[1])) == ["at 2", "at 3"]
    assert texts(rig, query(datasets=[0, 1])) == ["at 1", "at 2", "at 3"]
    assert texts(rig, query(datasets=[0, 1], documents=[0, 2])) == ["at 1", "at 3"]
    assert texts(rig, query(datasets=[0], documents=[2])) == []
    assert texts(rig, query(datasets=[])) == [], "no dataset is none, not all"
    assert texts(rig, query(documents=[])) == [], "no document is none, not all"
    assert words(rig, "at", dataset_ids=(an_id(0), an_id(1)), document_ids=(an_id(2),)) == ["at 3"]
    assert words(rig, "at", document_ids=()) == []


def test_everything_of_a_chunk_comes_back_as_it_was(rig: Rig) -> None:
    text = "50 % of 'quotes' \\ %s {braces}\n\ttab 检索 😀 Ё"
    areas = (Area(0.125, 0.25, 0.5, 0.75), Area(0, 0, 1, 1))
    rig.describe(ref_of(), DocumentInfo("a"))
    chunk = ChunkText(text, 3, 0, 9, areas=areas, answer="{} %s NULL")
    rig.store.replace(ref_of(), chunks=[chunk], vectors=[[1e-20, -3.4e5, 0.1]])
    [hit] = rig.store.nearest(query=query(), vector=[1e-20, -3.4e5, 0.1])
    assert (hit.text, hit.answer, hit.areas, hit.page) == (text, "{} %s NULL", areas, 3)
    assert hit.score == pytest.approx(1.0)


def test_characters_that_no_database_takes_do_not_stop_a_document(rig: Rig) -> None:
    rig.describe(ref_of(), DocumentInfo("a"))
    chunk = ChunkText("one\0 \ud800kettle", 1, 0, 2, answer="\0", children=(ChildText("two\0 ship\udfff", 2),))
    rig.store.replace(ref_of(), chunks=[chunk], vectors=[at_angle(1)], language="en")
    assert len(words(rig, "ship\0")) == 1
    odd = Filter((Condition("\0", "contains", "\ud800\0"), Condition("\0", "in", ("\0",))), "or")
    assert texts(rig, query(given=odd)) == []


@pytest.mark.parametrize(
    "vectors",
    [[], [[1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [math.nan, 1.0]]],
    ids=["none", "too few", "two lengths", "zero", "nan"],
)
def test_vectors_that_cannot_be_right_are_refused_and_the_former_chunks_stay(
    rig: Rig, vectors: list[list[float]]
) -> None:
    put(rig, 1)
    with pytest.raises(EmbeddingMismatchError):
        rig.store.replace(ref_of(), chunks=chunks_of("one", "two"), vectors=vectors)
    assert texts(rig, query()) == ["at 1"]


def test_vectors_of_another_model_are_refused_when_stored_and_when_asked(rig: Rig) -> None:
    put(rig, *range(10))
    rig.describe(ref_of(1), DocumentInfo("b"))
    with pytest.raises(EmbeddingMismatchError, match="3 dimensions"):
        rig.store.replace(ref_of(1), chunks=chunks_of("long"), vectors=[[0.0, 0.0, 1.0]])
    with pytest.raises(EmbeddingMismatchError, match="3 dimensions"):
        rig.store.nearest(query=query(top_k=1), vector=[0.0, 0.0, 1.0])
    with pytest.raises(EmbeddingMismatchError, match="no direction"):
        rig.store.nearest(query=query(), vector=[0.0, 0.0])
    assert len(texts(rig, query())) == 4


def test_a_document_that_is_stored_twice_at_once_is_there_once(rig: Rig) -> None:
    put(rig, 0)
    threads = [threading.Thread(target=put, args=(rig, *range(300))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hits = rig.store.nearest(query=query(top_k=1000), vector=at_angle(0))
    assert sorted(hit.position for hit in hits) == list(range(300))


def test_documents_that_are_published_at_once_all_count(rig: Rig) -> None:
    """Eight documents share their words: writers that took them in different orders would wait for each other."""

    def store(number: int) -> None:
        shared = [f"{word} {number}" for word in ("kettle", "warranty", "ship", "noon", "harbour")]
        for _ in range(3):
            put_texts(rig, *(shared if number % 2 else reversed(shared)), ref=ref_of(number))

    threads = [threading.Thread(target=store, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(words(rig, "kettle", top_k=50)) == 8
    assert rig.store.languages(query=query()) == {"en": 40}


def test_vectors_that_are_known_need_no_second_embedding(make_rig: Callable[[], Rig]) -> None:
    rig = make_rig()
    rig.index_of(0)
    put(rig, 30, 60)
    known = rig.store.known_vectors(scope=A, model="words", texts=["at 30", "at 31"])
    assert known.keys() == {"at 30"}
    assert known["at 30"] == pytest.approx(at_angle(30))
    assert rig.store.known_vectors(scope=B, model="words", texts=["at 30"]) == {}


@given(
    placed=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 3), st.integers(0, 359)), max_size=12
    ),
    scope=st.integers(0, 2),
    datasets=st.sets(st.integers(0, 8)),
    top_k=st.integers(1, 6),
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_r16_a_search_never_returns_a_chunk_of_another_tenant(
    make_rig: Callable[[], Rig],
    placed: list[tuple[int, int, int, int]],
    scope: int,
    datasets: set[int],
    top_k: int,
) -> None:
    rig = make_rig()
    # Dataset 3 t + d is of tenant t; the search names datasets of all tenants.
    documents: dict[tuple[int, int, int], list[int]] = {}
    for tenant, dataset, document, angle in placed:
        documents.setdefault((tenant, 3 * tenant + dataset, document), []).append(angle)
    for (tenant, dataset, document), angles in documents.items():
        put(rig, *angles, ref=ref_of(100 * tenant + 10 * dataset + document, dataset, an_id(tenant)))
    asked = query(scope=an_id(scope), datasets=sorted(datasets), top_k=top_k, text="at")
    own = [angle for key, angles in documents.items() if key[0] == scope and key[1] in datasets for angle in angles]
    best = sorted((max(math.cos(math.radians(angle)), 0.0) for angle in own), reverse=True)[:top_k]
    found = rig.store.nearest(query=asked, vector=at_angle(0))
    assert [hit.score for hit in found] == pytest.approx(best, abs=1e-6)
    matching = rig.store.matching(query=asked)
    assert len(matching) == min(top_k, len(own))
    allowed = {
        an_id(100 * tenant + 10 * dataset + document): an_id(dataset)
        for tenant, dataset, document in documents
        if tenant == scope and dataset in datasets
    }
    hits: list[Hit] = [*found, *matching]
    assert all(allowed.get(hit.document_id) == hit.dataset_id for hit in hits)
