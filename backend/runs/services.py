"""Starting, answering and cancelling runs."""

import asyncio
import contextlib
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from asgiref.sync import async_to_sync
from celery import current_app
from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from agents.events import TERMINAL_KINDS, RunCancelled
from agents.types import JsonObject, RunSpec
from backend.common.database import in_database
from backend.common.metrics import RUNS_BEGUN
from backend.common.redis import redis_async, redis_sync
from backend.runs.calls import Call, call_next, ears
from backend.runs.ending import end_announce, end_redact, partial_outputs, variables_keep
from backend.runs.live import DONE_TTL_S, LIVE_TTL_S, LiveEvent, cancel_channel, live_publish
from backend.runs.models import OPEN_STATUSES, Run, RunFile, RunSource, RunStatus
from backend.runs.pauses import Told, answer_store, event_store, expired_store, state_of
from backend.runs.ports import REDACTOR_OF, RUN_COUNT, Charge
from backend.runs.sealing import run_settle, seal, spec_redacted

FILE_IDS = ("id", "upload_file_id", "related_id")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


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

    @property
    def charge(self) -> Charge:
        """For whom the run is counted."""
        return Charge(
            workspace_id=self.workspace_id,
            source=self.source,
            app_id=self.app_id,
            key_id=self.key_id,
            end_user=self.end_user,
        )


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


@transaction.atomic
def run_create(*, spec: RunSpec, origin: Origin, model: str = "", call: Call | None = None) -> Run:
    """Store a run and count it; with a `call`, in the hands of the worker that is called."""
    assert spec.scope == str(origin.workspace_id), "a run reaches what its workspace owns, and nothing else"
    redactor = REDACTOR_OF.get()(spec.scope)
    kept = spec_redacted(spec, redactor) if redactor else spec
    run = Run.objects.create(
        id=uuid.UUID(spec.run_id),
        spec=kept.to_json(),
        query=kept.query,
        inputs=dict(kept.inputs),
        sealed=seal(spec.to_json()) if redactor else None,
        is_redacted=kept != spec,
        model=model,
        **{item.name: getattr(origin, item.name) for item in fields(origin)},
        **(call.columns() if call else {}),
    )
    if found := files_of_spec(spec):
        RunFile.objects.bulk_create([RunFile(run=run, file_id=item) for item in found])
    RUN_COUNT.get()(origin.charge)
    transaction.on_commit(RUNS_BEGUN.labels(origin.source).inc)
    return run


def files_of_spec(spec: RunSpec) -> frozenset[uuid.UUID]:
    """Return the ids of what was given with the question and may be a file."""
    return frozenset(_ids([{"id": item.id} for item in spec.files])) | frozenset(_ids(spec.inputs))


def _ids(value: object) -> Iterator[uuid.UUID]:
    match value:
        case list() | tuple():
            for item in value:
                yield from _ids(item)
        case Mapping():
            for name, item in value.items():
                if name in FILE_IDS and isinstance(item, str) and UUID.fullmatch(item):
                    yield uuid.UUID(item)
                elif isinstance(item, list | tuple | Mapping):
                    yield from _ids(item)


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
    """Ask for the end of a run: a queued or paused one ends here, a running one at its worker within a second."""
    told: Told | None = None
    with transaction.atomic():
        row = Run.unscoped.select_for_update(no_key=True).get(id=run.id)
        if row.status not in OPEN_STATUSES:
            return row
        row.cancel_requested_at = row.cancel_requested_at or timezone.now()
        if row.status != RunStatus.RUNNING and row.lease_token is None:
            told = _cancel_idle(row)
        row.save()
    if told:
        announce(row.id, [told])
        return row
    with contextlib.suppress(RedisError):  # the heartbeat of the worker reads the row
        redis_sync().publish(cancel_channel(), str(row.id))
    return row


def _cancel_idle(run: Run) -> Told:
    """End a run that no worker executes; returns its last event."""
    state, redactor = state_of(run), REDACTOR_OF.get()(str(run.workspace_id))
    told = event_store(run, RunCancelled())
    run.status, run.finished_at, run.wakes_at = RunStatus.CANCELLED, timezone.now(), None
    run.outputs = partial_outputs(state)
    end_redact(run, redactor)
    variables_keep(run, state, redactor)
    end_announce(run)
    if run.sealed is not None:
        run.sealed = None
        run.is_redacted = run_settle(run.id, redactor) or run.is_redacted
    return told


def run_answer(*, run: Run, node_id: str, ask: str, values: JsonObject, by: str) -> Run:
    """Answer what a paused run asks, once, and let it go on; raises `NotFound` or `Conflict`."""
    told = answer_store(run.id, node_id=node_id, ask=ask, values=values, by=by)
    announce(run.id, [told])
    run_enqueue(run.id)
    run.refresh_from_db(from_queryset=Run.objects.within(run.workspace_id).select_related("app"))
    return run


def run_expire(run_id: uuid.UUID) -> None:
    """Let a paused run go on whose question nobody answered in time."""
    told = expired_store(run_id)
    if told:
        announce(run_id, told)
        run_enqueue(run_id)


def announce(run_id: uuid.UUID, told: Sequence[Told]) -> None:
    """Tell who listens what was stored outside an attempt; without Redis they find it in PostgreSQL."""
    is_over = told[-1].event.body.kind in TERMINAL_KINDS
    items = [LiveEvent(item.event, item.previous) for item in told]
    with contextlib.suppress(RedisError, TimeoutError):
        async_to_sync(_publish)(run_id, items, DONE_TTL_S if is_over else LIVE_TTL_S)


async def _publish(run_id: uuid.UUID, items: Sequence[LiveEvent], ttl_s: int) -> None:
    await asyncio.wait_for(live_publish(redis_async(), run_id, items, ttl_s=ttl_s), 2)
