"""Everything of one end user goes, of nobody else anything, and the audit log tells no name."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from backend.accounts.models import AuditEntry
from backend.apps.models import App
from backend.apps.services import app_create
from backend.files.models import StoredFile
from backend.files.services import file_path, file_store
from backend.logs.models import Conversation, Feedback, LogJob
from backend.logs.working import job_run
from backend.runs.models import Run, RunEvent, RunValue
from backend.service_api.models import EndUser
from backend.service_api.services import end_user_ensure
from tests.backend.conftest import Person
from tests.backend.logs.test_retention import aged

pytestmark = pytest.mark.django_db(transaction=True)
ANN = "ann@example.org"


def app_of(person: Person, name: str = "A") -> App:
    return app_create(workspace_id=person.workspace.id, user=person.user, name=name, mode="chat")


def lived(person: Person, app: App, end_user: str) -> StoredFile:
    """Let an end user ask twice in a conversation, judge, and upload a file."""
    talk = Conversation.objects.create(workspace=person.workspace, app=app, end_user=end_user, name="talk")
    for status in ("succeeded", "queued"):
        run = aged(person, 1, status=status, app_id=app.id, conversation_id=talk.id, end_user=end_user)
        Run.unscoped.filter(id=run.id).update(query=f"{end_user} says")
    other = aged(person, 1, app_id=app.id)
    Feedback.objects.create(workspace=person.workspace, run=other, rating="like", end_user=end_user)
    end_user_ensure(app=app, session_id=end_user)
    return file_store(
        workspace_id=person.workspace.id, upload=SimpleUploadedFile("a.txt", b"x"), app_id=app.id, end_user=end_user
    )


def erased(person: Person, **asked: object) -> dict[str, object]:
    made = person.request("POST", "/end-user-erasures", {"end_user": ANN, **asked})
    assert made.status_code == 201, made.content
    assert made.json()["end_user"] == ANN
    job_run(uuid.UUID(made.json()["id"]))
    return person.request("GET", f"/end-user-erasures/{made.json()['id']}").json()


def test_all_of_one_end_user_goes_and_nothing_of_others(owner: Person, stranger: Person) -> None:
    app, theirs = app_of(owner), app_of(stranger)
    path = file_path(lived(owner, app, ANN))
    kept = lived(owner, app, "bob")
    lived(stranger, theirs, ANN)
    counted = owner.request("GET", f"/end-user-data?end_user={ANN}").json()
    assert counted == {"runs": 2, "conversations": 1, "feedback": 1, "files": 1, "other": 0}
    ended = erased(owner)
    assert ended["status"] == "finished", ended
    assert ended["report"] == {"runs": 2, "conversations": 1, "feedback": 1, "files": 1, "other": 1}
    mine = {"workspace": owner.workspace, "end_user": ANN}
    for rows in (Run, Conversation, Feedback, StoredFile):
        assert not rows.unscoped.filter(**mine).exists()
        assert rows.unscoped.filter(workspace=owner.workspace, end_user="bob").exists()
        assert rows.unscoped.filter(workspace=stranger.workspace, end_user=ANN).exists()
    runs = set(Run.unscoped.values_list("id", flat=True))
    assert set(RunEvent.objects.values_list("run_id", flat=True)) == runs
    assert set(RunValue.objects.values_list("run_id", flat=True)) == runs
    assert not path.exists() and file_path(kept).exists()
    assert EndUser.unscoped.filter(session_id=ANN).count() == 1


def test_neither_the_job_nor_the_audit_log_says_who_it_was(owner: Person) -> None:
    lived(owner, app_of(owner), ANN)
    ended = erased(owner)
    assert ended["end_user"] is None and len(str(ended["digest"])) == 16
    assert ANN not in str(LogJob.unscoped.values_list("asked", "report", "reason"))
    told = list(AuditEntry.unscoped.filter(action__startswith="end_user."))
    assert {entry.action for entry in told} == {"end_user.erasure_started", "end_user.erased"}
    for entry in told:
        assert entry.detail["digest"] == ended["digest"] and ANN not in f"{entry.detail}{entry.target}"


def test_of_one_app_the_others_keep_what_they_have(owner: Person) -> None:
    first, second = app_of(owner), app_of(owner, "B")
    lived(owner, first, ANN)
    lived(owner, second, ANN)
    assert erased(owner, app=str(first.id))["report"]["runs"] == 2  # type: ignore[index]
    assert set(Run.unscoped.filter(end_user=ANN).values_list("app_id", flat=True)) == {second.id}
    assert StoredFile.unscoped.get().app_id == second.id


def test_who_is_not_known_is_said(owner: Person) -> None:
    assert owner.request("POST", "/end-user-erasures", {"end_user": "nobody"}).status_code == 404
    assert owner.request("POST", "/end-user-erasures", {"end_user": ""}).status_code == 400
    assert owner.request("GET", "/end-user-data?end_user=nobody").json()["runs"] == 0


def test_views_are_kept_for_each_person(owner: Person, stranger: Person) -> None:
    view = {"room": "all", "name": "failed", "query": "status=failed"}
    made = owner.request("POST", "/run-views", view)
    assert made.status_code == 201
    again = owner.request("POST", "/run-views", {**view, "query": "status=failed&source=batch"})
    assert again.json()["id"] == made.json()["id"]
    assert [one["query"] for one in owner.request("GET", "/run-views").json()] == ["status=failed&source=batch"]
    assert stranger.request("GET", "/run-views").json() == []
    assert stranger.request("DELETE", f"/run-views/{made.json()['id']}").status_code == 404
    assert owner.request("DELETE", f"/run-views/{made.json()['id']}").status_code == 204
