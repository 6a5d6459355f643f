"""Reading tables: their progress, their rows, and what is left to do."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from backend.apps.drafts import AppDraft, draft_read
from backend.apps.models import App
from backend.apps.selectors import app_draft, version_draft, version_get
from backend.batches.inputs import Input, inputs_of
from backend.batches.models import Batch, BatchRow, BatchStatus, RowStatus
from backend.common.errors import NotFound
from backend.runs.models import RunStatus

PREVIEW_ROWS = 5
PAGE_ROWS = 500


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a table is; `waiting` runs ask a person something, and are among the running."""

    total: int
    pending: int
    running: int
    waiting: int
    succeeded: int
    failed: int
    cancelled: int
    prompt_tokens: int
    completion_tokens: int
    cost: Decimal


def batches_list(app: App) -> QuerySet[Batch]:
    """Return the tables of an app, newest first."""
    return Batch.objects.within(app.workspace_id).filter(app=app).select_related("created_by", "app")


def workspace_batches_list(workspace_id: uuid.UUID) -> QuerySet[Batch]:
    """Return the tables of all apps of a workspace, newest first."""
    return Batch.objects.within(workspace_id).select_related("app")


def batch_get(app: App, batch_id: uuid.UUID) -> Batch:
    """Return a table of the app; raises `NotFound`."""
    batch = batches_list(app).filter(id=batch_id).first()
    if batch is None:
        raise NotFound(f"the app {app.name!r} has no batch {str(batch_id)!r}")
    return batch


def batch_draft(batch: Batch) -> AppDraft:
    """Return what the table runs: what was fixed at its start, or what would be fixed now."""
    if batch.status != BatchStatus.READY:
        return draft_read(batch.app.mode, batch.config)
    return draft_of_version(batch.app, batch.app_version)


def draft_of_version(app: App, number: int | None) -> AppDraft:
    """Return a version of the app, or its draft for None; raises `NotFound`."""
    return app_draft(app) if number is None else version_draft(version_get(app, number))


def batch_inputs(batch: Batch) -> tuple[Input, ...]:
    """Return what each row must give."""
    return inputs_of(batch.app.mode, batch_draft(batch))


def progress_of(batches: list[Batch]) -> Mapping[uuid.UUID, Progress]:
    """Return how far each of the tables is."""
    rows = BatchRow.unscoped.filter(batch__in=batches).order_by().values("batch_id")
    counts = {status.value: Count("id", filter=Q(status=status)) for status in RowStatus}
    found = rows.annotate(
        total=Count("id"),
        waiting=Count("id", filter=Q(status=RowStatus.RUNNING, run__status=RunStatus.PAUSED)),
        prompt=Sum("prompt_tokens"),
        completion=Sum("completion_tokens"),
        costs=Coalesce(Sum("cost"), Decimal(0)),
        **counts,
    )
    names = ("total", "waiting", *counts)
    empty = {
        batch.id: Progress(**dict.fromkeys(names, 0), prompt_tokens=0, completion_tokens=0, cost=Decimal(0))
        for batch in batches
    }
    return empty | {
        row["batch_id"]: Progress(
            prompt_tokens=row["prompt"],
            completion_tokens=row["completion"],
            cost=row["costs"],
            **{name: row[name] for name in names},
        )
        for row in found
    }


def rows_list(batch: Batch, *, status: str = "") -> QuerySet[BatchRow]:
    """Return the rows of a table in their order, with the status of the run that each has now."""
    rows = BatchRow.objects.within(batch.workspace_id).filter(batch=batch).order_by("number")
    rows = rows.annotate(run_status=F("run__status"))
    return rows.filter(status=status) if status else rows


def output_names(batch: Batch) -> list[str]:
    """Return the names of all that the rows gave, the answer first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT jsonb_object_keys(outputs) FROM {BatchRow._meta.db_table} WHERE batch_id = %s",  # noqa: S608 -- the table's name is ours
            [batch.id],
        )
        names = sorted(str(name) for (name,) in cursor.fetchall())
    return sorted(names, key=lambda name: name != "answer")


def rows_after(batch: Batch, number: int) -> list[BatchRow]:
    """Return the next page of rows behind a row's number."""
    return list(rows_list(batch).filter(number__gt=number)[:PAGE_ROWS])


def batches_unfinished() -> list[uuid.UUID]:
    """Return the tables, of every workspace, that have rows to begin or runs to wait for."""
    busy = Q(status=BatchStatus.RUNNING) | Q(
        status__in=(BatchStatus.PAUSED, BatchStatus.CANCELLED), finished_at__isnull=True
    )
    return list(Batch.unscoped.filter(busy).order_by("created_at").values_list("id", flat=True))


def batch_of_run(run_id: uuid.UUID) -> uuid.UUID | None:
    """Return the table that a run belongs to."""
    return BatchRow.unscoped.filter(run_id=run_id).values_list("batch_id", flat=True).first()
