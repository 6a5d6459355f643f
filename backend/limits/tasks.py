"""Celery's shell around tending the counts."""

from celery import shared_task

from backend.limits.services import limits_tend


@shared_task(name="limits.tend", ignore_result=True)
def tend() -> None:
    """Set counts right and forget old ones."""
    limits_tend()
