"""The list of runs: each filter keeps what it says and nothing else, pages meet without a gap, words are found."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.types import RunSpec, Turn
from backend.accounts.models import ApiKey
from backend.apps.models import App
from backend.logs.models import Conversation, Feedback
from backend.runs import search
from backend.runs.filters import FILTERS
from backend.runs.models import Run, RunEvent
from backend.runs.selectors import COUNT_LIMIT
from tests.backend.conftest import Person, person_create

START = datetime(2026, 11, 1, tzinfo=UTC)


def run_stored(owner: Person, minutes: int = 0, **values: Any) -> Run:
    """Store a run that started that long after `START`."""
    run_id = uuid.uuid4()
    spec = RunSpec(run_id=str(run_id), scope=str(owner.workspace.id), nodes=(), edges=())
    defaults: dict[str, Any] = {"source": "console", "status": "succeeded", "spec": spec.to_json()}
    run = Run.objects.create(id=run_id, workspace=owner.workspace, **{**defaults, **values})
    at = START + timedelta(minutes=minutes)
    changes: dict[str, Any] = {"created_at": at}
    if run.status in ("succeeded", "failed") and run.finished_at is None:
        changes["finished_at"] = at + timedelta(seconds=1)
    Run.unscoped.filter(id=run.id).update(**changes)
    return run


def found(owner: Person, path: str = "", **query: object) -> list[str]:
    answer = owner.client.get(f"/api/v1/runs{path}", query)
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def app_of(owner: Person, slug: str, mode: str = "chat") -> App:
    return App.objects.create(workspace=owner.workspace, name=slug, slug=slug, mode=mode)


def both(owner: Person) -> dict[str, tuple[Run, Run, object]]:
    """Return, by filter, a run that it keeps, one that it leaves out, and its value."""
    here, there = app_of(owner, "here"), app_of(owner, "there")
    talk = Conversation.objects.create(workspace=owner.workspace, app=here, name="talk")
    key = ApiKey.unscoped.get(user=owner.user)
    plain = run_stored(owner, 100, prompt_tokens=5)
    liked, disliked = run_stored(owner, 101), run_stored(owner, 102)
    Feedback.objects.create(workspace=owner.workspace, run=liked, rating="like")
    Feedback.objects.create(workspace=owner.workspace, run=disliked, rating="dislike")
    quick = run_stored(owner, 1, ttft_ms=5.0)
    Run.unscoped.filter(id=quick.id).update(finished_at=START + timedelta(minutes=1, milliseconds=20))
    slow = run_stored(owner, 2, ttft_ms=900.0)
    dear = run_stored(owner, 3, cost=Decimal("0.5"), prompt_tokens=900, completion_tokens=100)
    failed = run_stored(owner, 4, status="failed", error_code="model_error")
    late = run_stored(owner, 50_000)
    calling, asking = run_stored(owner, 17), run_stored(owner, 18)
    for run, kind in ((calling, "http-request"), (asking, "llm")):
        data = {"node_id": "a", "node_kind": kind}
        RunEvent.objects.create(run=run, seq=1, first_seq=1, at=START, kind="node_failed", data=data)
    return {
        "app": (run_stored(owner, 5, app=here), run_stored(owner, 6, app=there), here.id),
        "version": (run_stored(owner, 7, app=here, app_version=3), run_stored(owner, 8, app=here, app_version=2), 3),
        "status": (failed, plain, "failed"),
        "source": (run_stored(owner, 9, source="openai"), plain, "openai"),
        "model": (run_stored(owner, 16, model="house/large"), plain, "house/large"),
        "member": (run_stored(owner, 10, user=owner.user), plain, owner.user.id),
        "end_user": (run_stored(owner, 11, end_user="ann"), run_stored(owner, 12, end_user="anna"), "ann"),
        "key": (run_stored(owner, 13, key=key), plain, key.id),
        "conversation": (run_stored(owner, 14, conversation=talk), plain, talk.id),
        "since": (late, plain, "2026-12-01"),
        "until": (plain, late, "2026-12-01T00:00:00Z"),
        "search": (run_stored(owner, 15, query="a gentle breeze"), plain, "breeze"),
        "feedback": (liked, disliked, "like"),
        "error_code": (failed, plain, "model_error"),
        "node": (calling, asking, "http-request"),
        "cost_min": (dear, plain, "0.4"),
        "cost_max": (plain, dear, "0.4"),
        "elapsed_ms_min": (slow, quick, 500),
        "elapsed_ms_max": (quick, slow, 500),
        "ttft_ms_min": (slow, quick, 500),
        "ttft_ms_max": (quick, slow, 500),
        "tokens_min": (dear, plain, 1000),
        "tokens_max": (plain, dear, 999),
    }


def test_each_filter_keeps_what_it_says_and_leaves_out_the_rest(owner: Person) -> None:
    cases = both(owner)
    assert set(cases) == set(FILTERS)
    for name, (kept, left_out, value) in cases.items():
        ids = found(owner, **{name: value}, limit=100)
        assert str(kept.id) in ids and str(left_out.id) not in ids, name
        counted = owner.client.get("/api/v1/runs/count", {name: value}).json()
        assert counted == {"count": len(ids), "is_more": False}, name


def test_filters_hold_together_and_only_in_the_own_workspace(owner: Person) -> None:
    stranger = person_create()
    mine = run_stored(owner, 1, status="failed", end_user="ann", query="breeze")
    run_stored(owner, 2, status="failed", end_user="bob", query="breeze")
    run_stored(stranger, 3, status="failed", end_user="ann", query="breeze")
    assert found(owner, status="failed", end_user="ann", search="breeze") == [str(mine.id)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("app", "nonsense"),
        ("status", "gone"),
        ("source", "mail"),
        ("version", "-1"),
        ("version", "99999999999"),
        ("since", "yesterday"),
        ("since", "2026-13-01"),
        ("cost_min", "NaN"),
        ("tokens_max", "-1"),
        ("elapsed_ms_min", "1e99"),
        ("feedback", "maybe"),
        ("search", "x" * 1001),
        ("end_user", "a\0b"),
    ],
)
def test_a_value_that_cannot_match_is_refused_by_name(owner: Person, name: str, value: str) -> None:
    for path in ("", "/count"):
        answer = owner.client.get(f"/api/v1/runs{path}", {name: value})
        assert answer.status_code == 400 and name in answer.json()["extra"]["fields"], answer.content


def test_pages_meet_without_a_gap_also_where_many_started_at_once(owner: Person) -> None:
    runs = [run_stored(owner, number // 4, status="failed") for number in range(23)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = owner.client.get("/api/v1/runs", {"status": "failed", "limit": 5, "cursor": cursor}).json()
        seen += [row["id"] for row in page["results"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == len(runs)


def test_beyond_a_thousand_nobody_counts(owner: Person) -> None:
    run = run_stored(owner)
    rows = [Run(workspace=owner.workspace, source="console", spec={}) for _ in range(COUNT_LIMIT)]
    Run.objects.bulk_create(rows)
    assert owner.client.get("/api/v1/runs/count").json() == {"count": COUNT_LIMIT, "is_more": True}
    Run.unscoped.filter(id=run.id).delete()
    assert owner.client.get("/api/v1/runs/count").json() == {"count": COUNT_LIMIT, "is_more": False}


SAID = {
    "query": "Who repairs the lighthouse?",
    "inputs": {"city": "北京市海淀区", "deep": [{"name": "Übergröße"}]},
    "outputs": {"answer": "Маяк чинит it's Aino's brother."},
    "error_message": "",
}


@pytest.mark.parametrize(
    "words",
    [
        "lighthouse",
        "LIGHT",
        "who aino",
        "海淀",
        "北京",
        "маяк",
        "übergr",
        '"repairs the light',
        "it's",
        "\\' & | !",
    ],
)
def test_words_are_found_in_what_went_in_and_came_out(owner: Person, words: str) -> None:
    run = run_stored(owner, **SAID)
    assert found(owner, search=words) == [str(run.id)]


@pytest.mark.parametrize("words", ["house", "answer", "京北", '"the repairs"', "zebra", "aino zebra"])
def test_what_is_not_said_is_not_found(owner: Person, words: str) -> None:
    run_stored(owner, **SAID)
    assert found(owner, search=words) == []


def test_a_run_ends_however_much_it_said(owner: Person) -> None:
    many = " ".join(f"字 w{number}" for number in range(400_000))
    long = run_stored(owner, 2, query="first", outputs={"answer": many})
    wide = run_stored(owner, 1, query="first", outputs={"list": list(range(5000)), "answer": "w17"})
    assert found(owner, search="first") == found(owner, search="w17") == [str(long.id), str(wide.id)]


def test_the_number_of_queries_does_not_grow_with_the_page(owner: Person) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            found(owner)
        return len(seen)

    app = app_of(owner, "one")
    run_stored(owner, app=app, user=owner.user)
    queries()  # notes when the token was used
    few = queries()
    for number in range(10):
        run_stored(owner, number, app=app, user=owner.user)
    assert queries() == few


def detail(owner: Person, run: Run) -> Any:
    return owner.client.get(f"/api/v1/runs/{run.id}").json()


@pytest.mark.parametrize(
    ("mode", "path"),
    [
        ("chat", "chat-messages"),
        ("chatflow", "chat-messages"),
        ("completion", "completion-messages"),
        ("workflow", "workflows/run"),
    ],
)
def test_a_run_says_how_to_ask_the_same_over_the_service_api(owner: Person, mode: str, path: str) -> None:
    app = app_of(owner, "one", mode)
    key = ApiKey.unscoped.get(user=owner.user)
    run = run_stored(owner, app=app, source="service_api", query="Why?", inputs={"a": 1}, end_user="ann", key=key)
    run.spec = {**run.spec, "files": [{"id": "f1", "name": "a.png", "mime_type": "image/png", "size_bytes": 3}]}
    run.save()
    told = detail(owner, run)
    assert told["key"] == {"id": str(key.id), "name": "test"} and told["member"] is None
    assert told["request"] == {
        "path": f"/v1/{path}",
        "body": {
            "inputs": {"a": 1},
            "query": "Why?",
            "response_mode": "streaming",
            "user": "ann",
            "files": [{"type": "image", "transfer_method": "local_file", "upload_file_id": "f1"}],
        },
    }


def test_a_run_of_an_openai_client_is_asked_again_with_its_messages(owner: Person) -> None:
    run = run_stored(owner, app=app_of(owner, "one"), source="openai", query="And now?")
    history = (Turn("user", "Hi"), Turn("assistant", "Hello"))
    spec = RunSpec.from_json(run.spec)
    run.spec = RunSpec(spec.run_id, spec.scope, (), (), history=history, instructions="Be kind.").to_json()
    run.save()
    assert detail(owner, run)["request"] == {
        "path": "/v1/chat/completions",
        "body": {
            "model": "one",
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Hello"},
                {"role": "user", "content": "And now?"},
            ],
            "stream": True,
        },
    }


def test_a_members_conversation_is_not_named_to_a_key(owner: Person) -> None:
    app = app_of(owner, "one")
    talk = Conversation.objects.create(workspace=owner.workspace, app=app, user=owner.user)
    run = run_stored(owner, app=app, conversation=talk, user=owner.user, query="Why?")
    told = detail(owner, run)
    assert told["member"] == {"id": str(owner.user.id), "name": owner.user.email}
    assert "conversation_id" not in told["request"]["body"]
    Run.unscoped.filter(id=run.id).update(app=None)
    assert detail(owner, run)["request"] is None


@pytest.mark.parametrize("frequent", [1, 10_000], ids=["newest first", "by the index"])
@pytest.mark.parametrize("others", [{}, {"status": "failed"}], ids=["words", "words of failed"])
def test_words_are_found_the_same_way_round_whichever_way_is_taken(
    owner: Person, monkeypatch: pytest.MonkeyPatch, frequent: int, others: dict[str, str]
) -> None:
    """A cursor of one way leads on in the other: words may become frequent between two pages."""
    monkeypatch.setattr(search, "FREQUENT", frequent)
    states = ["failed", "succeeded"] * 4
    runs = [run_stored(owner, at // 2, query=f"the harbour {at}", status=state) for at, state in enumerate(states)]
    run_stored(owner, 3, query="the pier", status="failed")
    query: dict[str, object] = {"search": "harb", "limit": 2, **others}
    seen: list[str] = []
    while True:
        answer = owner.client.get("/api/v1/runs", query).json()
        seen += [row["id"] for row in answer["results"]]
        if not answer["next"]:
            break
        query["cursor"] = answer["next"]
        monkeypatch.setattr(search, "FREQUENT", 10_001 - search.FREQUENT)
    wanted = [run for run in runs if not others or run.status == "failed"]
    newest_first = sorted(wanted, key=lambda run: (Run.unscoped.get(id=run.id).created_at, run.id), reverse=True)
    assert seen == [str(run.id) for run in newest_first]
    assert owner.client.get("/api/v1/runs/count", {"search": "harb", **others}).json()["count"] == len(wanted)
