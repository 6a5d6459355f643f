"""Questions to a dataset over HTTP: settings, filters and stages, and what is refused."""

from collections.abc import Iterator
from typing import Any

import pytest

from backend.common.errors import Invalid
from backend.datasets.ports import WRITERS
from rag.ports import Write
from tests.backend.datasets.conftest import Library, filled

pytestmark = pytest.mark.django_db(transaction=True)
TEXTS = {
    "terms.txt": "The warranty lasts three years and covers the battery.",
    "bills.txt": "Invoices are paid within thirty days of delivery.",
    "office.txt": "The office in Lisbon opens at nine and closes at six.",
}


@pytest.fixture
def stocked(library: Library) -> Library:
    """A dataset of three documents with an author and a year."""
    for name, kind in (("author", "string"), ("year", "number")):
        library.person.request("POST", f"{library.path}/metadata-fields", {"name": name, "type": kind})
    for n, (name, text) in enumerate(TEXTS.items()):
        document = library.add(name, text.encode())
        values = {"author": "Ann" if n else "Bob", "year": 2000 + n}
        path = f"{library.path}/documents/{document['id']}"
        assert library.person.request("PATCH", path, {"metadata": values}).status_code == 200
    return library


@pytest.fixture(autouse=True)
def _writers() -> Iterator[None]:
    async def write(prompt: str, max_tokens: int) -> str:
        return "How long does the warranty last?"

    def made(workspace_id: str, model: str) -> Write:
        if model != "house/big":
            raise Invalid(f"there is no chat model {model!r}", code="model_not_found")
        return write

    yield from filled(WRITERS, made)


def asked(library: Library, query: str = "warranty battery", **body: object) -> Any:
    return library.person.request("POST", f"{library.path}/retrieve", {"query": query, **body})


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [hit["document_name"] for hit in answer.json()["results"]]


@pytest.mark.parametrize("mode", ["semantic", "full_text", "hybrid"])
def test_every_mode_finds_the_passage_and_says_how(stocked: Library, mode: str) -> None:
    body = asked(stocked, mode=mode, with_stages=True).json()
    first = body["results"][0]
    assert (first["document_name"], first["text"]) == ("terms.txt", TEXTS["terms.txt"])
    assert (first["answer"], first["child"], first["areas"]) == ("", "", [])
    stages = {stage["name"] for stage in body["trace"]}
    assert {"semantic": {"semantic"}, "full_text": {"full_text"}}.get(mode, {"semantic", "full_text", "fuse"}) <= stages
    traced = {chunk for stage in body["trace"] for chunk in stage["detail"].get("ids", [])}
    assert set(body["chunks"]) == traced
    assert body["chunks"][first["chunk_id"]]["document_name"] == "terms.txt"
    assert all(stage["elapsed_ms"] >= 0 for stage in body["trace"])


def test_the_chunks_of_the_stages_come_only_when_they_are_asked_for(stocked: Library) -> None:
    assert "chunks" not in asked(stocked).json()


def test_what_a_question_does_not_say_the_dataset_says(stocked: Library) -> None:
    assert len(names(asked(stocked, mode="semantic", top_k=3))) == 3
    stocked.person.request("PATCH", stocked.path, {"retrieval": {"top_k": 1, "mode": "semantic"}})
    assert names(asked(stocked)) == ["terms.txt"]
    assert len(names(asked(stocked, top_k=2))) == 2
    shown = stocked.person.request("GET", stocked.path).json()["retrieval"]
    assert (shown["top_k"], shown["mode"], shown["fusion"], shown["model"]) == (1, "semantic", "auto", "")


@pytest.mark.parametrize(
    ("logic", "conditions", "found"),
    [
        ("and", [("author", "is", "Ann")], {"bills.txt", "office.txt"}),
        ("and", [("author", "is", "Ann"), ("year", ">", 2001)], {"office.txt"}),
        ("or", [("author", "is", "Bob"), ("year", "=", 2002)], {"terms.txt", "office.txt"}),
        ("and", [("year", "in", [2000, 2001])], {"terms.txt", "bills.txt"}),
        ("and", [("document_name", "ends with", "s.txt")], {"terms.txt", "bills.txt"}),
        ("and", [("upload_date", "after", 1_000_000_000)], set(TEXTS)),
        ("and", [("author", "empty", None)], set()),
    ],
)
def test_filters_leave_the_documents_that_they_name(
    stocked: Library, logic: str, conditions: list[tuple[str, str, object]], found: set[str]
) -> None:
    where = {"logic": logic, "conditions": [{"field": f, "operator": o, "value": v} for f, o, v in conditions]}
    assert set(names(asked(stocked, mode="semantic", top_k=10, filter=where))) == found


@pytest.mark.parametrize(
    ("field", "operator", "value", "said"),
    [
        ("colour", "is", "red", "'author'"),
        ("author", ">", "Ann", "cannot be asked"),
        ("year", "contains", "20", "cannot be asked"),
        ("year", "=", "2000", "a number"),
        ("year", "=", 10**400, "a number"),
        ("author", "is", 5, "a text"),
        ("author", "in", [], "give 1 to"),
        ("author", "is", "x" * 2001, "at most"),
        ("upload_date", "after", "2026-01-01", "seconds since 1970"),
        ("author", "sounds like", "Ann", "valid choice"),
    ],
)
def test_a_filter_that_cannot_be_says_which_condition_and_why(
    stocked: Library, field: str, operator: str, value: object, said: str
) -> None:
    where = {"conditions": [{"field": field, "operator": operator, "value": value}]}
    refused = asked(stocked, filter=where)
    assert refused.status_code == 400, refused.content
    [(place, messages)] = refused.json()["extra"]["fields"].items()
    assert place.startswith("filter.conditions.0")
    assert said in messages[0]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"query": ""}, 400, "query"),
        ({"query": "x" * 1_000_000}, 422, ""),
        ({"query": "q", "top_k": 0}, 400, "top_k"),
        ({"query": "q", "top_k": 101}, 400, "top_k"),
        ({"query": "q", "mode": "telepathy"}, 400, "mode"),
        ({"query": "q", "score_threshold": 2}, 400, "score_threshold"),
        ({"query": "q", "topk": 4}, 400, "topk"),
        ({"query": "q", "rewrite": True}, 400, "model"),
        ({"query": "q", "model_filter": True}, 400, "model"),
        ({"query": "q", "filter": {"conditions": "all"}}, 400, "filter.conditions"),
        ({"query": "q", "filter": {}}, 400, "filter.conditions"),
        ({"query": "q", "history": [{"role": "system", "content": "x"}]}, 400, "history.0.role"),
    ],
)
def test_a_question_that_cannot_be_is_refused_by_field(
    library: Library, body: dict[str, object], status: int, field: str
) -> None:
    refused = library.person.request("POST", f"{library.path}/retrieve", body)
    assert refused.status_code == status, refused.content[:300]
    assert len(refused.json()["message"]) < 1000, "a long query is not told back"
    if field:
        assert any(name.startswith(field) for name in refused.json()["extra"]["fields"])


def test_a_model_rewrites_a_question_from_its_conversation(stocked: Library) -> None:
    history = [{"role": "user", "content": "Tell me of the warranty."}, {"role": "assistant", "content": "Gladly."}]
    body = {"rewrite": True, "model": "house/big", "history": history, "mode": "full_text"}
    answer = asked(stocked, "And how long does it last?", **body)
    assert names(answer)[0] == "terms.txt"
    [stage] = [stage for stage in answer.json()["trace"] if stage["name"] == "rewrite"]
    assert "How long does the warranty last?" in stage["detail"].values()
    unknown = asked(stocked, rewrite=True, model="none/such")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "model_not_found")


def test_contradicting_settings_of_a_dataset_are_refused(library: Library) -> None:
    for wrong in ({"rewrite": True}, {"top_k": 0}, {"colour": "red"}, {"model": "none/such"}):
        refused = library.person.request("PATCH", library.path, {"retrieval": wrong})
        assert refused.status_code == 400, wrong
    assert library.person.request("GET", library.path).json()["retrieval"]["rewrite"] is False
