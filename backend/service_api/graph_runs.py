"""Reading the runs of workflows and chatflows for one of an app's clients."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast

from agents.events import NodeFailed, NodeFinished, RunFinished
from backend.apps.models import AppVersion
from backend.common.errors import NotFound
from backend.runs.models import Run, RunEvent, RunSource, RunStatus
from backend.service_api.bodies import id_of
from backend.service_api.callers import AppCaller
from backend.service_api.services import end_user_id

STATUSES = {
    RunStatus.QUEUED: "running",
    RunStatus.RUNNING: "running",
    RunStatus.PAUSED: "paused",
    RunStatus.SUCCEEDED: "succeeded",
    RunStatus.FAILED: "failed",
    RunStatus.CANCELLED: "stopped",
}
PARTIAL = "partial-succeeded"
STEP_KINDS = (NodeFinished.kind, NodeFailed.kind)


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which runs a client asks for; what is empty says nothing."""

    keyword: str = ""
    status: str = ""
    before: datetime | None = None
    after: datetime | None = None
    end_user: str = ""
    account: str = ""


def created_by(run: Run) -> dict[str, str]:
    """Return who asked, as Dify names an end user."""
    return {"id": str(end_user_id(run.app_id, run.end_user)), "user": run.end_user}


def version_id_of(run: Run) -> str:
    """Return the id of the version that ran; empty when it is gone."""
    versions = AppVersion.objects.within(run.workspace_id).filter(app_id=run.app_id, number=run.app_version)
    return str(versions.values_list("id", flat=True).first() or "")


def graph_runs(caller: AppCaller) -> QuerySet[Run]:
    """Return the app's runs over the service API, with their steps, and whether nodes failed although they went on."""
    failed_on = RunEvent.objects.filter(run=OuterRef("id"), kind=RunFinished.kind, data__exceptions__gt=0)
    runs = Run.objects.within(caller.workspace_id).filter(app=caller.app, source=RunSource.SERVICE_API)
    steps = Count("events", filter=Q(events__kind__in=STEP_KINDS))
    return runs.annotate(steps=steps, has_exceptions=Exists(failed_on))


def graph_run_get(caller: AppCaller, run_id: str) -> Run:
    """Return a run of the app; raises `NotFound` for any other."""
    run = graph_runs(caller).filter(id=id_of(run_id, "workflow run")).first()
    if run is None:
        raise NotFound("Workflow run not found.")
    return run


def run_totals(run: Run) -> dict[str, object]:
    """Return what both the detail and the log of a run from `graph_runs` say."""
    took_s = (run.finished_at - run.created_at).total_seconds() if run.finished_at else None
    is_partial = run.status == RunStatus.SUCCEEDED and run.has_exceptions
    return {
        "id": str(run.id),
        "status": PARTIAL if is_partial else STATUSES[RunStatus(run.status)],
        "error": run.error_message or None,
        "elapsed_time": took_s,
        "total_tokens": run.prompt_tokens + run.completion_tokens,
        "total_steps": run.steps,
        "created_at": int(run.created_at.timestamp()),
        "finished_at": int(run.finished_at.timestamp()) if run.finished_at else None,
    }


def workflow_logs(caller: AppCaller, wanted: LogFilter, *, page: int, limit: int) -> tuple[Sequence[Run], int]:
    """Return a page of the app's runs, newest first, and how many there are altogether."""
    runs = Run.objects.within(caller.workspace_id).filter(app=caller.app, source=RunSource.SERVICE_API)
    if wanted.account:
        runs = runs.none()  # members run apps in the console, not here
    if wanted.status:
        runs = runs.filter(status__in=[ours for ours, theirs in STATUSES.items() if theirs == wanted.status])
    if wanted.before:
        runs = runs.filter(created_at__lte=wanted.before)
    if wanted.after:
        runs = runs.filter(created_at__gte=wanted.after)
    if wanted.end_user:
        runs = runs.filter(end_user=wanted.end_user)
    if wanted.keyword:
        texts = {"inputs_text": Cast("inputs", TextField()), "outputs_text": Cast("outputs", TextField())}
        word = wanted.keyword
        runs = runs.annotate(**texts).filter(Q(inputs_text__icontains=word) | Q(outputs_text__icontains=word))
    ids: list[uuid.UUID] = list(runs.values_list("id", flat=True)[(page - 1) * limit : page * limit])
    return list(graph_runs(caller).filter(id__in=ids)), runs.count()
