"""Jobs over the logs: asked for, looked up, cancelled, and forgotten after a while."""

import logging
import uuid
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.common.errors import Conflict, NotFound
from backend.datasets.adapters import job_send
from backend.files.services import file_delete
from backend.logs.erasing import EndUser, end_user_data
from backend.logs.exporting import Format
from backend.logs.models import LogJob, LogJobKind, LogJobStatus
from backend.runs.filters import FILTERS, condition_of

WORK = "logs.work"
MAX_OPEN = 5
FILE_TTL = timedelta(days=7)
JOB_TTL = timedelta(days=90)
PENDING = Q(status__in=["queued", "running"])
logger = logging.getLogger(__name__)


def jobs_list(workspace_id: uuid.UUID, kind: LogJobKind) -> QuerySet[LogJob]:
    """Return the workspace's jobs of a kind, newest first."""
    return LogJob.objects.within(workspace_id).filter(kind=kind).select_related("created_by", "file")


def job_get(workspace_id: uuid.UUID, kind: LogJobKind, job_id: uuid.UUID) -> LogJob:
    """Return a job; raises `NotFound`."""
    found = jobs_list(workspace_id, kind).filter(id=job_id).first()
    if found is None:
        raise NotFound(f"there is no such job {str(job_id)!r} in this workspace")
    return found


@transaction.atomic
def export_create(
    *, workspace_id: uuid.UUID, filters: Mapping[str, str], form: Format, actor: User | None = None
) -> LogJob:
    """Have the runs that the filters choose written to a file; raises `Invalid` for a filter that is none."""
    wanted = {name: text for name in FILTERS if (text := str(filters.get(name, "")).strip())}
    condition_of(wanted)
    job = _create(workspace_id, LogJobKind.EXPORT, {"filters": wanted, "format": form}, actor)
    _audit(job, actor, "runs.export_started", {"format": form, "filters": sorted(wanted)})
    return job


@transaction.atomic
def erasure_create(*, who: EndUser, actor: User | None) -> LogJob:
    """Have everything of an end user removed; raises `NotFound` where there is nothing."""
    who.check()
    data = end_user_data(who)
    if not any(data.to_json().values()):
        raise NotFound("nothing is kept of this end user: look for how your callers name them (`user`)")
    asked = {"end_user": who.name, "app_id": str(who.app_id) if who.app_id else None, "digest": who.digest}
    job = _create(who.workspace_id, LogJobKind.ERASURE, asked, actor, data.runs)
    _audit(job, actor, "end_user.erasure_started", {"digest": who.digest, **data.to_json()})
    return job


def _create(
    workspace_id: uuid.UUID,
    kind: LogJobKind,
    asked: Mapping[str, object],
    actor: User | None,
    total: int | None = None,
) -> LogJob:
    if jobs_list(workspace_id, kind).filter(PENDING).count() >= MAX_OPEN:
        raise Conflict(f"{MAX_OPEN} such jobs are under way already: wait until one has ended, or cancel it")
    job = LogJob.objects.create(workspace_id=workspace_id, kind=kind, asked=dict(asked), total=total, created_by=actor)
    # Without a broker the job still is there, and the sweep sends it later.
    transaction.on_commit(partial(job_send, WORK, job.id), robust=True)
    return job


def _audit(job: LogJob, actor: User | None, action: str, detail: Mapping[str, object]) -> None:
    audit_record(workspace_id=job.workspace_id, actor=actor, action=action, target=str(job.id), detail=detail)


@transaction.atomic
def job_cancel(*, job: LogJob, actor: User | None) -> LogJob:
    """End a job; a worker that is at it notices within a second or two. What an erasure removed stays removed."""
    rows = LogJob.objects.within(job.workspace_id).filter(PENDING, id=job.id)
    if rows.update(is_cancel_wanted=True, updated_at=Now()):
        _audit(job, actor, "log_job.cancelled", {"kind": job.kind})
    # Nobody works on it: there is no one to notice.
    rows.filter(status=LogJobStatus.QUEUED, lease_expires_at=None).update(
        status=LogJobStatus.CANCELLED, finished_at=Now()
    )
    return job_get(job.workspace_id, LogJobKind(job.kind), job.id)


def jobs_forget() -> None:
    """Remove the files of exports that are a week old, and jobs that ended long ago."""
    now = timezone.now()
    for job in LogJob.unscoped.filter(finished_at__lt=now - FILE_TTL, file__isnull=False).select_related("file")[:100]:
        with transaction.atomic():
            file_delete(stored=job.file)
    LogJob.unscoped.filter(finished_at__lt=now - JOB_TTL).delete()
