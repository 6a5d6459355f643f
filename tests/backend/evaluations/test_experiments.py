"""Experiments over HTTP: every case of every variant is a real run, judged, compared, and it ends for a reason."""

import time
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from backend.accounts.models import AuditEntry
from backend.evaluations import tasks
from backend.evaluations.models import Experiment, ExperimentRow
from backend.runs.models import Run
from tests.agents.fakes import Reply
from tests.backend.apps.running import LIVE, MODEL, World
from tests.backend.conftest import Person
from tests.backend.evaluations.running import (
    BAD,
    GOOD,
    PATIENCE_S,
    app_made,
    ask,
    drafted,
    echo,
    evaluator_made,
    finished,
    judging,
    rows,
    set_made,
)
from tests.backend.world import run_create

pytestmark = LIVE


def started(person: Person, app_id: object, variants: list[dict[str, Any]], status: int = 201, **more: Any) -> Any:
    """Begin an experiment with an exact evaluator on six cases, unless the test says otherwise."""
    body = {"app_id": str(app_id), "variants": variants, **more}
    body.setdefault("set_id", None) or body.update(set_id=set_made(person))
    body.setdefault("evaluator_ids", None) or body.update(evaluator_ids=[evaluator_made(person)])
    return ask(person, "POST", "/experiments", body, status)


def test_two_variants_run_over_every_case_and_are_compared(owner: Person, world: World) -> None:
    world.model.script = echo
    app = app_made(owner)
    drafted(app, BAD)
    made = started(owner, app.id, [{"version": 1}, {}, {"label": "mended", "overrides": {"prompt": GOOD}}])
    assert made["labels"] == ["version 1", "draft", "mended"]
    done = finished(owner, made["id"])

    assert (done["status"], done["progress"]["succeeded"], done["progress"]["failed"]) == ("finished", 18, 0)
    first, draft, mended = done["results"]
    assert [item["score"]["mean"] for item in (first, draft, mended)] == [1, 0, 1]
    assert first["against_first"] is None
    assert (draft["against_first"]["outcome"], draft["against_first"]["worse"]) == ("worse", 6)
    assert mended["against_first"]["outcome"] == "same"
    assert draft["evaluators"][0]["passed"] == 0 and mended["evaluators"][0]["passed"] == 6
    runs = Run.objects.within(owner.workspace.id).filter(source="evaluation")
    assert runs.count() == 18 and {run.spec["priority"] for run in runs} == {"batch"}
    assert {run.app_version for run in runs} == {1, None}
    spent = sum(run.prompt_tokens + run.completion_tokens for run in runs)
    assert sum(item["tokens"] for item in done["results"]) == spent > 0

    shown = rows(owner, made["id"])
    assert [(row["number"], row["variant"]) for row in shown[:4]] == [(1, 0), (1, 1), (1, 2), (2, 0)]
    assert (shown[0]["answer"], shown[0]["score"], shown[1]["answer"]) == ("one", 1.0, "no idea")
    assert "got 'no idea'" in shown[1]["scores"][0]["reason"]
    assert {row["run_id"] for row in shown} == {str(run.id) for run in runs}
    assert [row["number"] for row in rows(owner, made["id"], "?after=4&limit=1")] == [5, 5, 5]


def test_an_evaluator_that_fails_fails_alone_and_its_cases_are_in_no_mean(owner: Person, world: World) -> None:
    world.model.script = echo
    judging("I would rather not say.")
    judge = evaluator_made(owner, "judge", "Strict judge", model=MODEL)
    made = started(owner, app_made(owner).id, [{}], evaluator_ids=[evaluator_made(owner), judge])
    done = finished(owner, made["id"])
    exact, nonsense = done["results"][0]["evaluators"]
    assert (exact["mean"]["mean"], exact["failures"]) == (1, 0)
    assert (nonsense["mean"], nonsense["failures"]) == (None, 6)
    assert nonsense["first_failure"].startswith("Strict judge: the judge gave no verdict")
    assert done["results"][0]["score"]["mean"] == 1


def test_a_case_that_cannot_be_asked_fails_with_a_reason_and_the_others_go_on(owner: Person, world: World) -> None:
    world.model.script = echo
    cases = ask(owner, "POST", "/test-sets", {"name": "Mixed"}, 201)["id"]
    for body in ({"query": "one", "expected": "one"}, {"inputs": {"topic": "tea"}}):
        ask(owner, "POST", f"/test-sets/{cases}/cases", body, 201)
    made = started(owner, app_made(owner).id, [{}], set_id=cases)
    done = finished(owner, made["id"])
    assert (done["progress"]["succeeded"], done["progress"]["failed"]) == (1, 1)
    failed = rows(owner, made["id"])[1]
    assert "question is empty" in failed["error"]["message"] and failed["score"] == 0


def test_a_budget_that_is_spent_stops_the_experiment_with_a_reason(owner: Person, world: World) -> None:
    world.model.script = echo
    made = started(owner, app_made(owner).id, [{}], at_once=1, budget_tokens=30)
    done = finished(owner, made["id"])
    assert done["status"] == "stopped" and "budget of 30 tokens is spent" in done["reason"]
    assert 1 <= done["progress"]["succeeded"] < 6
    assert done["progress"]["succeeded"] + done["progress"]["cancelled"] == 6
    spent = done["progress"]["prompt_tokens"] + done["progress"]["completion_tokens"]
    assert spent >= 30


def test_a_cancelled_experiment_ends_its_runs_and_begins_no_more(owner: Person, world: World) -> None:
    world.model.script = lambda request: Reply("and then", blocks=True)
    made = started(owner, app_made(owner).id, [{}], at_once=2)
    deadline = time.monotonic() + PATIENCE_S
    while len(world.model.requests) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    ask(owner, "POST", f"/experiments/{made['id']}/cancel")
    done = finished(owner, made["id"])
    assert (done["status"], done["progress"]["cancelled"]) == ("cancelled", 6)
    assert len(world.model.requests) == 2
    ask(owner, "DELETE", f"/experiments/{made['id']}", status=204)


def test_no_more_cases_run_at_once_than_were_allowed(owner: Person, world: World) -> None:
    seen: list[int] = []

    def script(request: Any) -> Reply:
        seen.append(world.model.open_streams)
        return echo(request)

    world.model.script = script
    finished(owner, started(owner, app_made(owner).id, [{}, {"label": "again"}], at_once=3)["id"])
    assert len(seen) == 12 and max(seen) <= 3


def test_a_row_whose_judge_died_is_judged_by_the_next_worker_and_in_the_end_given_up(
    owner: Person, world: World
) -> None:
    world.model.script = echo
    made = started(owner, app_made(owner).id, [{}])
    deadline = time.monotonic() + PATIENCE_S
    waiting = ExperimentRow.unscoped.filter(status="scoring")
    while waiting.count() < 6:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    held, spent = list(waiting.order_by("number"))[:2]
    # Somebody works on one, and another has killed three workers.
    ExperimentRow.unscoped.filter(id=held.id).update(lease_expires_at=timezone.now() + timedelta(hours=1))
    ExperimentRow.unscoped.filter(id=spent.id).update(attempts=3)
    tasks.score(str(held.id))
    assert ExperimentRow.unscoped.get(id=held.id).status == "scoring", "it is in other hands"
    tasks.sweep()
    given_up = ExperimentRow.unscoped.get(id=spent.id)
    assert (given_up.status, given_up.score) == ("succeeded", None)
    assert "worker died 3 times" in given_up.scores[0]["reason"]
    ExperimentRow.unscoped.filter(id=held.id).update(lease_expires_at=timezone.now())
    assert finished(owner, made["id"])["results"][0]["unscored"] == 1


def test_what_cannot_be_tried_is_refused_before_anything_runs(owner: Person, world: World) -> None:
    app_id = app_made(owner).id
    empty = ask(owner, "POST", "/test-sets", {"name": "Empty"}, 201)["id"]
    exact = evaluator_made(owner)
    cases = set_made(owner)
    given = {"set_id": cases, "evaluator_ids": [exact]}
    assert "no cases" in started(owner, app_id, [{}], 409, set_id=empty, evaluator_ids=[exact])["message"]
    wrong = started(owner, app_id, [{}, {"overrides": {"prompt": "{{nobody}}"}}], 400, **given)
    assert "variants.1.overrides.prompt" in wrong["extra"]["fields"]
    started(owner, app_id, [{"version": 9}], 404, **given)
    started(owner, app_id, [], 400, **given)
    unknown = ask(owner, "POST", "/evaluators", {"name": "J", "kind": "judge", "config": {"model": "no"}}, 400)
    assert "config.model" in unknown["extra"]["fields"]
    assert not Experiment.unscoped.exists() and not world.model.requests


def test_a_person_accepts_rejects_and_scores_answers(owner: Person, world: World) -> None:
    world.model.script = echo
    made = started(owner, app_made(owner).id, [{}])
    finished(owner, made["id"])
    first, second, *_ = rows(owner, made["id"], "?review=open")
    path = f"/experiments/{made['id']}/rows"
    kept = ask(owner, "PUT", f"{path}/{first['id']}/review", {"review": "accepted", "score": 0.8, "note": "fine"})
    assert (kept["review"], kept["review_score"], kept["reviewed_by"]["email"]) == ("accepted", 0.8, owner.user.email)
    ask(owner, "PUT", f"{path}/{second['id']}/review", {"review": "rejected"})
    assert len(rows(owner, made["id"], "?review=open")) == 4
    assert len(rows(owner, made["id"], "?review=done")) == 2
    result = ask(owner, "GET", f"/experiments/{made['id']}")["results"][0]
    assert (result["reviewed"], result["accepted"]) == (2, 1)
    back = ask(owner, "PUT", f"{path}/{first['id']}/review", {"review": ""})
    assert (back["review"], back["review_score"], back["reviewed_by"]) == ("", None, None)


def test_a_run_becomes_a_case_with_one_request(owner: Person, world: World) -> None:
    app = app_made(owner)
    run = run_create(app, inputs={"topic": "tea", "paper": {"id": "f", "mime_type": "application/pdf"}})
    made = ask(owner, "POST", f"/runs/{run.id}/test-cases", {"set_name": "From logs", "expected": "better"}, 201)
    assert (made["query"], made["expected"], made["inputs"]) == ("the secret question", "better", {"topic": "tea"})
    assert made["run_id"] == str(run.id)
    liked = ask(owner, "POST", f"/runs/{run.id}/test-cases", {"set_id": made["set_id"]}, 201)
    assert liked["expected"] == "the secret answer"
    found = ask(owner, "GET", f"/test-sets/{made['set_id']}")
    assert (found["case_count"], found["app_id"]) == (2, str(app.id))
    Run.unscoped.filter(id=run.id).update(status="running")
    ask(owner, "POST", f"/runs/{run.id}/test-cases", {"set_id": made["set_id"]}, 409)
    ask(owner, "POST", f"/runs/{run.id}/test-cases", {}, 400)


def test_broken_lines_of_an_upload_are_named_and_the_rest_is_used(owner: Person) -> None:
    made = ask(owner, "POST", "/test-sets", {"name": "Uploaded"}, 201)
    path = f"/api/v1/test-sets/{made['id']}/upload"
    file = SimpleUploadedFile("c.jsonl", b'{"query": "a"}\n{broken\n{"query": "b"}\n')
    answer = owner.client.post(path, {"file": file})
    assert answer.status_code == 201 and answer.json()["added"] == 2
    assert [item["line"] for item in answer.json()["refused"]] == [2]
    nothing = owner.client.post(path, {"file": SimpleUploadedFile("c.jsonl", b"{broken\n")})
    assert nothing.status_code == 400 and "line 1" in nothing.json()["message"]
    cases = ask(owner, "GET", f"/test-sets/{made['id']}/cases")["results"]
    assert [case["query"] for case in cases] == ["a", "b"]
    changed = ask(owner, "PATCH", f"/test-sets/{made['id']}/cases/{cases[0]['id']}", {"expected": "x"})
    assert (changed["query"], changed["expected"]) == ("a", "x")
    actions = AuditEntry.objects.within(owner.workspace.id).values_list("action", flat=True)
    assert {"evaluation_set.created", "evaluation_set.uploaded"} <= set(actions)
