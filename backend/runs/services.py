"""Starting and cancelling runs."""

import asyncio
import time
import uuid
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from asgiref.sync import async_to_sync
from celery import current_app
from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from agents.events import Event, RunCancelled, encode
from agents.types import RunSpec
from backend.common.redis import redis_async, redis_sync
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


def run_create(*, spec: RunSpec, origin: Origin, model: str = "") -> Run:
    """Store a run and send it to the workers once the transaction commits."""
    assert spec.scope == str(origin.workspace_id), "a run reaches what its workspace owns, and nothing else"
    run = Run.objects.create(
        id=uuid.UUID(spec.run_id),
        spec=spec.to_json(),
        query=spec.query,
        inputs=dict(spec.inputs),
        model=model,
        **{item.name: getattr(origin, item.name) for item in fields(origin)},
    )
    transaction.on_commit(lambda: run_enqueue(run.id))
    return run


def run_enqueue(run_id: uuid.UUID) -> None:
    """Send a run to the workers. If the broker is away, the sweeper sends it later: the row is the truth."""
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
