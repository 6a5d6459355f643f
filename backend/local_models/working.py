"""Does a job: whoever holds its lease pulls or adds, writes how far it is, and looks whether it is still wanted."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from django.db.models import F
from django.db.models.functions import Now

from backend.common.database import in_database
from backend.datasets.lease import LeaseLost
from backend.datasets.row_leases import RowLease, job_end, jobs_stop, row_claim, rows_due
from backend.local_models.adapters import hub, store
from backend.local_models.models import ModelJob
from backend.local_models.selectors import PENDING
from inference.errors import InferenceError
from inference.store.hub import STOPPED, Wanted, pull
from inference.store.manifest import Manifest

MAX_ATTEMPTS = 5
RETRY_PAUSE_S = 15.0
LOOK_EVERY_S = 1.0
OUR_FAULT = "something went wrong on our side: the log of the runs worker has details"
logger = logging.getLogger(__name__)


class Stopped(Exception):
    """Somebody cancelled the job."""


@dataclass(slots=True)
class _Work:
    """What the job has done so far, read by who reports it."""

    done_bytes: int = 0
    total_bytes: int = 0
    is_stopped: bool = False

    def note(self, done: int, total: int) -> None:
        """Count; ends the work when it is wanted no more."""
        self.done_bytes, self.total_bytes = done, total
        if self.is_stopped:
            raise Stopped


def job_run(job_id: uuid.UUID) -> None:
    """Do a job unless it is done, gone or in other hands. It ends in finished, failed or cancelled."""
    claimed = row_claim(ModelJob, job_id, PENDING)
    if claimed is None:
        return
    row, lease = claimed
    assert isinstance(row, ModelJob)
    try:
        if row.is_cancel_wanted:
            raise Stopped
        lease.renew(status=ModelJob.Status.RUNNING, attempts=F("attempts") + 1, reason="", updated_at=Now())
        made = asyncio.run(_work(row, lease))
        lease.end(
            status=ModelJob.Status.FINISHED,
            model=made.id,
            done_bytes=made.size_bytes,
            total_bytes=made.size_bytes,
            finished_at=Now(),
            updated_at=Now(),
        )
    except LeaseLost:
        logger.info("the model job %s was deleted or taken over", job_id)
    except Stopped:
        job_end(lease, ModelJob.Status.CANCELLED, "")
    except InferenceError as error:
        _give_up(row, lease, error)
    except Exception:
        logger.exception("the model job %s failed unexpectedly", job_id)
        job_end(lease, ModelJob.Status.FAILED, OUR_FAULT)


async def _work(row: ModelJob, lease: RowLease) -> Manifest:
    work = _Work()
    async with _reported(lease, work):
        if row.kind == ModelJob.Kind.ADD:
            add = store().add
            return await asyncio.to_thread(
                add, Path(row.source), model=row.model, engine=row.engine, progress=work.note
            )
        async with hub() as opened:
            wanted = Wanted(row.source, row.file, row.revision or "main", row.model, row.engine)
            return await pull(opened, store(), wanted, work.note)


@contextlib.asynccontextmanager
async def _reported(lease: RowLease, work: _Work) -> AsyncIterator[None]:
    """Write the progress and renew the lease while the block runs; end it when it is cancelled or the lease is lost."""
    task = asyncio.current_task()
    assert task is not None
    ending: Exception | None = None

    async def report() -> None:
        nonlocal ending
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                values = {"done_bytes": work.done_bytes, "total_bytes": work.total_bytes}
                await in_database(lease.renew, **values, updated_at=Now())
                if await in_database(lease.is_true, is_cancel_wanted=True):
                    ending, work.is_stopped = Stopped(), True
            except LeaseLost as lost:
                ending = lost
            if ending is not None:
                task.cancel(STOPPED if work.is_stopped else None)
                return

    reporting = asyncio.create_task(report())
    try:
        yield
    except asyncio.CancelledError:
        if ending is None:
            raise
        task.uncancel()
        raise ending from None
    finally:
        reporting.cancel()


def _give_up(row: ModelJob, lease: RowLease, error: InferenceError) -> None:
    """Fail, or try again later when the cause may pass: what came stays, and the next attempt goes on from it."""
    if not error.retryable or row.attempts + 1 >= MAX_ATTEMPTS:
        job_end(lease, ModelJob.Status.FAILED, error.message)
        return
    with contextlib.suppress(LeaseLost):
        lease.postpone(RETRY_PAUSE_S, status=ModelJob.Status.QUEUED, reason=error.message, updated_at=Now())


def jobs_reclaim() -> list[uuid.UUID]:
    """Take jobs back from dead workers, and return those whose message must be sent (again)."""
    reason = f"the worker died {MAX_ATTEMPTS} times over this model: look into the log of the runs worker"
    jobs_stop(ModelJob, PENDING, max_attempts=MAX_ATTEMPTS, reason=reason)
    return rows_due(ModelJob, PENDING)
