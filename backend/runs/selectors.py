"""Reading runs: lists, one run with its trace, and those that nobody executes."""

import uuid
from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from backend.common.errors import NotFound
from backend.runs.journal import row_of
from backend.runs.models import LIVE_STATUSES, Run, RunEvent, RunStatus
from backend.runs.trace import NodeTrace, trace_fold

LOST_MESSAGE_S = 10
FILTERS = {"app": "app_id", "status": "status", "conversation": "conversation_id", "source": "source"}


def runs_list(workspace_id: uuid.UUID, filters: Mapping[str, str]) -> QuerySet[Run]:
    """Return the workspace's runs that match the given filters; `search` looks into questions and answers."""
    runs = Run.objects.within(workspace_id).select_related("app")
    for name, column in FILTERS.items():
        if filters.get(name):
            runs = runs.filter(**{column: filters[name]})
    if search := filters.get("search"):
        runs = runs.filter(Q(query__icontains=search) | Q(outputs__answer__icontains=search))
    return runs


def run_get(workspace_id: uuid.UUID, run_id: uuid.UUID | str) -> Run:
    """Return a run of the workspace; raises `NotFound`."""
    run = Run.objects.within(workspace_id).select_related("app").filter(id=run_id).first()
    if run is None:
        raise NotFound(f"there is no run {str(run_id)!r} in this workspace")
    return run


def run_trace(run: Run) -> list[NodeTrace]:
    """Return the run's nodes as its kept events tell them."""
    records = RunEvent.objects.filter(run=run).order_by("seq")
    return trace_fold([row_of(record).event for record in records])


def runs_orphaned() -> list[uuid.UUID]:
    """Return live runs that nobody holds, of all workspaces: lease run out, or message lost."""
    now = timezone.now()
    lost = Q(lease_expires_at__lt=now) | Q(
        lease_expires_at__isnull=True, status=RunStatus.QUEUED, created_at__lt=now - timedelta(seconds=LOST_MESSAGE_S)
    )
    live = Run.unscoped.filter(status__in=LIVE_STATUSES).filter(lost)
    return list(live.order_by("created_at").values_list("id", flat=True)[:500])


def runs_stuck() -> QuerySet[Run]:
    """Return runs that should long have been taken up again: none, if the sweeper and a worker run."""
    limit = timezone.now() - timedelta(seconds=2 * settings.RUN_LEASE_S)
    late = Q(lease_expires_at__lt=limit) | Q(lease_expires_at__isnull=True, created_at__lt=limit)
    return Run.unscoped.filter(status__in=LIVE_STATUSES).filter(late)
