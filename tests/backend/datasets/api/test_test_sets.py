"""Test sets: questions with what answers them, one by one or from a file."""

import json
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from backend.datasets.models import RetrievalTestCase
from tests.backend.conftest import Person
from tests.backend.datasets.conftest import Library

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def path(library: Library) -> str:
    """The address of an empty test set."""
    made = library.person.request("POST", f"{library.path}/test-sets", {"name": "Questions"})
    assert made.status_code == 201, made.content
    assert (made.json()["case_count"], made.json()["generating"]) == (0, None)
    return f"{library.path}/test-sets/{made.json()['id']}"


def sent(library: Library, path: str, text: str, name: str = "cases.csv") -> Any:
    return library.person.client.post(f"/api/v1{path}/cases", {"file": SimpleUploadedFile(name, text.encode())})


def cases(library: Library, path: str) -> list[dict[str, Any]]:
    return list(library.person.request("GET", f"{path}/cases").json()["results"])


def test_cases_are_added_changed_and_deleted(library: Library, path: str) -> None:
    library.upload("a.txt", b"The warranty lasts three years.")
    ask = library.person.request
    made = ask("POST", f"{path}/cases", {"question": "How long?", "documents": ["a.txt"]})
    assert made.status_code == 201, made.content
    assert made.json() == {
        "id": made.json()["id"], "question": "How long?", "documents": ["a.txt"], "chunks": [], "phrase": "",
    }  # fmt: skip
    one = f"{path}/cases/{made.json()['id']}"
    assert ask("PATCH", one, {"phrase": "three years", "documents": []}).json()["phrase"] == "three years"
    assert cases(library, path)[0]["documents"] == []
    assert ask("PATCH", one, {"phrase": ""}).status_code == 400, "nothing would answer it"
    assert ask("GET", path).json()["case_count"] == 1
    assert ask("DELETE", one).status_code == 204
    assert cases(library, path) == []


def test_a_file_adds_its_good_lines_and_names_the_bad_ones(library: Library, path: str) -> None:
    library.upload("a.txt", b"The warranty lasts three years.")
    lines = [
        "question,documents,phrase",
        "How long?,a.txt,",
        ",a.txt,",
        "When?,b.txt,",
        "Where?,,in Lisbon",
        "Why?,,",
    ]
    answer = sent(library, path, "\n".join(lines))
    assert answer.status_code == 201, answer.content
    assert answer.json()["added"] == 2
    assert [(item["line"], item["reason"][:33]) for item in answer.json()["refused"]] == [
        (3, "there is no question"),
        (4, "the dataset has no document named"),
        (6, "nothing says what answers it: giv"),
    ]
    assert {case["question"] for case in cases(library, path)} == {"How long?", "Where?"}


def test_a_file_without_a_good_line_adds_nothing_and_says_why(library: Library, path: str) -> None:
    answer = sent(library, path, '{"question": "q"}\n{"question": "q", "documents": ["a"]}\n', "cases.jsonl")
    assert answer.status_code == 400
    assert [text[:7] for text in answer.json()["extra"]["fields"]["file"]] == ["line 1:", "line 2:"]
    assert sent(library, path, "").status_code == 400
    assert not RetrievalTestCase.unscoped.exists()


def test_a_file_may_name_chunks_of_this_dataset_alone(
    library: Library, path: str, owner: Person, make_library: Any
) -> None:
    own = library.add("a.txt", b"The warranty lasts three years.")
    other = make_library(owner, "Other")
    theirs = other.add("b.txt", b"Invoices are paid in a month.")
    ids = [
        owner.request("GET", f"{place.path}/documents/{document['id']}/chunks").json()["results"][0]["id"]
        for place, document in ((library, own), (other, theirs))
    ]
    lines = [json.dumps({"question": "q", "chunks": [chunk]}) for chunk in (*ids, str(uuid.uuid4()))]
    answer = sent(library, path, "\n".join(lines), "cases.jsonl").json()
    assert (answer["added"], [item["line"] for item in answer["refused"]]) == (1, [2, 3])
    assert cases(library, path)[0]["chunks"] == [ids[0]]
    refused = owner.request("POST", f"{path}/cases", {"question": "q", "chunks": [ids[1]]})
    assert refused.status_code == 400
    assert "chunks" in refused.json()["extra"]["fields"]


def test_a_test_set_is_renamed_and_goes_with_its_cases(library: Library, path: str) -> None:
    ask = library.person.request
    sent(library, path, "question,phrase\nq,p\n")
    assert ask("POST", f"{library.path}/test-sets", {"name": "Questions"}).status_code == 409
    assert ask("PATCH", path, {"name": "Asked"}).json()["name"] == "Asked"
    assert [row["case_count"] for row in ask("GET", f"{library.path}/test-sets").json()["results"]] == [1]
    assert ask("DELETE", path).status_code == 204
    assert ask("GET", path).status_code == 404
    assert not RetrievalTestCase.unscoped.exists()


def test_a_test_set_is_found_only_under_its_own_dataset(
    library: Library, path: str, owner: Person, make_library: Any
) -> None:
    sent(library, path, "question,phrase\nq,p\n")
    [case] = cases(library, path)
    other = path.replace(library.path, make_library(owner, "Other").path)
    for tail in ("", "/cases", f"/cases/{case['id']}", "/evaluations"):
        method = "PATCH" if "/cases/" in tail else "GET"
        assert owner.request(method, other + tail, {} if method == "PATCH" else None).status_code == 404, tail
    assert owner.request("POST", f"{other}/generate", {"model": "m"}).status_code == 404
