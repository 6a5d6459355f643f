"""Moves a table on: what has ended is noted, what is free begins. Safe to call at any time, by anybody, any number.

    pending → running (with the run, in one transaction) → succeeded · failed · cancelled

Nothing of a table is in a process: the row names its run, and a run survives its worker. The lock on the table keeps
two who move it at once from beginning a row twice.
"""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from celery import current_app
from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from backend.apps.drafts import CONVERSATION_MODES, AppDraft
from backend.apps.services import RunAsk, run_begin, run_plan
from backend.batches.inputs import Input, inputs_of, row_inputs
from backend.batches.models import Batch, BatchRow, BatchStatus, RowStatus
from backend.batches.selectors import batch_draft, batch_of_run
from backend.common.errors import ApiError, TooManyRequests
from backend.runs.models import END_STATUSES, Run, RunSource, RunStatus
from backend.runs.services import run_enqueue

ADVANCE = "batches.advance"
ROWS_A_TIME = 100
"""Rows that one call looks at, so that a table of wrong rows holds no lock for long."""
PATIENCE_S = 60
"""A limit that is free again sooner makes a table wait; of a longer one the row fails, and says when to try again."""
ENDS = {
    RunStatus.SUCCEEDED: RowStatus.SUCCEEDED,
    RunStatus.FAILED: RowStatus.FAILED,
    RunStatus.CANCELLED: RowStatus.CANCELLED,
}
RUN_COLUMNS = (
    *("id", "status", "outputs", "error_code", "error_message", "prompt_tokens", "completion_tokens", "cost"),
    *("created_at", "finished_at"),
)
logger = logging.getLogger(__name__)


def run_ended(run_id: uuid.UUID, source: str) -> None:
    """Move the table on whose run has ended."""
    batch_id = batch_of_run(run_id) if source == RunSource.BATCH else None
    if batch_id is not None:
        batch_advance(batch_id)


def batch_send(batch_id: uuid.UUID) -> None:
    """Have a worker move a table on; without a broker, the sweep does it."""
    try:
        current_app.send_task(ADVANCE, (str(batch_id),), queue="runs", retry=False)
    except (current_app.connection().connection_errors, RedisError, OSError) as error:
        logger.warning("batch %s waits for the sweep: %s", batch_id, error)


@transaction.atomic
def batch_advance(batch_id: uuid.UUID) -> None:
    """Note what has ended, begin as many rows as may run at once, and end the table with its last row."""
    batch = (
        Batch.unscoped.select_for_update(of=("self",)).select_related("app", "created_by").filter(id=batch_id).first()
    )
    if batch is None:
        return
    running = _settle(batch)
    if batch.status == BatchStatus.RUNNING:
        running += _begin(batch, batch.at_once - running)
    _end(batch)


def _settle(batch: Batch) -> int:
    """Copy what ended runs gave to their rows; return how many still run, without those that wait for a person."""
    rows = list(BatchRow.unscoped.filter(batch=batch, status=RowStatus.RUNNING))
    runs = {run.id: run for run in Run.unscoped.filter(id__in=[row.run_id for row in rows]).only(*RUN_COLUMNS)}
    busy = 0
    for row in rows:
        run = runs.get(row.run_id)
        if run is None:
            _fail(row, "run_deleted", "the run of this row was deleted before its end was noted: run the row again")
        elif run.status in END_STATUSES:
            _copy(row, run)
        else:
            busy += run.status != RunStatus.PAUSED
    return busy


def _copy(row: BatchRow, run: Run) -> None:
    row.status = ENDS[RunStatus(run.status)]
    row.outputs, row.error_code, row.error_message = run.outputs, run.error_code, run.error_message
    row.prompt_tokens, row.completion_tokens, row.cost = run.prompt_tokens, run.completion_tokens, run.cost
    row.elapsed_ms = (run.finished_at - run.created_at).total_seconds() * 1000 if run.finished_at else None
    row.save()


def _fail(row: BatchRow, code: str, message: str) -> None:
    row.status, row.error_code, row.error_message = RowStatus.FAILED, code, message
    row.save()


@dataclass(frozen=True, slots=True)
class _Work:
    """What every row of a table has in common."""

    batch: Batch
    draft: AppDraft
    inputs: Sequence[Input]


def _begin(batch: Batch, free: int) -> int:
    """Begin up to `free` rows, in their order, and return how many have a run now; wrong rows fail on the way."""
    if free <= 0:
        return 0
    draft = batch_draft(batch)
    work = _Work(batch, draft, inputs_of(batch.app.mode, draft))
    begun = 0
    pending = BatchRow.unscoped.filter(batch=batch, status=RowStatus.PENDING).order_by("number")
    for row in pending[:ROWS_A_TIME]:
        try:
            begun += _row_begin(work, row)
        except TooManyRequests:
            break  # the sweep comes back
        if begun == free:
            break
    else:
        if pending.exists():
            transaction.on_commit(partial(batch_send, batch.id))
    return begun


def _row_begin(work: _Work, row: BatchRow) -> bool:
    """Give a row its run; False for a row whose inputs are wrong. Raises `TooManyRequests` when it may begin soon."""
    batch = work.batch
    row.attempts += 1
    try:
        values, query = row_inputs(work.inputs, batch.columns, batch.mapping, row.cells)
        ask = RunAsk(
            app=batch.app,
            draft=work.draft,
            source=RunSource.BATCH,
            version=batch.app_version,
            inputs=values,
            query=query,
            user=batch.created_by,
            history=() if batch.app.mode in CONVERSATION_MODES else None,
        )
        plan = run_plan(ask)
        run = run_begin(ask, replace(plan, spec=replace(plan.spec, priority="batch")))
    except ApiError as error:
        if isinstance(error, TooManyRequests) and error.retry_after_s <= PATIENCE_S:
            raise
        _fail(row, error.code, error.message)
        return False
    row.run, row.status = run, RowStatus.RUNNING
    row.save()
    transaction.on_commit(partial(run_enqueue, run.id))
    return True


def _end(batch: Batch) -> None:
    """End a table none of whose rows runs or waits for its turn."""
    rows = BatchRow.unscoped.filter(batch=batch)
    if batch.finished_at or rows.filter(status=RowStatus.RUNNING).exists():
        return
    match batch.status:
        case BatchStatus.RUNNING if not rows.filter(status=RowStatus.PENDING).exists():
            batch.status = BatchStatus.FINISHED
        case BatchStatus.CANCELLED:
            pass
        case _:
            return
    batch.finished_at = timezone.now()
    batch.save(update_fields=["status", "finished_at", "updated_at"])
