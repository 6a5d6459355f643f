"""Celery's shells around jobs of models and their sweep."""

import uuid

from celery import shared_task

from backend.local_models.adapters import job_send
from backend.local_models.services import WORK
from backend.local_models.working import job_run, jobs_reclaim


@shared_task(name=WORK)
def work(job_id: str) -> None:
    """Bring one model."""
    job_run(uuid.UUID(job_id))


@shared_task(name="local_models.sweep")
def sweep() -> None:
    """Bring jobs on their way again whose worker died or whose message was lost."""
    for job_id in jobs_reclaim():
        job_send(WORK, job_id)
