"""Counts Celery's tasks by their end, in whatever process or thread they run."""

import time
from threading import local

from celery.signals import task_postrun, task_prerun

from backend.common.metrics import TASK_SECONDS, TASKS

_OF_THREAD = local()


@task_prerun.connect
def task_begun(**_: object) -> None:
    """Note when this thread's task began."""
    _OF_THREAD.started = time.perf_counter()


@task_postrun.connect
def task_ended(sender: object = None, state: str | None = None, **_: object) -> None:
    """Count it."""
    name = str(getattr(sender, "name", "unknown"))
    TASKS.labels(name, (state or "unknown").lower()).inc()
    started = getattr(_OF_THREAD, "started", None)
    if started is not None:
        TASK_SECONDS.labels(name).observe(time.perf_counter() - started)
