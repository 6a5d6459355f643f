"""Liked answers as examples for a prompt: newest first, each question once, and never what somebody disliked."""

from typing import Any

import pytest

from backend.apps.draft import MAX_EXAMPLE_CHARS
from backend.apps.models import App
from backend.apps.services import app_create, draft_put
from backend.logs.services import feedback_set
from backend.runs.models import Run
from tests.backend.conftest import Person


@pytest.fixture
def app(owner: Person) -> App:
    return app_create(workspace_id=owner.workspace.id, user=owner.user, name="A", mode="chat")


def ran(app: App, query: str, answer: Any = "yes", status: str = "succeeded") -> Run:
    outputs = {"answer": answer}
    return Run.objects.create(
        workspace_id=app.workspace_id, app=app, source="published", status=status, query=query, outputs=outputs, spec={}
    )


def liked(app: App, query: str, answer: Any = "yes", status: str = "succeeded", by: str = "ann") -> Run:
    run = ran(app, query, answer, status)
    feedback_set(run=run, rating="like", end_user=by)
    return run


def suggested(person: Person, app: App) -> list[Any]:
    return list(person.request("GET", f"/apps/{app.id}/example-suggestions").json()["results"])


def test_liked_answers_are_suggested_newest_first_and_each_question_once(owner: Person, app: App) -> None:
    liked(app, "one", "old")
    liked(app, "one", "new")
    two = liked(app, "two")
    feedback_set(run=two, rating="like", end_user="eve")
    found = suggested(owner, app)
    assert [(one["user"], one["assistant"], one["likes"]) for one in found] == [("two", "yes", 2), ("one", "new", 1)]
    assert found[0]["run_id"] == str(two.id)


def test_what_is_no_good_example_is_left_out(owner: Person, app: App) -> None:
    ran(app, "nobody liked it")
    liked(app, "it failed", status="failed")
    liked(app, "no answer", answer="")
    liked(app, "no text", answer={"a": 1})
    liked(app, "too long", answer="x" * (MAX_EXAMPLE_CHARS + 1))
    liked(app, "")
    feedback_set(run=liked(app, "one liked it, one did not"), rating="dislike", end_user="eve")
    liked(app, " taken ")
    draft_put(app=app, data={**app.draft, "examples": [{"user": "taken", "assistant": "no"}]})
    assert suggested(owner, app) == []


def test_answers_of_another_app_are_not_suggested(owner: Person, app: App) -> None:
    other = app_create(workspace_id=owner.workspace.id, user=owner.user, name="B", mode="chat")
    liked(other, "theirs")
    assert suggested(owner, app) == []
