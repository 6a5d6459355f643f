"""Searches with a dataset key, by each method and each filter of Dify's retrieval model."""

from typing import Any

import pytest

from tests.backend.apps.running import LIVE
from tests.backend.service_api.knowledge.conftest import TERMS, Shelf

pytestmark = LIVE


@pytest.mark.parametrize("word", ["retrieve", "hit-testing"])
def test_a_search_answers_with_segments_and_their_documents(shelf: Shelf, word: str) -> None:
    document = shelf.add_terms()
    answer = shelf.post(f"{shelf.path}/{word}", {"query": "warranty battery"})
    assert answer["query"] == {"content": "warranty battery"}
    record = answer["records"][0]
    assert set(record) == {"segment", "child_chunks", "score", "tsne_position", "files", "summary"}
    segment = record["segment"]
    assert (segment["content"], segment["position"], segment["document_id"]) == (TERMS[0], 1, document)
    assert (segment["document"]["id"], segment["document"]["name"]) == (document, "Terms")
    assert record["child_chunks"] == [] and 0 < record["score"] <= 1


@pytest.mark.parametrize("method", ["semantic_search", "full_text_search", "keyword_search", "hybrid_search"])
def test_each_method_finds_the_right_segment_first(shelf: Shelf, method: str) -> None:
    shelf.add_terms()
    assert shelf.found("office Lisbon", search_method=method)[0] == TERMS[2]


def test_words_alone_are_what_full_text_finds(shelf: Shelf) -> None:
    shelf.add_terms()
    assert shelf.found("Lisbon", search_method="full_text_search") == [TERMS[2]]
    assert len(shelf.found("Lisbon")) == 3


def test_top_k_and_the_threshold_count_only_when_they_are_meant_to(shelf: Shelf) -> None:
    shelf.add_terms()
    assert len(shelf.found("warranty", top_k=2)) == 2
    scores = [
        record["score"] for record in shelf.post(f"{shelf.path}/retrieve", {"query": "warranty battery"})["records"]
    ]
    assert scores == sorted(scores, reverse=True)
    assert shelf.found("warranty", score_threshold_enabled=True, score_threshold=0.99) == []
    assert len(shelf.found("warranty", score_threshold_enabled=False, score_threshold=0.99)) == 3


def weights(vector: float, keyword: float) -> dict[str, Any]:
    return {
        "search_method": "hybrid_search",
        "reranking_mode": "weighted_score",
        "weights": {"vector_setting": {"vector_weight": vector}, "keyword_setting": {"keyword_weight": keyword}},
    }


def test_weights_decide_which_leg_counts(shelf: Shelf) -> None:
    shelf.add_terms()
    both = shelf.found("Lisbon", **weights(0.5, 0.5))
    assert both[0] == TERMS[2] and len(both) == 3
    by_kind = {"search_method": "hybrid_search", "reranking_mode": "weighted_score"}
    assert shelf.found("Lisbon", **by_kind, weights={"weight_type": "keyword_first"})[0] == TERMS[2]
    body = {"query": "q", "retrieval_model": {"top_k": 3, **weights(0, 0)}}
    assert shelf.refused("POST", f"{shelf.path}/retrieve", body)[:2] == (400, "invalid_param")


def test_metadata_conditions_leave_only_the_documents_that_meet_them(shelf: Shelf) -> None:
    fields = {
        name: shelf.post(f"{shelf.path}/metadata", {"name": name, "type": kind}, 201)["id"]
        for name, kind in (("year", "number"), ("author", "string"))
    }
    for name, year, author in (("old", 1999, "Ann"), ("new", 2024, "Eve")):
        document = shelf.add(name, f"The {name} warranty.")
        values = [{"id": fields["year"], "name": "year", "value": year}, {"id": fields["author"], "value": author}]
        operation = {"operation_data": [{"document_id": document, "metadata_list": values}]}
        assert shelf.post(f"{shelf.path}/documents/metadata", operation) == {"result": "success"}
    assert len(shelf.found("warranty")) == 2

    def where(*conditions: tuple[str, str, Any], logic: str = "and") -> list[str]:
        listed = [{"name": n, "comparison_operator": o, "value": v} for n, o, v in conditions]
        return shelf.found("warranty", metadata_filtering_conditions={"logical_operator": logic, "conditions": listed})

    new, old = ["The new warranty."], ["The old warranty."]
    assert where(("year", ">", 2000)) == new and where(("year", "≤", "2000")) == old
    assert where(("author", "is", "Ann")) == old and where(("author", "start with", "E")) == new
    assert where(("author", "in", "Ann, Bob")) == old and where(("author", "not in", ["Ann"])) == new
    assert where(("document_name", "contains", "ne")) == new
    assert where(("year", ">", 2000), ("author", "is", "Ann")) == []
    assert len(where(("year", ">", 2000), ("author", "is", "Ann"), logic="or")) == 2
    assert where() == shelf.found("warranty")


def test_a_condition_that_cannot_be_asked_is_named(shelf: Shelf) -> None:
    shelf.add_terms()

    def refused(name: str, operator: str, value: Any) -> tuple[int, str, str]:
        condition = {"name": name, "comparison_operator": operator, "value": value}
        model = {
            "search_method": "hybrid_search",
            "top_k": 2,
            "metadata_filtering_conditions": {"conditions": [condition]},
        }
        return shelf.refused("POST", f"{shelf.path}/retrieve", {"query": "q", "retrieval_model": model})

    at = "retrieval_model.metadata_filtering_conditions.conditions.0"
    assert refused("nothing", "is", "x") == (400, "invalid_param", at)
    assert refused("document_name", ">", 3) == (400, "invalid_param", at)
    assert refused("document_name", "resembles", "x")[:2] == (400, "invalid_param")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": ""},
        {"query": "   "},
        {"query": "x" * 251},
        {"query": "x" * 1_000_000},
        {"query": "q", "retrieval_model": {"search_method": "hybrid_search", "top_k": 1000}},
        {"query": "q", "attachment_ids": ["picture"]},
    ],
)
def test_what_cannot_be_asked_is_refused(shelf: Shelf, body: Any) -> None:
    assert shelf.refused("POST", f"{shelf.path}/retrieve", body)[:2] == (400, "invalid_param")


def test_an_empty_dataset_answers_nothing(shelf: Shelf) -> None:
    assert shelf.post(f"{shelf.path}/retrieve", {"query": "anything"})["records"] == []
