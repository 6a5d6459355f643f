"""What a workspace did lately, for its first page: the runs since a moment, and who changed what."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Q, Sum

from backend.accounts.models import AuditEntry
from backend.apps.models import App
from backend.datasets.models import Dataset
from backend.runs.models import LIVE_STATUSES, Run, RunStatus

MAX_CHANGES = 8
# What every member may know; keys, members and rules stay in the audit log.
CHANGES = (
    "app.created",
    "app.imported",
    "app.published",
    "app.version_restored",
    "app.deleted",
    "dataset.created",
    "dataset.deleted",
    "document.uploaded",
    "document.replaced",
    "document.deleted",
    "document.linked",
)


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody did something to an app or a dataset; `name` is what it is called, or was."""

    action: str
    at: datetime
    actor: str
    kind: str
    target_id: str
    name: str
    is_there: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """The runs that began since the moment asked for, and the newest changes."""

    runs: int
    failed: int
    live: int
    waiting: int
    tokens: int
    cost: Decimal
    changes: tuple[Change, ...]


def overview(workspace_id: uuid.UUID, since: datetime) -> Overview:
    """Return it; `waiting` are paused runs of any age, which ask a person something."""
    runs = Run.objects.within(workspace_id).order_by()
    counted = runs.filter(created_at__gte=since).aggregate(
        runs=Count("id"),
        failed=Count("id", filter=Q(status=RunStatus.FAILED)),
        live=Count("id", filter=Q(status__in=LIVE_STATUSES)),
        tokens=Sum("prompt_tokens", default=0) + Sum("completion_tokens", default=0),
        cost=Sum("cost", default=Decimal(0)),
    )
    waiting = runs.filter(status=RunStatus.PAUSED).count()
    return Overview(**counted, waiting=waiting, changes=_changes(workspace_id))


def _changes(workspace_id: uuid.UUID) -> tuple[Change, ...]:
    """Return the newest changes, one of each kind for each thing: 40 uploads into a dataset are one."""
    entries = AuditEntry.objects.within(workspace_id).filter(action__in=CHANGES).select_related("actor")
    newest: dict[tuple[str, str], AuditEntry] = {}
    for entry in entries.order_by("-created_at", "-id")[: 20 * MAX_CHANGES]:
        newest.setdefault((entry.action, _target(entry)), entry)
    chosen = list(newest.values())[:MAX_CHANGES]
    names = _names(workspace_id, map(_target, chosen))
    return tuple(
        Change(
            action=entry.action,
            at=entry.created_at,
            actor=entry.actor.name or entry.actor.email if entry.actor else "",
            kind="app" if entry.action.startswith("app.") else "dataset",
            target_id=_target(entry),
            name=names.get(_target(entry)) or str(entry.detail.get("name", "")),
            is_there=_target(entry) in names,
        )
        for entry in chosen
    )


def _target(entry: AuditEntry) -> str:
    """Return the id of the app or dataset: what is done to documents is told of their dataset."""
    return str(entry.detail.get("dataset_id") or entry.target)


def _names(workspace_id: uuid.UUID, ids: Iterable[str]) -> dict[str, str]:
    wanted = [text for text in ids if _is_id(text)]
    apps = App.objects.within(workspace_id).filter(id__in=wanted).values_list("id", "name")
    datasets = Dataset.objects.within(workspace_id).filter(id__in=wanted).values_list("id", "name")
    return {str(key): name for key, name in (*apps, *datasets)}


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
