"""The writes of tables: upload, settings, start, pause, resume, cancel, retry, delete."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.apps.models import App
from backend.batches.advancing import batch_advance
from backend.batches.inputs import inputs_of, inputs_require, mapping_check, mapping_guess
from backend.batches.models import Batch, BatchRow, BatchStatus, RowStatus
from backend.batches.selectors import batch_draft, batch_inputs, batches_list, draft_of_version
from backend.batches.tables import table_read
from backend.common.errors import Conflict
from backend.runs.models import Run
from backend.runs.services import run_cancel

MAX_AT_ONCE = 8
MAX_OPEN = 20
"""Tables of an app that have not ended: each holds its rows."""
READY_TTL = timedelta(days=7)
OPEN = (BatchStatus.READY, BatchStatus.RUNNING, BatchStatus.PAUSED)


@transaction.atomic
def batch_create(*, app: App, name: str, data: bytes, version: int | None, user: User | None) -> Batch:
    """Store an uploaded table, with the columns matched to the inputs by name; nothing runs yet.

    Raises `ApiError` for what is no table.
    """
    inputs = inputs_of(app.mode, draft_of_version(app, version))
    if batches_list(app).filter(status__in=OPEN).count() >= MAX_OPEN:
        raise Conflict(f"{MAX_OPEN} tables of this app have not ended: start, cancel or delete one of them")
    table = table_read(data)
    batch = Batch.objects.create(
        workspace_id=app.workspace_id,
        app=app,
        name=name[:255],
        app_version=version,
        columns=list(table.columns),
        delimiter=table.delimiter,
        mapping=mapping_guess(inputs, table.columns),
        created_by=user,
    )
    own = {"workspace_id": app.workspace_id, "batch": batch}
    BatchRow.objects.bulk_create(
        [BatchRow(**own, number=number, cells=list(cells)) for number, cells in enumerate(table.rows, 1)],
        batch_size=1000,
    )
    _audit(batch, user, "batch.created", rows=len(table.rows))
    return batch


def _audit(batch: Batch, actor: User | None, action: str, **detail: object) -> None:
    audit_record(
        workspace_id=batch.workspace_id,
        actor=actor,
        action=action,
        target=str(batch.id),
        detail={"name": batch.name, "app_id": batch.app_id, **detail},
    )


def _locked(batch: Batch) -> Batch:
    rows = Batch.objects.within(batch.workspace_id).select_for_update(of=("self",))
    return rows.select_related("app", "created_by").get(id=batch.id)


@transaction.atomic
def batch_update(*, batch: Batch, changes: Mapping[str, object], actor: User | None) -> Batch:
    """Change name, mapping, version (None: the draft) or how many rows run at once, which alone may change later."""
    batch = _locked(batch)
    later = {"name", "at_once"}
    if batch.status != BatchStatus.READY and set(changes) - later:
        raise Conflict("this table was started: its version and its columns are fixed; upload it again to change them")
    for name, value in changes.items():
        setattr(batch, name, value)
    if batch.status == BatchStatus.READY:
        inputs = inputs_of(batch.app.mode, draft_of_version(batch.app, batch.app_version))
        if "mapping" in changes:
            mapping_check(inputs, batch.columns, batch.mapping)
        else:
            names = {item.name for item in inputs}
            kept = {name: column for name, column in batch.mapping.items() if name in names}
            batch.mapping = {**mapping_guess(inputs, batch.columns), **kept}
    batch.save()
    _audit(batch, actor, "batch.changed", changed=sorted(changes))
    if batch.status == BatchStatus.RUNNING:
        transaction.on_commit(partial(batch_advance, batch.id))
    return batch


@transaction.atomic
def batch_start(*, batch: Batch, actor: User | None) -> Batch:
    """Fix what runs, and begin; raises `Invalid` when a column is missing, before any row runs."""
    batch = _locked(batch)
    if batch.status != BatchStatus.READY:
        raise Conflict("this table was started already: resume it, retry its failed rows, or upload it again")
    draft = batch_draft(batch)
    inputs = batch_inputs(batch)
    mapping_check(inputs, batch.columns, batch.mapping)
    inputs_require(inputs, batch.columns, batch.mapping)
    batch.config = draft.to_json()
    batch.status, batch.started_at = BatchStatus.RUNNING, timezone.now()
    batch.save()
    _audit(batch, actor, "batch.started", version=batch.app_version)
    transaction.on_commit(partial(batch_advance, batch.id))
    return batch


@transaction.atomic
def batch_pause(*, batch: Batch, actor: User | None) -> Batch:
    """Begin no further rows; what runs goes on to its end."""
    batch = _locked(batch)
    if batch.status == BatchStatus.PAUSED:
        return batch
    if batch.status != BatchStatus.RUNNING:
        raise Conflict(f"only a running table can be paused, this one is {batch.status}")
    batch.status = BatchStatus.PAUSED
    batch.save()
    _audit(batch, actor, "batch.paused")
    return batch


@transaction.atomic
def batch_resume(*, batch: Batch, actor: User | None) -> Batch:
    """Go on with the rows that are left."""
    batch = _locked(batch)
    if batch.status == BatchStatus.RUNNING:
        return batch
    if batch.status != BatchStatus.PAUSED:
        raise Conflict(f"only a paused table can be resumed, this one is {batch.status}")
    batch.status = BatchStatus.RUNNING
    batch.save()
    _audit(batch, actor, "batch.resumed")
    transaction.on_commit(partial(batch_advance, batch.id))
    return batch


@transaction.atomic
def batch_cancel(*, batch: Batch, actor: User | None) -> Batch:
    """Begin nothing more and end what runs; a table that has ended stays as it is."""
    batch = _locked(batch)
    if batch.status not in OPEN:
        return batch
    rows = BatchRow.objects.within(batch.workspace_id).filter(batch=batch)
    rows.filter(status=RowStatus.PENDING).update(status=RowStatus.CANCELLED, updated_at=timezone.now())
    running = list(rows.filter(status=RowStatus.RUNNING, run__isnull=False).values_list("run_id", flat=True))
    batch.status = BatchStatus.CANCELLED
    batch.save()
    _audit(batch, actor, "batch.cancelled")
    transaction.on_commit(partial(_runs_cancel, batch.id, running))
    return batch


def _runs_cancel(batch_id: uuid.UUID, run_ids: list[uuid.UUID]) -> None:
    for run in Run.unscoped.filter(id__in=run_ids):
        run_cancel(run=run)
    batch_advance(batch_id)


@transaction.atomic
def batch_retry(*, batch: Batch, actor: User | None) -> Batch:
    """Run the failed and the cancelled rows again, with what was fixed at the start; rows that succeeded stay."""
    batch = _locked(batch)
    if batch.status == BatchStatus.READY:
        raise Conflict("this table was not started yet: start it")
    rows = BatchRow.objects.within(batch.workspace_id).filter(batch=batch)
    again = rows.filter(status__in=(RowStatus.FAILED, RowStatus.CANCELLED)).update(
        status=RowStatus.PENDING, run=None, outputs={}, error_code="", error_message="", elapsed_ms=None,
        updated_at=timezone.now(),
    )  # fmt: skip
    if not again:
        raise Conflict("no row of this table has failed: there is nothing to run again")
    batch.status, batch.finished_at = BatchStatus.RUNNING, None
    batch.save()
    _audit(batch, actor, "batch.retried", rows=again)
    transaction.on_commit(partial(batch_advance, batch.id))
    return batch


@transaction.atomic
def batch_delete(*, batch: Batch, actor: User | None) -> None:
    """Delete a table and its results; its runs stay in the logs."""
    batch = _locked(batch)
    if batch.status in (BatchStatus.RUNNING, BatchStatus.PAUSED) or (
        batch.status == BatchStatus.CANCELLED and batch.finished_at is None
    ):
        raise Conflict("rows of this table may still run: cancel it first")
    _audit(batch, actor, "batch.deleted")
    batch.delete()


def batches_forget() -> None:
    """Delete tables that were uploaded long ago and never started."""
    Batch.unscoped.filter(status=BatchStatus.READY, updated_at__lt=timezone.now() - READY_TTL).delete()
