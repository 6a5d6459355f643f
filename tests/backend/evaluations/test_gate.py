"""The gate before publishing: it refuses what is worse or unknown, allows the rest, and an owner may override it."""

from typing import Any

from backend.accounts.models import AuditEntry, Role
from backend.apps.models import App
from tests.backend.apps.running import LIVE, World
from tests.backend.conftest import Person, person_create
from tests.backend.evaluations.running import (
    BAD,
    GOOD,
    QUESTIONS,
    app_made,
    ask,
    drafted,
    echo,
    evaluator_made,
    finished,
    set_made,
)

pytestmark = LIVE


def gated(owner: Person, world: World, questions: tuple[str, ...] = QUESTIONS) -> App:
    """Publish a good version and demand that no draft is worse."""
    world.model.script = echo
    app = app_made(owner)
    body = {"set_id": set_made(owner, questions), "evaluator_ids": [evaluator_made(owner)]}
    assert ask(owner, "PUT", f"/apps/{app.id}/gate", body)["standing"]["state"] == "unchanged"
    return app


def tried(owner: Person, app: App) -> Any:
    finished(owner, ask(owner, "POST", f"/apps/{app.id}/gate/run", {}, 201)["id"])
    return ask(owner, "GET", f"/apps/{app.id}/gate")["standing"]


def test_a_draft_that_was_not_compared_or_is_worse_is_refused_and_a_mended_one_is_published(
    owner: Person, world: World
) -> None:
    app = gated(owner, world)
    drafted(app, BAD)
    refused = ask(owner, "POST", f"/apps/{app.id}/publish", {}, 409)
    assert (refused["code"], refused["extra"]["state"]) == ("gate_closed", "missing")

    standing = tried(owner, app)
    assert (standing["state"], standing["is_open"]) == ("worse", False)
    assert standing["comparison"]["difference"] == -1
    assert standing["fallen"][0] == {"number": 1, "query": "one", "before": 1, "after": 0}
    refused = ask(owner, "POST", f"/apps/{app.id}/publish", {}, 409)
    assert refused["extra"] == {"state": "worse", "experiment_id": standing["experiment_id"]}
    assert "6 of 6 cases fell" in refused["message"]

    drafted(app, f"{GOOD} Please.")
    assert ask(owner, "POST", f"/apps/{app.id}/publish", {}, 409)["extra"]["state"] == "missing"
    assert tried(owner, app)["state"] == "passed"
    assert ask(owner, "POST", f"/apps/{app.id}/publish", {}, 201)["number"] == 2


def test_an_experiment_that_runs_was_stopped_or_is_of_an_older_set_does_not_open_the_gate(
    owner: Person, world: World
) -> None:
    app = gated(owner, world)
    drafted(app, f"{GOOD} Please.")
    made = ask(owner, "POST", f"/apps/{app.id}/gate/run", {}, 201)
    assert ask(owner, "POST", f"/apps/{app.id}/publish", {}, 409)["extra"]["state"] == "running"
    ask(owner, "POST", f"/experiments/{made['id']}/cancel")
    finished(owner, made["id"])
    assert ask(owner, "POST", f"/apps/{app.id}/publish", {}, 409)["extra"]["state"] == "incomplete"
    assert tried(owner, app)["state"] == "passed"
    gate = ask(owner, "GET", f"/apps/{app.id}/gate")
    ask(owner, "POST", f"/test-sets/{gate['set_id']}/cases", {"query": "seven", "expected": "seven"}, 201)
    assert ask(owner, "POST", f"/apps/{app.id}/publish", {}, 409)["extra"]["state"] == "missing"


def test_few_cases_cases_open_no_gate(owner: Person, world: World) -> None:
    app = gated(owner, world, QUESTIONS[:4])
    drafted(app, f"{GOOD} Please.")
    assert tried(owner, app)["state"] == "few_cases"
    ask(owner, "POST", f"/apps/{app.id}/publish", {}, 409)


def test_an_owner_overrides_the_gate_with_a_reason_in_the_audit_log_and_an_editor_cannot(
    owner: Person, world: World
) -> None:
    app = gated(owner, world)
    drafted(app, BAD)
    reason = {"override": "the set is out of date"}
    editor = person_create(Role.EDITOR, owner.workspace)
    ask(editor, "POST", f"/apps/{app.id}/publish", reason, 403)
    ask(editor, "PUT", f"/apps/{app.id}/gate", {}, 403)
    ask(owner, "POST", f"/apps/{app.id}/publish", {"override": "  "}, 409)
    ask(owner, "POST", f"/apps/{app.id}/publish", reason, 201)
    entry = AuditEntry.objects.within(owner.workspace.id).get(action="app.gate_overridden")
    assert (entry.actor_id, entry.detail["reason"], entry.detail["version"]) == (
        owner.user.id, "the set is out of date", 2,
    )  # fmt: skip
    assert "was not compared" in entry.detail["gate"]


def test_a_gate_that_is_off_and_a_first_publication_ask_nothing(owner: Person, world: World) -> None:
    app = gated(owner, world)
    gate = ask(owner, "GET", f"/apps/{app.id}/gate")
    body = {"set_id": gate["set_id"], "evaluator_ids": gate["evaluator_ids"], "is_on": False}
    ask(owner, "PUT", f"/apps/{app.id}/gate", body)
    drafted(app, BAD)
    ask(owner, "POST", f"/apps/{app.id}/publish", {}, 201)
    new = ask(owner, "POST", "/apps", {"name": "New", "mode": "chat"}, 201)["id"]
    ask(owner, "PUT", f"/apps/{new}/gate", {**body, "is_on": True})
    ask(owner, "POST", f"/apps/{new}/publish", {}, 201)


def test_what_a_gate_stands_on_cannot_be_deleted(owner: Person, world: World) -> None:
    app = gated(owner, world)
    gate = ask(owner, "GET", f"/apps/{app.id}/gate")
    assert ask(owner, "DELETE", f"/test-sets/{gate['set_id']}", status=409)["code"] == "set_in_use"
    evaluator = f"/evaluators/{gate['evaluator_ids'][0]}"
    assert ask(owner, "DELETE", evaluator, status=409)["code"] == "evaluator_in_use"
