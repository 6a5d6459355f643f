"""Celery's shells around quantization and its sweep."""

import uuid

from celery import shared_task

from backend.local_models.adapters import job_send
from backend.quantization.services import WORK
from backend.quantization.working import quantization_run, quantizations_reclaim


@shared_task(name=WORK)
def work(job_id: str) -> None:
    """Quantize one model."""
    quantization_run(uuid.UUID(job_id))


@shared_task(name="quantization.sweep")
def sweep() -> None:
    """Bring jobs on their way again whose worker died or whose message was lost; remove what they left."""
    for job_id in quantizations_reclaim():
        job_send(WORK, job_id)
