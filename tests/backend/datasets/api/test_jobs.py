"""The jobs of documents over HTTP, one by one and many at once, and how documents are sorted."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from backend.accounts.models import Role
from backend.datasets.models import Document
from tests.backend.conftest import Person
from tests.backend.datasets.conftest import Library

pytestmark = pytest.mark.django_db(transaction=True)


def acted(library: Library, action: str, *ids: str) -> dict[str, Any]:
    body = {"action": action, "ids": list(ids)}
    response = library.person.request("POST", f"{library.path}/documents/actions", body)
    assert response.status_code == 200, response.content
    return dict(response.json())


def test_a_document_is_paused_resumed_cancelled_and_indexed_again(library: Library) -> None:
    document_id = library.upload("a.txt", b"Some text.").json()["id"]
    one = f"{library.path}/documents/{document_id}"
    ask = library.person.request

    assert ask("POST", f"{one}/resume").status_code == 409
    paused = ask("POST", f"{one}/pause")
    assert (paused.status_code, paused.json()["is_paused"]) == (202, True)
    assert ask("POST", f"{one}/pause").status_code == 409
    assert ask("POST", f"{one}/resume").json()["is_paused"] is False
    assert ask("POST", f"{one}/reindex").status_code == 409, "it is on its way"
    cancelled = ask("POST", f"{one}/cancel").json()
    assert cancelled["status"] == "failed"
    assert "cancelled" in cancelled["reason"]
    assert ask("POST", f"{one}/reindex").json()["status"] == "queued"
    assert ask("POST", f"{one}/cancel").status_code == 202
    assert ask("POST", f"{one}/retry").json()["status"] == "queued"


def test_an_action_on_many_names_those_that_it_left(library: Library, stranger: Person, make_library: Any) -> None:
    ready = library.add("a.txt", b"Some text.")["id"]
    queued = library.upload("b.txt", b"More text.").json()["id"]
    foreign = make_library(stranger, "Theirs").upload("c.txt", b"Their text.").json()["id"]
    unknown = str(uuid.uuid4())

    result = acted(library, "pause", ready, queued, queued, foreign, unknown)
    assert result["done"] == 1
    reasons = {item["id"]: item["reason"] for item in result["skipped"]}
    assert set(reasons) == {ready, foreign, unknown}
    assert "on its way" in reasons[ready]
    assert reasons[foreign].replace(foreign, "") == reasons[unknown].replace(unknown, "")
    assert Document.unscoped.get(id=foreign).is_paused is False


def test_many_documents_are_switched_archived_and_deleted(library: Library) -> None:
    ids = [library.add(f"{n}.txt", f"Text number {n}.".encode())["id"] for n in range(3)]
    assert acted(library, "disable", *ids) == {"done": 3, "skipped": []}
    assert not library.document(ids[0])["is_enabled"]
    assert acted(library, "enable", *ids)["done"] == 3
    assert acted(library, "archive", *ids[:2])["done"] == 2
    assert library.document(ids[0])["is_archived"]
    assert acted(library, "unarchive", ids[0])["done"] == 1
    assert acted(library, "delete", *ids[:2])["done"] == 2
    assert [row["id"] for row in library.person.request("GET", f"{library.path}/documents").json()["results"]] == [
        ids[2]
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "burn", "ids": [str(uuid.uuid4())]}, "action"),
        ({"action": "delete", "ids": []}, "ids"),
        ({"action": "delete", "ids": ["x"]}, "ids.0"),
        ({"action": "delete", "ids": [str(uuid.uuid4())] * 1001}, "ids"),
        ({"action": "delete"}, "ids"),
    ],
)
def test_an_action_that_cannot_be_is_refused(library: Library, body: dict[str, object], field: str) -> None:
    refused = library.person.request("POST", f"{library.path}/documents/actions", body)
    assert refused.status_code == 400
    assert field in refused.json()["extra"]["fields"]


def test_all_documents_of_a_dataset_are_indexed_anew(library: Library) -> None:
    library.add("a.txt", b"Some text.")
    library.upload("b.txt", b"More text.")
    answer = library.person.request("POST", f"{library.path}/reindex")
    assert (answer.status_code, answer.json()) == (202, {"documents": 1})


def test_documents_are_sorted_and_found_by_their_state(library: Library) -> None:
    small = library.add("b.txt", b"Some text.")["id"]
    large = library.add("a.txt", b"Some text, and more of it.")["id"]
    library.upload("c.txt", b"Not indexed.")
    acted(library, "disable", small)
    acted(library, "archive", large)

    def names(query: str) -> list[str]:
        response = library.person.request("GET", f"{library.path}/documents{query}")
        assert response.status_code == 200, response.content
        return [row["name"] for row in response.json()["results"]]

    assert names("?ordering=name") == ["a.txt", "b.txt", "c.txt"]
    assert names("?ordering=-name") == ["c.txt", "b.txt", "a.txt"]
    assert names("?ordering=-size_bytes")[0] == "a.txt"
    assert names("?ordering=-chunk_count")[-1] == "c.txt"
    assert names("?state=disabled") == ["b.txt"]
    assert names("?state=archived") == ["a.txt"]
    assert names("?state=enabled") == ["c.txt"]
    assert names("?state=paused") == []
    for query in ("?ordering=sha256", "?state=lost"):
        assert library.person.request("GET", f"{library.path}/documents{query}").status_code == 400


def test_sorted_lists_come_in_pages_without_gaps(library: Library) -> None:
    for n in range(7):
        library.upload(f"{n}.txt", b"x" * (10 + n // 3))
    for ordering in ("name", "-size_bytes", "chunk_count", "-created_at"):
        seen, cursor = [], ""
        while cursor is not None:
            query = f"?ordering={ordering}&limit=2&cursor={cursor}"
            page = library.person.request("GET", f"{library.path}/documents{query}").json()
            seen += [row["name"] for row in page["results"]]
            cursor = page["next"]
        assert sorted(seen) == [f"{n}.txt" for n in range(7)], ordering


def test_a_document_is_renamed_over_http_and_by_editors_alone(
    library: Library, member: Callable[[Role], Person]
) -> None:
    document_id = library.add("a.txt", b"Some text.")["id"]
    one = f"{library.path}/documents/{document_id}"
    assert library.person.request("PATCH", one, {"name": "../b.txt"}).json()["name"] == "b.txt"
    assert library.person.request("PATCH", one, {"name": ""}).status_code == 400
    assert member(Role.VIEWER).request("PATCH", one, {"name": "c.txt"}).status_code == 403


@pytest.mark.parametrize("url", ["ftp://example.org/a", "http://user:secret@example.org/", "not an address", ""])
def test_an_address_that_may_not_be_read_is_refused(library: Library, url: str) -> None:
    refused = library.person.request("POST", f"{library.path}/documents/from-url", {"url": url})
    named = refused.json().get("refused") or refused.json()["extra"]["fields"].get("url")
    assert named, refused.content
    assert not Document.unscoped.exists()


def test_a_dataset_is_embedded_with_another_model_and_the_change_is_cancelled(library: Library) -> None:
    library.add("a.txt", b"Some text.")
    ask = library.person.request
    body = ask("GET", library.path).json()
    assert (body["index"]["model"], body["index"]["is_approximate"]) == ("all-minilm-l6-v2", False)
    assert body["reembedding"] is None

    answer = ask("POST", f"{library.path}/reembed", {"model": "words-64"})
    assert answer.status_code == 202, answer.content
    assert answer.json()["reembedding"]["model"] == "words-64"
    assert ask("POST", f"{library.path}/reembed", {"model": "words-64"}).status_code == 409
    assert ask("DELETE", f"{library.path}/reembed").json()["reembedding"] is None
    assert ask("DELETE", f"{library.path}/reembed").status_code == 409
    assert ask("POST", f"{library.path}/reembed", {"model": "none"}).json()["code"] == "model_not_found"
    assert ask("POST", f"{library.path}/reembed", {}).status_code == 400
