"""The first page of a workspace over HTTP: what ran since a moment, and who changed what."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.accounts.models import Role
from backend.apps.models import App
from backend.runs.models import Run
from tests.backend.conftest import Person
from tests.backend.world import run_create

pytestmark = pytest.mark.django_db


def overview_of(person: Person, **query: str) -> Any:
    answer = person.request("GET", "/overview", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def app_of(person: Person, name: str = "Helper") -> App:
    made = person.request("POST", "/apps", {"name": name, "mode": "chat"}).json()
    return App.objects.within(person.workspace.id).get(id=made["id"])


def test_a_new_workspace_has_nothing_to_tell(owner: Person) -> None:
    said = overview_of(owner)
    assert (said["runs"], said["failed"], said["live"], said["waiting"], said["tokens"]) == (0, 0, 0, 0, 0)
    assert said["changes"] == []


def test_runs_since_the_moment_are_counted_by_how_they_went(owner: Person, stranger: Person) -> None:
    app = app_of(owner)
    run_create(app, prompt_tokens=5, completion_tokens=7, cost="0.25")
    failed = run_create(app)
    paused, old = run_create(app), run_create(app)
    Run.unscoped.filter(id=failed.id).update(status="failed")
    Run.unscoped.filter(id=paused.id).update(status="paused", created_at=timezone.now() - timedelta(days=9))
    Run.unscoped.filter(id=old.id).update(status="failed", created_at=timezone.now() - timedelta(days=2))
    said = overview_of(owner)
    assert (said["runs"], said["failed"], said["live"], said["tokens"]) == (2, 1, 0, 12)
    assert said["waiting"] == 1, "a question waits however old it is"
    assert float(said["cost"]) == 0.25
    longer = overview_of(owner, since=(timezone.now() - timedelta(days=3)).isoformat())
    assert (longer["runs"], longer["failed"]) == (3, 2)
    assert overview_of(stranger)["runs"] == 0
    assert owner.request("GET", "/overview", {"since": "lunch"}).status_code == 400


def test_changes_are_told_once_for_each_thing_and_with_the_name_of_today(owner: Person, member: Any) -> None:
    app, gone = app_of(owner), app_of(owner, "Gone")
    for _ in range(2):
        owner.request("POST", f"/apps/{app.id}/publish", {})
        owner.request("PUT", f"/apps/{app.id}/draft", {"model": {"id": "smollm2-135m-instruct"}, "prompt": "x"})
    owner.request("PATCH", f"/apps/{app.id}", {"name": "Renamed"})
    owner.request("DELETE", f"/apps/{gone.id}")
    owner.request("PUT", "/egress", {"allow": ["secret.corp"]})
    changes = overview_of(member(Role.VIEWER))["changes"]
    told = [(change["action"], change["name"], change["is_there"]) for change in changes]
    assert told == [
        ("app.deleted", "Gone", False),
        ("app.published", "Renamed", True),
        ("app.created", "Gone", False),
        ("app.created", "Renamed", True),
    ]
    assert {change["actor"] for change in changes} == {owner.user.name or owner.user.email}
    assert {change["target_id"] for change in changes} == {str(app.id), str(gone.id)}
