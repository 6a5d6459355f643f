"""Starting and cancelling runs."""

import asyncio
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from asgiref.sync import async_to_sync
from celery import current_app
from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from agents.events import Event, RunCancelled, encode
from agents.types import RunSpec
from backend.common.database import in_database
from backend.common.redis import redis_async, redis_sync
from backend.runs.calls import Call, call_next, ears
from backend.runs.lease import SEQS_PER_ATTEMPT
from backend.runs.live import CANCEL_CHANNEL, DONE_TTL_S, LiveEvent, live_publish
from backend.runs.models import LIVE_STATUSES, Run, RunEvent, RunSource, RunStatus


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a run comes from: the door, the application and who asked."""

    workspace_id: uuid.UUID
    source: RunSource
    app_id: uuid.UUID | None = None
    app_version: int | None = None
    conversation_id: uuid.UUID | None = None
    user_id: uuid.UUID | None = None
    key_id: uuid.UUID | None = None
    end_user: str = ""


async def run_start(spec: RunSpec, store: Callable[[Call | None], Run]) -> Run:
    """Have a run executed: a worker that listens is called and begins while `store` writes the row, or it is queued.

    `store` runs on a database thread, passes the call to `run_create` and returns the run, committed.
    """
    call = await call_next()
    if call and not await call.send(spec):
        ears().forget()
        call = None
    run = await in_database(store, call)
    if call is None:
        await in_database(run_enqueue, run.id)
    return run


def run_create(*, spec: RunSpec, origin: Origin, model: str = "", call: Call | None = None) -> Run:
    """Store a run; with a `call`, in the hands of the worker that is called."""
    assert spec.scope == str(origin.workspace_id), "a run reaches what its workspace owns, and nothing else"
    return Run.objects.create(
        id=uuid.UUID(spec.run_id),
        spec=spec.to_json(),
        query=spec.query,
        inputs=dict(spec.inputs),
        model=model,
        **{item.name: getattr(origin, item.name) for item in fields(origin)},
        **(call.columns() if call else {}),
    )


def run_give_back(run_id: uuid.UUID, token: uuid.UUID) -> bool:
    """Make a run that was born in a worker's hands, and not begun, wait again; False when there is no such row."""
    born = Run.unscoped.filter(id=run_id, lease_token=token, status=RunStatus.RUNNING)
    waiting = {"status": RunStatus.QUEUED, "lease_token": None, "lease_owner": "", "lease_expires_at": None}
    return bool(born.update(**waiting, started_at=None))


def run_enqueue(run_id: uuid.UUID) -> None:
    """Queue a run for the workers. If the broker is away, the sweeper sends it later: the row is the truth."""
    try:
        current_app.send_task("runs.execute", (str(run_id),), queue="runs", retry=False)
    except (current_app.connection().connection_errors, RedisError, OSError):
        return


def run_cancel(*, run: Run) -> Run:
    """Ask for the end of a run: a queued one ends here, a running one at its worker within a second."""
    with transaction.atomic():
        row = Run.unscoped.select_for_update(no_key=True).get(id=run.id)
        if row.status not in LIVE_STATUSES:
            return row
        row.cancel_requested_at = row.cancel_requested_at or timezone.now()
        ended = _cancel_queued(row) if row.status == RunStatus.QUEUED and row.lease_token is None else None
        row.save()
    try:
        if ended:
            async_to_sync(_announce)(row.id, ended)
        else:
            redis_sync().publish(CANCEL_CHANNEL, str(row.id))
    except RedisError:
        pass  # the heartbeat of the worker reads the row
    return row


def _cancel_queued(run: Run) -> Event:
    """End a run that no worker has begun; returns its one event."""
    event = Event(SEQS_PER_ATTEMPT * run.attempt + 1, time.time(), RunCancelled())
    RunEvent.objects.create(
        run=run,
        seq=event.seq,
        first_seq=event.seq,
        at=datetime.fromtimestamp(event.at, UTC),
        kind=event.body.kind,
        data=encode(event.body),
    )
    run.status, run.finished_at = RunStatus.CANCELLED, timezone.now()
    return event


async def _announce(run_id: uuid.UUID, event: Event) -> None:
    await asyncio.wait_for(live_publish(redis_async(), run_id, [LiveEvent(event, 0)], ttl_s=DONE_TTL_S), 2)
