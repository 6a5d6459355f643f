"""Does a job over the logs: whoever holds its lease works, notes how far it is, and hears if it is still wanted."""

import contextlib
import logging
import time
import uuid
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F
from django.db.models.functions import Now

from backend.accounts.services import audit_record
from backend.common.errors import ApiError
from backend.datasets.lease import HEARTBEAT_S, LeaseLost
from backend.datasets.row_leases import RowLease, jobs_stop, row_claim, rows_due
from backend.files.services import file_adopted
from backend.logs.erasing import Data, EndUser, end_user_erase
from backend.logs.exporting import Place, Progress, export_write, runs_of_export
from backend.logs.jobs import PENDING
from backend.logs.models import LogJob, LogJobKind, LogJobStatus

MAX_ATTEMPTS = 20
BUSY_PAUSE_S = 5.0
TYPES = {"csv": "text/csv", "jsonl": "application/x-ndjson"}
OUR_FAULT = "something went wrong on our side: the log of the jobs worker has the details"
logger = logging.getLogger(__name__)


class Cancelled(Exception):
    """Somebody wants the job to end."""


def job_run(job_id: uuid.UUID) -> None:
    """Do a job unless it is done, gone or in other hands."""
    claimed = row_claim(LogJob, job_id, PENDING)
    if claimed is None:
        return
    job, lease = claimed
    assert isinstance(job, LogJob)
    try:
        if job.is_cancel_wanted:
            raise Cancelled
        lease.renew(status=LogJobStatus.RUNNING, attempts=F("attempts") + 1, reason="", updated_at=Now())
        if job.kind == LogJobKind.EXPORT:
            _export(job, lease)
        else:
            _erase(job, lease)
    except LeaseLost:
        logger.info("the job %s was deleted or taken over", job_id)
        return
    except BlockingIOError:
        # A worker that lost its lease still has the file open: within a second it hears of it.
        with contextlib.suppress(LeaseLost):
            lease.postpone(BUSY_PAUSE_S, updated_at=Now())
        return
    except Cancelled:
        _end(lease, LogJobStatus.CANCELLED, "")
    except ApiError as error:
        _end(lease, LogJobStatus.FAILED, error.message)
    except Exception:
        logger.exception("the job %s failed unexpectedly", job_id)
        _end(lease, LogJobStatus.FAILED, OUR_FAULT)
    part_of(job_id).unlink(missing_ok=True)


def part_of(job_id: uuid.UUID) -> Path:
    """Return where an export is written until it is whole."""
    return settings.FILES_ROOT / "exports" / f"{job_id}.part"


def _export(job: LogJob, lease: RowLease) -> None:
    form = job.asked["format"]
    runs = runs_of_export(job.workspace_id, job.asked["filters"], job.created_at)
    if job.total is None:
        lease.renew(total=runs.order_by().count())
    path = part_of(job.id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def note(progress: Progress) -> None:
        place = progress.place.to_json() if progress.place else None
        written = progress.written_bytes
        lease.renew(done=progress.done, place=place, written_bytes=written, updated_at=Now())
        if lease.is_true(is_cancel_wanted=True):
            raise Cancelled

    start = Progress(job.done, Place.of(job.place), job.written_bytes)
    end = export_write(path, runs, form, start, note)
    note(end)
    name = f"runs-{job.created_at:%Y-%m-%d-%H%M}.{form}"
    with file_adopted(
        workspace_id=job.workspace_id, path=path, name=name, mime_type=TYPES[form], user=job.created_by
    ) as stored:
        lease.end(status=LogJobStatus.FINISHED, file=stored, total=end.done, finished_at=Now(), updated_at=Now())


def _erase(job: LogJob, lease: RowLease) -> None:
    app_id = job.asked.get("app_id")
    who = EndUser(job.workspace_id, job.asked["end_user"], uuid.UUID(app_id) if app_id else None)
    before = Data(**job.report)
    said_at = 0.0

    def note(gone: Data) -> None:
        nonlocal said_at
        if time.monotonic() - said_at < min(1.0, HEARTBEAT_S):
            return
        said_at = time.monotonic()
        report = _sum(before, gone)
        lease.renew(done=report.runs, report=report.to_json(), updated_at=Now())
        if lease.is_true(is_cancel_wanted=True):
            raise Cancelled

    report = _sum(before, end_user_erase(who, note))
    with transaction.atomic():
        audit_record(
            workspace_id=job.workspace_id,
            actor=job.created_by,
            action="end_user.erased",
            target=str(job.id),
            detail={"digest": who.digest, **report.to_json()},
        )
        lease.end(
            status=LogJobStatus.FINISHED,
            asked={"digest": who.digest},
            report=report.to_json(),
            done=report.runs,
            total=report.runs,
            finished_at=Now(),
            updated_at=Now(),
        )


def _sum(before: Data, now: Data) -> Data:
    """Return what all attempts removed together, as far as it was noted."""
    total = now.to_json()
    return Data(**{name: count + total[name] for name, count in before.to_json().items()})


def _end(lease: RowLease, status: LogJobStatus, reason: str) -> None:
    with contextlib.suppress(LeaseLost, DatabaseError):
        lease.end(status=status, reason=reason, finished_at=Now(), updated_at=Now())


def jobs_reclaim() -> list[uuid.UUID]:
    """Take jobs back from dead workers, and return those whose message must be sent (again)."""
    reason = f"the worker died {MAX_ATTEMPTS} times over this job: see its log"
    for job_id in jobs_stop(LogJob, PENDING, max_attempts=MAX_ATTEMPTS, reason=reason):
        part_of(job_id).unlink(missing_ok=True)
    return rows_due(LogJob, PENDING)
