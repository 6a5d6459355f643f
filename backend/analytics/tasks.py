"""Celery's side of counting: hours that have changed since the last beat."""

import time

from celery import shared_task

from backend.analytics.services import changes_count

BUDGET_S = 8
"""What has changed longest ago comes first, and the next beat goes on where this one stopped."""


@shared_task(name="analytics.count", ignore_result=True)
def count() -> None:
    """Count what has changed, for as long as a beat takes."""
    deadline = time.monotonic() + BUDGET_S
    while changes_count() and time.monotonic() < deadline:
        pass
