"""Celery's side of counting: hours that have changed since the last beat, and months that are over."""

import time

from celery import shared_task

from backend.analytics.services import changes_count, month_keep

BUDGET_S = 8
"""What has changed longest ago comes first, and the next beat goes on where this one stopped."""


@shared_task(name="analytics.count", ignore_result=True)
def count() -> None:
    """Count what has changed, for as long as a beat takes."""
    deadline = time.monotonic() + BUDGET_S
    while (changes_count() or month_keep()) and time.monotonic() < deadline:
        pass
