"""Celery's side of runs: execute one, and sweep up what lost its worker or its message."""

import uuid

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down

from backend.common.redis import redis_sync
from backend.runs import selectors, services
from backend.runs.lease import leases_expire_of
from backend.runs.runner import Runner

ENQUEUED_TTL_S = 15
RUNS_AT_ONCE = 64
_RUNNERS: list[Runner] = []
_OWNER = {"name": f"process-{uuid.uuid4()}"}


def _runner() -> Runner:
    if not _RUNNERS:
        _RUNNERS.append(Runner(_OWNER["name"], room=RUNS_AT_ONCE))
    return _RUNNERS[0]


def _enqueued_key(run_id: uuid.UUID) -> str:
    return f"run-enqueued:{run_id}"


@shared_task(name="runs.execute", ignore_result=True)
def execute(run_id: str) -> None:
    """Execute a run, unless it is done or somebody else has it."""
    _runner().run(uuid.UUID(run_id))


@shared_task(name="runs.sweep", ignore_result=True)
def sweep() -> None:
    """Enqueue live runs that nobody holds: their worker died, or their message was lost with Redis.

    Paused runs go on whose question nobody answered in time.
    """
    for run_id in selectors.runs_overslept():
        services.run_expire(run_id)
    for run_id in selectors.runs_orphaned():
        if redis_sync().set(_enqueued_key(run_id), 1, nx=True, ex=ENQUEUED_TTL_S):
            execute.apply_async((str(run_id),), queue="runs")


@worker_ready.connect
def take_name(sender: object, **_: object) -> None:
    """What an earlier process of this worker's name held is free at once."""
    name = str(getattr(sender, "hostname", ""))
    if not name.startswith("runs@"):
        return
    _OWNER["name"] = name
    if not _RUNNERS:
        for run_id in leases_expire_of(name):
            redis_sync().delete(_enqueued_key(run_id))  # whatever was sent for it died with that process
        _runner()
        sweep()


@worker_shutting_down.connect
def give_back(**_: object) -> None:
    """On an orderly stop, runs go back at once instead of waiting for their leases to run out."""
    for runner in _RUNNERS:
        runner.release_all()
