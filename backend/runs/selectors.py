"""Reading runs: lists, one run with its trace, and those that nobody executes."""

import uuid
from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.db.models import DateTimeField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from backend.common.errors import NotFound
from backend.runs.filters import condition_of
from backend.runs.journal import row_of
from backend.runs.models import LIVE_STATUSES, Run, RunEvent, RunStatus, RunValue
from backend.runs.search import PROBED, is_frequent
from backend.runs.trace import NodeTrace, trace_fold

LOST_MESSAGE_S = 10
COUNT_LIMIT = 1000


def runs_list(workspace_id: uuid.UUID, filters: Mapping[str, str]) -> QuerySet[Run]:
    """Return the workspace's runs that match the given filters (`FILTERS`); raises `Invalid`."""
    # What a list does not show may be large.
    return _runs_found(workspace_id, filters).select_related("app").defer("spec")


def _runs_found(workspace_id: uuid.UUID, filters: Mapping[str, str]) -> QuerySet[Run]:
    """Return the matching runs, newest first; those with what is rare by `began`, which no index has in order."""
    runs, condition = Run.objects.within(workspace_id), condition_of(filters)
    probed = {name: text for name in PROBED if (text := filters.get(name, "").strip())}
    if not probed:
        return runs.filter(condition).order_by("-created_at", "-id")
    condition = condition_of({name: filters[name] for name in filters if name not in probed})
    has_rare = False
    for name, text in probed.items():
        each = PROBED[name](text, by_index=False)
        is_rare = not is_frequent(workspace_id, each)
        condition &= PROBED[name](text) if is_rare else each
        has_rare |= is_rare
    if not has_rare:
        return runs.filter(condition).order_by("-created_at", "-id")
    began = ExpressionWrapper(F("created_at") + Value(timedelta()), DateTimeField())
    return runs.filter(condition).annotate(began=began).order_by("-began", "-id")


def runs_count(workspace_id: uuid.UUID, filters: Mapping[str, str]) -> tuple[int, bool]:
    """Return how many runs match, and whether there are more: beyond `COUNT_LIMIT` nobody counts."""
    found = _runs_found(workspace_id, filters)
    if filters.get("feedback"):
        # Beginning with the verdicts, instead of asking each run, newest first, whether it has one.
        found = found.order_by()
    count = found[: COUNT_LIMIT + 1].count()
    return min(count, COUNT_LIMIT), count > COUNT_LIMIT


def run_get(workspace_id: uuid.UUID, run_id: uuid.UUID | str) -> Run:
    """Return a run of the workspace; raises `NotFound`."""
    run = Run.objects.within(workspace_id).select_related("app", "user", "key").filter(id=run_id).first()
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
    late = now - timedelta(seconds=LOST_MESSAGE_S)
    lost = Q(lease_expires_at__lt=now) | Q(
        lease_expires_at__isnull=True, status=RunStatus.QUEUED, waiting_since__lt=late
    )
    live = Run.unscoped.annotate(waiting_since=Coalesce("resumed_at", "created_at"))
    live = live.filter(status__in=LIVE_STATUSES).filter(lost)
    return list(live.order_by("created_at").values_list("id", flat=True)[:500])


def runs_overslept() -> list[uuid.UUID]:
    """Return paused runs with a question that has expired, of all workspaces."""
    asleep = Run.unscoped.filter(status=RunStatus.PAUSED, wakes_at__lt=Now())
    return list(asleep.order_by("wakes_at").values_list("id", flat=True)[:500])


def runs_stuck() -> QuerySet[Run]:
    """Return runs that should long have been taken up again: none, if the sweeper and a worker run."""
    limit = timezone.now() - timedelta(seconds=2 * settings.RUN_LEASE_S)
    late = Q(lease_expires_at__lt=limit) | Q(lease_expires_at__isnull=True, waiting_since__lt=limit)
    live = Q(status__in=LIVE_STATUSES) & late
    overslept = Q(status=RunStatus.PAUSED, wakes_at__lt=limit)
    since = Coalesce("resumed_at", "created_at")
    return Run.unscoped.annotate(waiting_since=since).filter(live | overslept)


def value_get(workspace_id: uuid.UUID, run_id: uuid.UUID, value_id: uuid.UUID) -> RunValue:
    """Return a large value of a run of the workspace; raises `NotFound`."""
    found = RunValue.objects.filter(run=run_get(workspace_id, run_id), id=value_id).first()
    if found is None:
        raise NotFound(f"the run has no value {str(value_id)!r}")
    return found
