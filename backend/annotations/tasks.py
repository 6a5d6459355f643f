"""Celery's shells around embedding annotations and their sweep."""

import uuid
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from backend.annotations.indexing import job_run, jobs_due
from backend.annotations.models import Annotation, AnnotationJob, JobStatus
from backend.annotations.services import INDEX
from backend.datasets.adapters import job_send

DELETED_KEPT = timedelta(days=30)
JOBS_KEPT = timedelta(days=7)


@shared_task(name=INDEX, ignore_result=True)
def index(job_id: str) -> None:
    """Embed the questions of an app that lack a vector."""
    job_run(uuid.UUID(job_id))


@shared_task(name="annotations.sweep", ignore_result=True)
def sweep() -> None:
    """Bring jobs on their way again whose worker died, and forget what was deleted or done long ago."""
    for job_id in jobs_due():
        job_send(INDEX, job_id)
    now = timezone.now()
    Annotation.unscoped.filter(deleted_at__lt=now - DELETED_KEPT).delete()
    done = (JobStatus.COMPLETED, JobStatus.ERROR)
    AnnotationJob.unscoped.filter(status__in=done, updated_at__lt=now - JOBS_KEPT).delete()
