"""Annotations over HTTP: writing, finding, deleting with a way back, trying, files."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from backend.annotations.models import Annotation, AnnotationVector
from backend.apps.models import App
from backend.datasets.ports import EMBEDDERS
from inference.errors import UpstreamUnreachableError
from tests.backend.annotations.conftest import Desk, desk_of, jobs_work
from tests.backend.conftest import Person
from tests.backend.datasets.embedding import WordEmbedder
from tests.backend.world import run_create

# The job asks the database on threads of its own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)
WARRANTY = "How long is the warranty?"


def upload(desk: Desk, text: str | bytes, name: str = "a.csv") -> Any:
    data = text.encode() if isinstance(text, str) else text
    path = f"/api/v1/apps/{desk.app_id}/annotations/import"
    return desk.person.client.post(path, {"file": SimpleUploadedFile(name, data)})


def exported(desk: Desk) -> bytes:
    response = desk.call("GET", "/export")

    async def read() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return asyncio.run(read())


def test_an_annotation_is_written_found_changed_and_deleted(desk: Desk) -> None:
    made = desk.add(WARRANTY, " Three years. ")
    assert (made["question"], made["answer"], made["hit_count"], made["run_id"]) == (WARRANTY, "Three years.", 0, None)
    assert made["author"]["id"] == str(desk.person.user.id)
    desk.add("Where is the office?", "In Lisbon.")
    assert [row["answer"] for row in desk.told("GET")["results"]] == ["In Lisbon.", "Three years."]
    assert [row["id"] for row in desk.told("GET", "?search=WARRANTY")["results"]] == [made["id"]]
    assert [row["id"] for row in desk.told("GET", "?search=years")["results"]] == [made["id"]]
    changed = desk.told("PATCH", f"/{made['id']}", {"answer": "Five years."})
    assert (changed["question"], changed["answer"]) == (WARRANTY, "Five years.")
    assert desk.call("DELETE", f"/{made['id']}").status_code == 204
    assert desk.call("GET", f"/{made['id']}").status_code == 404
    assert desk.told("GET", "/settings")["total"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"question": " ", "answer": "a"}, "question"),
        ({"question": "q"}, "answer"),
        ({"question": "q" * 4_001, "answer": "a"}, "question"),
        ({"question": "q", "answer": "a\0"}, "answer"),
        ({"question": "q", "answer": "a", "run_id": "x"}, "run_id"),
    ],
)
def test_what_is_no_annotation_is_refused_by_its_field(desk: Desk, body: Any, field: str) -> None:
    response = desk.call("POST", "", body)
    assert response.status_code == 400 and field in response.json()["extra"]["fields"]
    assert not Annotation.unscoped.exists()


def test_an_annotation_of_another_app_is_not_there(desk: Desk, stranger: Person) -> None:
    made = desk.add(WARRANTY, "Three years.")
    for other in (desk_of(desk.person), desk_of(stranger)):
        for method in ("GET", "PATCH", "DELETE"):
            assert (
                other.call(method, f"/{made['id']}", {"answer": "x"} if method == "PATCH" else None).status_code == 404
            )
        assert other.told("POST", "/delete", {"ids": [made["id"]]}) == {"count": 0}
        assert other.told("POST", "/restore", {"ids": [made["id"]]}) == {"count": 0}
    assert desk.told("GET", f"/{made['id']}")["answer"] == "Three years."


def test_the_answer_of_a_run_is_corrected_once_and_then_edited(desk: Desk) -> None:
    app = App.objects.within(desk.person.workspace.id).get(id=desk.app_id)
    run = run_create(app)
    body = {"question": "the question", "answer": "a right answer", "run_id": str(run.id)}
    assert desk.call("POST", "", body).status_code == 201
    again = desk.call("POST", "", {**body, "answer": "a better one"})
    assert (again.status_code, again.json()["answer"]) == (200, "a better one")
    [found] = desk.told("GET", f"?run={run.id}")["results"]
    assert (found["answer"], found["run_id"]) == ("a better one", str(run.id))
    elsewhere = desk_of(desk.person)
    assert elsewhere.call("POST", "", body).status_code == 400
    assert elsewhere.call("POST", "", {**body, "run_id": str(uuid.uuid4())}).status_code == 404
    assert desk.call("GET", "?run=x").status_code == 400


def test_what_was_deleted_comes_back_with_its_vector(desk: Desk) -> None:
    ids = [desk.add(WARRANTY, "Three years.")["id"], desk.add("Where is it?", "Here.")["id"]]
    assert desk.told("POST", "/delete", {"ids": ids}) == {"count": 2}
    assert desk.told("POST", "/try", {"question": WARRANTY})["results"] == []
    assert desk.told("POST", "/restore", {"ids": ids[:1]}) == {"count": 1}
    jobs_work()
    [found] = desk.told("POST", "/try", {"question": WARRANTY})["results"]
    assert (found["annotation"]["id"], found["score"], found["is_hit"]) == (ids[0], 1.0, True)


def test_trying_a_question_shows_the_nearest_with_scores(desk: Desk) -> None:
    desk.add(WARRANTY, "Three years.")
    desk.add("How long is the trial?", "A month.")
    tried = desk.told("POST", "/try", {"question": WARRANTY})
    first, second = tried["results"]
    assert tried["threshold"] == 0.9
    assert (first["annotation"]["answer"], first["score"], first["is_hit"]) == ("Three years.", 1.0, True)
    assert 0.5 < second["score"] < 0.9 and not second["is_hit"]


def test_trying_says_why_it_cannot(desk: Desk) -> None:
    class Down(WordEmbedder):
        async def embed(self, texts: Sequence[str]) -> list[list[float]]:
            raise UpstreamUnreachableError("the model server does not answer; start it")

    off = desk_of(desk.person)
    assert off.call("POST", "/try", {"question": "q"}).json()["code"] == "conflict"
    assert desk.call("POST", "/try", {"question": "word " * 300}).status_code == 422
    EMBEDDERS.fill(lambda workspace_id, model: Down(model))
    refused = desk.call("POST", "/try", {"question": "q"})
    assert refused.status_code in (502, 503) and "does not answer" in refused.json()["message"]


@pytest.mark.parametrize("threshold", [-0.1, 1.1, "high"])
def test_a_threshold_is_a_number_from_0_to_1(desk: Desk, threshold: object) -> None:
    assert desk.call("PATCH", "/settings", {"threshold": threshold}).status_code == 400
    assert desk.told("GET", "/settings")["threshold"] == 0.9
    for edge in (0, 1):
        assert desk.switch(threshold=edge)["threshold"] == edge


def test_a_model_that_is_not_there_is_refused_before_anything_changes(desk: Desk) -> None:
    refused = desk.call("PATCH", "/settings", {"embedding_model": "dream", "is_on": False})
    assert (refused.status_code, refused.json()["code"]) == (400, "model_not_found")
    settings = desk.told("GET", "/settings")
    assert (settings["is_on"], settings["embedding_model"]) == (True, "all-minilm-l6-v2")


def test_a_workflow_has_no_questions(owner: Person) -> None:
    desk = desk_of(owner, "workflow")
    for method, path, body in (("PATCH", "/settings", {"is_on": True}), ("POST", "", {"question": "q", "answer": "a"})):
        refused = desk.call(method, path, body)
        assert refused.status_code == 400 and "workflow" in refused.json()["message"]
    assert desk.told("GET")["results"] == []


def test_a_file_with_broken_lines_names_them_and_keeps_the_rest(desk: Desk) -> None:
    long = "x" * 4_001
    text = f'answer,note,question\nThree years.,,{WARRANTY}\n,,No answer?\n"two\nlines",n,Where?\nonly\n\nA.,,{long}\n'
    told = upload(desk, text).json()
    assert (told["created"], told["refused_count"]) == (2, 3)
    assert [(each["line"], each["reason"].split(":")[0]) for each in told["refused"]] == [
        (3, "there is no answer"),
        (6, "there is no question"),
        (8, "the question has 4,001 characters, at most 4,000 are kept"),
    ]
    jobs_work()
    assert {row["answer"] for row in desk.told("GET")["results"]} == {"Three years.", "two\nlines"}
    assert AnnotationVector.objects.count() == 2


@pytest.mark.parametrize("text", ["", "\n \n", "question,answer\n", b"question,answer\nwhere?,in \0 Lisbon\n"])
def test_what_is_no_file_of_annotations_is_refused_whole(desk: Desk, text: str | bytes) -> None:
    response = upload(desk, text)
    if text == "question,answer\n":
        assert response.json()["created"] == 0
    else:
        assert response.status_code == 400 and "file" in response.json()["extra"]["fields"]
    assert not Annotation.unscoped.exists()


def test_an_export_is_read_again_as_it_was_and_holds_no_formula(desk: Desk) -> None:
    pairs = {"=1+1?": "- a\n- b", "Привет, где?": "'здесь'", WARRANTY: "Three, perhaps."}
    for question, answer in pairs.items():
        desk.add(question, answer)
    data = exported(desk)
    assert data.startswith(b"\xef\xbb\xbfquestion,answer\r\n'=1+1?,")
    other = desk_of(desk.person)
    assert upload(other, data).json()["created"] == len(pairs)
    assert {row["question"]: row["answer"] for row in other.told("GET")["results"]} == pairs
