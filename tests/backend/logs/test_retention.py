"""What is older than the workspace keeps goes, whole; what is younger stays, with its files and conversations."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from agents.types import FileRef, RunSpec
from backend.accounts.models import AuditEntry
from backend.apps.models import App
from backend.apps.services import app_create
from backend.common.redis import redis_sync
from backend.files.models import StoredFile
from backend.files.services import file_path, file_store
from backend.logs.models import Conversation, Feedback, LogJob, LogPolicy
from backend.logs.policies import retention_set
from backend.logs.retention import policies_due, policy_apply
from backend.runs import removal
from backend.runs.live import stream_key
from backend.runs.models import Run, RunEvent, RunFile, RunSource, RunValue
from backend.runs.services import Origin, run_create
from tests.backend.conftest import Person

pytestmark = pytest.mark.django_db(transaction=True)


def app_of(owner: Person) -> App:
    return app_create(workspace_id=owner.workspace.id, user=owner.user, name="A", mode="chat")


def file_of(owner: Person, days: int = 100) -> StoredFile:
    stored = file_store(
        workspace_id=owner.workspace.id, upload=SimpleUploadedFile("a.txt", b"some bytes"), user=owner.user
    )
    StoredFile.unscoped.filter(id=stored.id).update(created_at=timezone.now() - timedelta(days=days))
    return stored


def aged(
    owner: Person, days: float, *, files: tuple[StoredFile, ...] = (), status: str = "succeeded", **values: object
) -> Run:
    """Store a run that ended so many days ago, with an event, a value and a verdict."""
    refs = tuple(FileRef(str(item.id), item.name, item.mime_type, item.size_bytes) for item in files)
    spec = RunSpec(str(uuid.uuid4()), str(owner.workspace.id), (), (), files=refs)
    run = run_create(spec=spec, origin=Origin(owner.workspace.id, RunSource.SERVICE_API, **values))
    at = timezone.now() - timedelta(days=days)
    Run.unscoped.filter(id=run.id).update(created_at=at, finished_at=at, status=status)
    RunEvent.objects.create(run=run, seq=1, first_seq=1, at=at, kind="run_cancelled", data={})
    RunValue.objects.create(run=run, sha256=run.id.hex * 2, text='"large"')
    Feedback.objects.create(workspace_id=owner.workspace.id, run=run, rating="like", end_user=str(run.id))
    redis_sync().xadd(stream_key(run.id), {"k": "x"})
    return run


def applied() -> None:
    for policy_id in policies_due():
        policy_apply(policy_id)


def test_what_is_younger_stays_and_what_is_older_goes_with_all_that_hangs_on_it(
    owner: Person, stranger: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "BATCH_RUNS", 3)
    app = app_of(owner)
    talk, empty = (
        Conversation.objects.create(workspace_id=owner.workspace.id, app=app, name=name) for name in ("talk", "empty")
    )
    Conversation.unscoped.all().update(updated_at=timezone.now() - timedelta(days=50))
    old = [aged(owner, 40 + number, app_id=app.id, conversation_id=empty.id) for number in range(7)]
    half = aged(owner, 31, conversation_id=talk.id)
    kept = [aged(owner, 29, conversation_id=talk.id), aged(owner, 1), aged(owner, 400, status="paused")]
    foreign = aged(stranger, 400)
    estimate = owner.request("GET", "/log-policy/estimate?days=30").json()
    assert estimate["runs"] == 8 and estimate["oldest"][:10] == str((timezone.now() - timedelta(days=46)).date())

    assert owner.request("PATCH", "/log-policy", {"retention_days": 30}).json()["retention_days"] == 30
    applied()
    left = {run.id for run in Run.unscoped.all()}
    assert left == {run.id for run in [*kept, foreign]}
    gone = [run.id for run in [*old, half]]
    for rows in (RunEvent.objects, RunValue.objects, Feedback.unscoped):
        assert not rows.filter(run_id__in=gone).exists()
        assert rows.count() == len(left)
    assert not redis_sync().exists(*(stream_key(run_id) for run_id in gone))
    assert [one.name for one in Conversation.unscoped.all()] == ["talk"]
    policy = LogPolicy.unscoped.get()
    assert policy.removed == 8 and policy.applied_at and policy.due_at > timezone.now() and not policies_due()
    [entry] = AuditEntry.unscoped.filter(action="retention.applied")
    assert entry.detail["runs"] == 8


def test_files_go_with_the_last_run_that_was_given_them(owner: Person) -> None:
    alone, shared, young = file_of(owner), file_of(owner), file_of(owner, days=1)
    old = aged(owner, 60, files=(alone, shared, young))
    aged(owner, 5, files=(shared,))
    retention_set(workspace_id=owner.workspace.id, days=30, actor=owner.user)
    applied()
    assert {item.id for item in StoredFile.unscoped.all()} == {shared.id, young.id}
    assert not file_path(alone).exists() and file_path(shared).exists()
    assert not Run.unscoped.filter(id=old.id).exists() and RunFile.objects.count() == 1


def test_a_file_that_something_else_uses_stays(owner: Person) -> None:
    picture = file_of(owner)
    aged(owner, 60, files=(picture,))
    app_of(owner)
    LogJob.objects.create(workspace_id=owner.workspace.id, kind="export", file=picture)
    retention_set(workspace_id=owner.workspace.id, days=30, actor=None)
    applied()
    assert StoredFile.unscoped.filter(id=picture.id).exists() and not Run.unscoped.exists()


def test_nothing_goes_by_default_nor_after_it_was_taken_back(owner: Person) -> None:
    aged(owner, 4000)
    applied()
    retention_set(workspace_id=owner.workspace.id, days=1, actor=None)
    retention_set(workspace_id=owner.workspace.id, days=None, actor=None)
    applied()
    assert Run.unscoped.count() == 1


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_a_time_that_is_none_is_refused(owner: Person, days: int) -> None:
    assert owner.request("PATCH", "/log-policy", {"retention_days": days}).status_code == 400
    assert owner.request("GET", f"/log-policy/estimate?days={days}").status_code == 400


def test_a_policy_that_runs_out_of_time_goes_on_with_the_next_sweep(
    owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "BATCH_RUNS", 1)
    for _ in range(2):
        aged(owner, 60)
    retention_set(workspace_id=owner.workspace.id, days=30, actor=None)
    [policy_id] = policies_due()
    policy_apply(policy_id, budget_s=0)
    assert Run.unscoped.count() == 2 and policies_due() == [policy_id]
    policy_apply(policy_id)
    assert Run.unscoped.count() == 0 and not policies_due()
