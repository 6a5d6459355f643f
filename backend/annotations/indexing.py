"""Embeds the questions that lack a vector, by whoever holds the job's lease, then lets their app search with them.

What is embedded is stored batch by batch: a worker that takes over goes on with what is missing.
"""

import asyncio
import logging
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Greatest, Now

from backend.annotations.embedding import too_long, unreadable
from backend.annotations.models import (
    OPEN_JOBS,
    Annotation,
    AnnotationJob,
    AnnotationSettings,
    AnnotationVector,
    JobStatus,
)
from backend.annotations.ports import AnnotatedApp
from backend.annotations.selectors import app_of, vectors_missing
from backend.common.database import in_database
from backend.common.errors import ApiError
from backend.datasets.lease import MAX_ATTEMPTS, RETRY_PAUSE_S, LeaseLost
from backend.datasets.ports import EMBEDDERS
from backend.datasets.row_leases import RowLease, kept, row_claim, rows_due
from inference.errors import InferenceError
from rag.ports import Embedder

BATCH = 64
PENDING = Q(status__in=OPEN_JOBS)
OUR_FAULT = "something went wrong on our side; save the settings again, the log of the jobs worker has the details"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Work:
    job: AnnotationJob
    app: AnnotatedApp
    lease: RowLease
    embedder: Embedder


def job_run(job_id: uuid.UUID) -> None:
    """Embed what a job is about, unless it is done, gone or in other hands."""
    claimed = row_claim(AnnotationJob, job_id, PENDING)
    if claimed is None:
        return
    job, lease = claimed
    assert isinstance(job, AnnotationJob)
    try:
        job.attempts += 1
        lease.renew(attempts=job.attempts, status=JobStatus.PROCESSING)
        if job.attempts > MAX_ATTEMPTS:
            _give_up(job, lease, f"the worker died {MAX_ATTEMPTS} times while it embedded: save the settings again")
            return
        app = app_of(job.workspace_id, job.app_id)
        embedder = EMBEDDERS.get()(str(job.workspace_id), job.model)
        asyncio.run(_embed_all(_Work(job, app, lease, embedder)))
    except LeaseLost:
        logger.info("annotation job %s was replaced or taken over", job_id)
    except (ApiError, InferenceError) as error:
        _give_up(job, lease, error.message, may_retry=getattr(error, "retryable", False))
    except Exception:
        logger.exception("annotation job %s failed unexpectedly", job_id)
        _give_up(job, lease, OUR_FAULT)


def jobs_due() -> list[uuid.UUID]:
    """Return the jobs whose message must be sent (again)."""
    return rows_due(AnnotationJob, PENDING)


def _give_up(job: AnnotationJob, lease: RowLease, reason: str, *, may_retry: bool = False) -> None:
    """Write the reason: for good, or until the next attempt when the cause may pass. What is embedded is kept."""
    try:
        if may_retry and job.attempts < MAX_ATTEMPTS:
            lease.postpone(RETRY_PAUSE_S * job.attempts, error=reason, status=JobStatus.WAITING)
        else:
            lease.end(error=reason, status=JobStatus.ERROR, updated_at=Now())
    except LeaseLost:
        logger.info("annotation job %s was replaced or taken over before it failed", job.id)


async def _embed_all(work: _Work) -> None:
    async with kept(work.lease):
        while True:
            rows = await in_database(_missing, work)
            if not rows:
                if await in_database(_complete, work):
                    return
                continue
            questions = [row.question for row in rows]
            unread = frozenset(await unreadable(work.embedder, questions))
            readable = [row for at, row in enumerate(rows) if at not in unread]
            vectors = await work.embedder.embed([row.question for row in readable]) if readable else []
            await in_database(_store, work, dict(zip((row.id for row in readable), vectors, strict=True)), rows)


def _missing(work: _Work) -> list[Annotation]:
    return list(vectors_missing(work.app, work.job.model).select_related(None)[:BATCH])


@transaction.atomic
def _store(work: _Work, vectors: dict[uuid.UUID, list[float]], rows: list[Annotation]) -> None:
    """Keep the vectors of the questions that are still the same, and say of the others why they have none."""
    asked = {row.id: row.question for row in rows}
    locked = Annotation.unscoped.select_for_update().filter(id__in=asked).order_by("id")
    same = [row.id for row in locked if row.question == asked[row.id] and row.deleted_at is None]
    AnnotationVector.objects.bulk_create(
        [
            AnnotationVector(
                annotation_id=row_id, model=work.job.model, dimensions=len(vectors[row_id]), embedding=vectors[row_id]
            )
            for row_id in same
            if row_id in vectors
        ],
        ignore_conflicts=True,
    )
    unread = [row_id for row_id in same if row_id not in vectors]
    if unread:
        Annotation.unscoped.filter(id__in=unread).update(reason=too_long(work.embedder)[:300])
    # A batch more is progress: an attempt that dies after it is not one of those that led nowhere.
    work.job.done += len(same)
    work.job.attempts = 1
    total = Greatest(F("total"), Value(work.job.done))
    work.lease.renew(done=work.job.done, total=total, attempts=1, error="")


@transaction.atomic
def _complete(work: _Work) -> bool:
    """Let the app search with the model, unless a question lacks a vector again; nobody writes one meanwhile."""
    job = work.job
    settings = AnnotationSettings.unscoped.select_for_update().filter(app_id=job.app_id).first()
    if settings is None:
        raise LeaseLost(f"the app {job.app_id} was deleted")
    if _missing(work):
        return False
    settings.embedding_model = job.model
    settings.save(update_fields=["embedding_model", "updated_at"])
    AnnotationVector.objects.filter(annotation__app_id=job.app_id).exclude(model=job.model).delete()
    work.lease.end(status=JobStatus.COMPLETED, done=job.done, total=job.done, error="", updated_at=Now())
    return True
