"""Names of conversations, and the history that a next question takes along."""

import uuid
from typing import Any

import pytest

from agents.types import Turn
from backend.apps.services import app_create
from backend.logs import selectors
from backend.logs.models import Conversation
from backend.logs.selectors import conversation_history
from backend.logs.services import conversation_create, feedback_set, name_from
from backend.runs.models import Run
from tests.backend.conftest import Person


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("Hello", "Hello"),
        ("  two\n lines ", "two lines"),
        ("", "New conversation"),
        ("a" * 60, "a" * 40 + "…"),
        ("What is the capital of a country far away, my friend?", "What is the capital of a country far…"),
        ("请告诉我" * 20, ("请告诉我" * 10) + "…"),
    ],
)
def test_a_conversation_is_named_after_its_first_question_cut_at_a_word(query: str, name: str) -> None:
    assert name_from(query) == name


@pytest.fixture
def conversation(owner: Person) -> Conversation:
    app = app_create(workspace_id=owner.workspace.id, user=owner.user, name="A", mode="chat")
    return conversation_create(
        conversation_id=uuid.uuid4(), workspace_id=owner.workspace.id, app_id=app.id, query="q", inputs={}
    )


def run_in(conversation: Conversation, query: str, status: str, outputs: dict[str, Any]) -> Run:
    return Run.objects.create(
        workspace_id=conversation.workspace_id,
        app_id=conversation.app_id,
        conversation=conversation,
        source="console",
        status=status,
        query=query,
        outputs=outputs,
        spec={},
    )


def test_history_has_what_was_answered_or_half_answered_oldest_first(conversation: Conversation) -> None:
    run_in(conversation, "one", "succeeded", {"answer": "1"})
    run_in(conversation, "two", "failed", {"answer": "2"})
    run_in(conversation, "three", "cancelled", {"answer": "thr"})
    run_in(conversation, "four", "cancelled", {})
    run_in(conversation, "five", "running", {})
    run_in(conversation, "six", "succeeded", {"answer": ""})
    assert conversation_history(conversation) == (
        Turn("user", "one"),
        Turn("assistant", "1"),
        Turn("user", "three"),
        Turn("assistant", "thr"),
    )


def test_a_very_long_history_keeps_the_first_exchange_and_the_newest(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "MAX_HISTORY_RUNS", 3)
    for number in range(6):
        run_in(conversation, f"q{number}", "succeeded", {"answer": "a"})
    asked = [turn.content for turn in conversation_history(conversation) if turn.role == "user"]
    assert asked == ["q0", "q4", "q5"]


def test_each_person_has_one_verdict_on_a_run(conversation: Conversation, owner: Person) -> None:
    run = run_in(conversation, "one", "succeeded", {"answer": "1"})
    feedback_set(run=run, rating="like", user=owner.user)
    feedback_set(run=run, rating="dislike", user=owner.user)
    feedback_set(run=run, rating="like", end_user="ann")
    assert sorted(run.feedbacks.values_list("rating", flat=True)) == ["dislike", "like"]
    assert feedback_set(run=run, rating=None, user=owner.user) is None
    assert run.feedbacks.count() == 1


def test_a_verdict_over_http_is_checked(conversation: Conversation, owner: Person, stranger: Person) -> None:
    run = run_in(conversation, "one", "succeeded", {"answer": "1"})
    path = f"/runs/{run.id}/feedback"
    assert owner.request("post", path, {"rating": "like", "comment": "ok"}).json() == {
        "rating": "like",
        "comment": "ok",
    }
    assert owner.request("post", path, {"rating": "meh"}).status_code == 400
    assert owner.request("post", path, {}).status_code == 400
    assert stranger.request("post", path, {"rating": "like"}).status_code == 404
    assert owner.request("post", path, {"rating": None}).json() == {"rating": None, "comment": ""}
