"""What every chunk store finds by words and by filters, and at once after a change; on memory and on PostgreSQL."""

from collections.abc import Callable

import pytest

from rag.errors import ChunkNotFoundError, IncompleteRevisionError
from rag.filters import Condition, Filter, Operator
from rag.stores.documents import DocumentInfo
from rag.types import ChildText, ChunkText
from tests.conformance.rigs import Rig, an_id, at_angle, chunks_of, put, put_texts, query, ref_of, texts, words


def test_words_are_found_in_any_of_their_forms_and_rare_ones_weigh_more(rig: Rig) -> None:
    put_texts(rig, "the kettle is blue", "the ship is old", "the ships sailed", "the kettle has a warranty")
    assert words(rig, "SHIP") == ["the ships sailed", "the ship is old"]
    assert words(rig, "kettles with warranties")[0] == "the kettle has a warranty"
    assert words(rig, "submarine") == []
    scores = [hit.score for hit in rig.store.matching(query=query(text="the warranty"))]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score < 1 for score in scores)


@pytest.mark.parametrize(
    ("language", "text", "asked"),
    [
        ("ru", "Бегущие по волнам корабли", "корабль"),
        ("zh", "小明毕业于中国科学院计算所", "科学院"),
        ("ja", "日本語の検索エンジンです", "検索"),
        ("ko", "한국어 검색 엔진", "검색"),
        ("de", "Die Häuser der Städte", "Haus"),
    ],
)
def test_full_text_knows_languages(rig: Rig, language: str, text: str, asked: str) -> None:
    put_texts(rig, text, ref=ref_of(1), language=language)
    put_texts(rig, "the ship is old", ref=ref_of(2))
    assert words(rig, asked) == [text]
    assert rig.store.languages(query=query()) == {language: 1, "en": 1}


def test_what_is_disabled_or_deleted_changes_the_weight_of_words_at_once(rig: Rig) -> None:
    put_texts(rig, "kettle one", "kettle two", "ship three")
    before = {hit.text: hit.score for hit in rig.store.matching(query=query(text="kettle ship"))}
    [hit] = rig.store.matching(query=query(text="two"))
    rig.switch(ref_of(), hit.chunk_id, False)
    after = {hit.text: hit.score for hit in rig.store.matching(query=query(text="kettle ship"))}
    assert after.keys() == {"kettle one", "ship three"}
    assert after["kettle one"] == pytest.approx(after["ship three"]), "both words stand in one passage now"
    assert before["kettle one"] < before["ship three"]
    assert texts(rig, query()) == ["kettle one", "ship three"]
    rig.switch(ref_of(), hit.chunk_id, True)
    again = {hit.text: hit.score for hit in rig.store.matching(query=query(text="kettle ship"))}
    assert again == pytest.approx(before)
    assert rig.store.drop(ref_of(), chunk_ids=[hit.chunk_id, an_id(9)]) == 1
    dropped = {hit.text: hit.score for hit in rig.store.matching(query=query(text="kettle ship"))}
    assert dropped == pytest.approx(after)


def test_a_disabled_document_is_out_of_sight_and_comes_back_whole(rig: Rig) -> None:
    put_texts(rig, "kettle one", "kettle two")
    rig.describe(ref_of(), DocumentInfo("a", is_enabled=False))
    assert words(rig, "kettle") == texts(rig, query()) == []
    assert rig.store.languages(query=query()) == {}
    put_texts(rig, "kettle three", ref=ref_of(1))
    rig.describe(ref_of(), DocumentInfo("a"))
    assert sorted(words(rig, "kettle")) == ["kettle one", "kettle three", "kettle two"]


def test_a_revision_is_out_of_sight_until_it_is_published_whole(rig: Rig) -> None:
    put(rig, 1, 2)
    index = rig.index_of(0)
    new = chunks_of("new 0", "new 1", "new 2")
    for first in (0, 2):
        part = new[first : first + 2]
        rig.store.stage(ref_of(), revision=2, index_id=index, chunks=part, vectors=[at_angle(5)] * len(part))
        assert texts(rig, query()) == ["at 1", "at 2"]
        assert words(rig, "new") == []
        if not first:
            with pytest.raises(IncompleteRevisionError, match="2 of 3"):
                rig.store.publish(ref_of(), revision=2, chunks=3)
    # A part that comes twice is there once.
    rig.store.stage(ref_of(), revision=2, index_id=index, chunks=new[2:], vectors=[at_angle(5)])
    assert rig.store.staged(ref_of(), revision=2) == {chunk.position: chunk.digest for chunk in new}
    for _ in range(2):
        assert rig.store.publish(ref_of(), revision=2, chunks=3, language="en") == 3
        assert texts(rig, query()) == ["new 0", "new 1", "new 2"]
        assert words(rig, "at") == []
        assert rig.store.languages(query=query()) == {"en": 3}
    with pytest.raises(ValueError, match="published already"):
        rig.store.stage(ref_of(), revision=2, index_id=index, chunks=new, vectors=[at_angle(5)] * 3)
    assert rig.store.publish(ref_of(), revision=2, chunks=2) == 2
    assert texts(rig, query()) == ["new 0", "new 1"]


def test_a_child_is_found_and_its_parent_is_returned_once(rig: Rig) -> None:
    rig.describe(ref_of(), DocumentInfo("a"))
    parents = [
        ChunkText(
            f"parent {n}", 1, n, 9, children=tuple(ChildText(f"child {n}{c} kettle", 3) for c in range(30))
        )
        for n in range(3)
    ]  # fmt: skip
    vectors = [at_angle(10 * n + c / 10) for n in range(3) for c in range(30)]
    rig.store.replace(ref_of(), chunks=parents, vectors=vectors, language="en")
    hits = rig.store.nearest(query=query(top_k=3), vector=at_angle(0))
    assert [(hit.text, hit.child) for hit in hits] == [(f"parent {n}", f"child {n}0 kettle") for n in range(3)]
    assert len(words(rig, "kettle", top_k=3)) == 3
    [hit] = rig.store.matching(query=query(text="kettle 129", top_k=1))
    assert (hit.text, hit.child) == ("parent 1", "child 129 kettle")


def test_a_chunk_is_added_changed_and_found_at_once(rig: Rig) -> None:
    put(rig, 1, 2)
    index = rig.index_of(0)
    added = rig.store.put(
        ref_of(), index_id=index, chunk=ChunkText("brand new", None, 0, 2), vectors=[at_angle(90)], chunk_id=None
    )
    [hit] = rig.store.matching(query=query(text="brand"))
    assert (hit.chunk_id, hit.position) == (added, 2)
    changed = ChunkText("wholly other", None, 0, 2)
    assert rig.store.put(ref_of(), index_id=index, chunk=changed, vectors=[at_angle(91)], chunk_id=added) == added
    assert words(rig, "brand") == []
    [hit] = rig.store.matching(query=query(text="other"))
    assert (hit.chunk_id, hit.position) == (added, 2)
    assert texts(rig, query(top_k=1), degrees=91) == ["wholly other"]
    with pytest.raises(ChunkNotFoundError):
        rig.store.put(ref_of(), index_id=index, chunk=changed, vectors=[at_angle(1)], chunk_id=an_id(77))
    rig.switch(ref_of(), added, False)
    rig.store.put(
        ref_of(), index_id=index, chunk=ChunkText("hidden", None, 0, 1), vectors=[at_angle(9)], chunk_id=added
    )
    assert words(rig, "hidden") == [], "a change does not enable"


def test_neighbours_come_in_the_order_of_the_document(rig: Rig) -> None:
    put(rig, *range(10))
    put(rig, 200, ref=ref_of(1))
    [hit] = rig.store.nearest(query=query(top_k=1), vector=at_angle(4))
    around = rig.store.around(query=query(), hit=hit, chunks=2)
    assert [one.text for one in around] == ["at 2", "at 3", "at 4", "at 5", "at 6"]
    [first] = rig.store.nearest(query=query(top_k=1), vector=at_angle(0))
    rig.switch(ref_of(), around[0].chunk_id, False)
    assert [one.text for one in rig.store.around(query=query(), hit=first, chunks=2)] == ["at 0", "at 1", "at 3"]
    assert [one.text for one in rig.store.around(query=query(), hit=first, chunks=0)] == ["at 0"]


FILTERED: list[tuple[str, Operator, object, list[int]]] = [
    ("author", "is", "Ann", [0]),
    ("author", "is not", "Ann", [1, 2]),
    ("author", "in", ("Ann", "Bob"), [0, 1]),
    ("author", "not in", ("Ann",), [1, 2]),
    ("author", "contains", "N", [0]),
    ("author", "not contains", "n", [1, 2]),
    ("author", "starts with", "a", [0]),
    ("author", "ends with", "OB", [1]),
    ("author", "empty", None, [2, 3]),
    ("author", "not empty", None, [0, 1]),
    ("year", "=", 2020, [0]),
    ("year", "≠", 2020.0, [1]),
    ("year", ">", 2020, [1]),
    ("year", "≥", 2020, [0, 1]),
    ("year", "<", 2021, [0]),
    ("year", "≤", 2021, [0, 1]),
    ("year", "in", (2020.0, 2030.0), [0]),
    ("year", "empty", None, [2]),
    ("upload_date", "before", 2000, [0, 1]),
    ("upload_date", "after", 2000, [2, 3]),
    ("last_update_date", "is", 50.0, [3]),
    ("document_name", "ends with", ".pdf", [0, 2]),
    ("uploader", "is", "eve", [1]),
    ("source", "is", "website", [2]),
    ("o'neill \" %s", "is", "% _ \\", [3]),
]


def described(rig: Rig) -> None:
    for number, info in enumerate(
        [
            DocumentInfo("a.pdf", {"author": "Ann", "year": 2020}, created_at=1000, updated_at=1),
            DocumentInfo("b.txt", {"author": "Bob", "year": 2021}, uploader="eve", created_at=1001, updated_at=1),
            DocumentInfo("c.pdf", {"author": ""}, source_url="https://example.org", created_at=3000, updated_at=1),
            DocumentInfo("d.md", {"o'neill \" %s": "% _ \\", "year": "none"}, created_at=3001, updated_at=50),
        ]
    ):
        put_texts(rig, f"kettle {number}", ref=ref_of(number))
        rig.describe(ref_of(number), info)


@pytest.mark.parametrize(("field", "operator", "value", "kept"), FILTERED, ids=[f"{f} {o}" for f, o, _, _ in FILTERED])
def test_a_filter_keeps_documents_in_both_searches(
    make_rig: Callable[[], Rig], field: str, operator: Operator, value: object, kept: list[int]
) -> None:
    rig = make_rig()
    described(rig)
    given = Filter((Condition(field, operator, value),))  # type: ignore[arg-type]  # a union, given as a parameter
    asked = query(given=given, text="kettle", top_k=10)
    assert sorted(texts(rig, asked)) == sorted(hit.text for hit in rig.store.matching(query=asked))
    assert sorted(texts(rig, asked)) == [f"kettle {number}" for number in kept]


def test_conditions_are_joined_by_and_or_or(rig: Rig) -> None:
    described(rig)
    ann, old = Condition("author", "is", "Ann"), Condition("year", ">", 2020)
    assert texts(rig, query(given=Filter((ann, old), "and"))) == []
    assert sorted(texts(rig, query(given=Filter((ann, old), "or")))) == ["kettle 0", "kettle 1"]
    assert len(texts(rig, query(given=Filter(())))) == 4
