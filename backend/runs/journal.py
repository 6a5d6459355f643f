"""Writes a run's events: at once to Redis, where clients listen, and coalesced to PostgreSQL, where the truth is."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

from django.db import transaction
from redis.exceptions import RedisError

from agents.events import (
    TERMINAL_KINDS,
    Body,
    Event,
    HumanInputRequired,
    NodeFailed,
    NodeFinished,
    NodeRetried,
    NodeStarted,
    PromptSent,
    RoundFinished,
    RoundStarted,
    RunStarted,
    TextDelta,
    ToolCalled,
    VariableAssigned,
    decode,
    encode,
)
from agents.nodes.base import Node
from agents.nodes.registry import NODES
from backend.common.database import in_database
from backend.common.redis import redis_async
from backend.runs.keeping import events_keep
from backend.runs.lease import Lease, LeaseLost
from backend.runs.live import DONE_TTL_S, LIVE_TTL_S, LiveEvent, live_publish, live_take_over
from backend.runs.models import END_STATUSES, Run, RunEvent
from backend.runs.ports import REDACTOR_OF
from backend.runs.redaction import Redactor
from backend.runs.rows import Row, rows_fold
from backend.runs.sealing import event_sealed, run_settle, unseal

FLUSH_INTERVAL_S = 0.2
# That something started is said again by the next attempt: it may wait, so as not to disturb the model meanwhile.
STARTS_INTERVAL_S = 1.0
# Nor need steps be shown at once: whoever reads them competes with the run meanwhile, and nobody sees 50 ms.
STEPS_PUBLISH_S = 0.05
ROW_PATIENCE_S = 5.0
ROW_POLL_S = 0.02
STARTS = (RunStarted, NodeStarted, PromptSent)
STEPS = (*STARTS, NodeFinished, PromptSent, RoundStarted, RoundFinished, VariableAssigned)
# What must not be forgotten: what has ended never runs again, and a tool that was called may have had its effect.
CHECKPOINTS = (NodeFinished, NodeFailed, NodeRetried, RoundFinished, HumanInputRequired, ToolCalled)
Finish = Callable[[Run], None]
T = TypeVar("T")
logger = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def _kinds_with_effects() -> frozenset[str]:
    """Return the kinds of nodes that may do what must not be done twice."""
    return frozenset(kind for kind, node in NODES.items() if type(node).is_repeatable is not Node.is_repeatable)


@lru_cache(maxsize=1)
def _kinds_without_work() -> frozenset[str]:
    """Return the kinds of nodes at which a run begins or ends: to run one again costs less than to remember it."""
    return frozenset(kind for kind, node in NODES.items() if node.is_entry or node.is_result)


@lru_cache(maxsize=1)
def _kinds_pure() -> frozenset[str]:
    """Return the kinds of nodes that only compute: a run need not wait while their outcome is being stored."""
    return frozenset(kind for kind, node in NODES.items() if node.is_pure)


def is_checkpoint(body: Body) -> bool:
    """Whether the body must be in PostgreSQL before anybody sees it, or what follows from it."""
    if isinstance(body, NodeStarted):
        return body.node_kind in _kinds_with_effects()
    if isinstance(body, NodeFinished) and body.node_kind in _kinds_without_work():
        return False
    return isinstance(body, CHECKPOINTS)


def is_awaited(body: Body) -> bool:
    """Whether the run itself waits for the checkpoint; after others it goes on, and only what it shows waits."""
    return is_checkpoint(body) and not (isinstance(body, NodeFinished) and body.node_kind in _kinds_pure())


def event_record(run_id: object, row: Row, redactor: Redactor | None = None) -> RunEvent:
    event = row.event
    data, sealed = encode(event.body), None
    if redactor is not None:
        data, sealed = event_sealed(event.body.kind, data, redactor)
    return RunEvent(
        run_id=run_id,
        seq=event.seq,
        first_seq=row.first_seq,
        at=datetime.fromtimestamp(event.at, UTC),
        kind=event.body.kind,
        data=data,
        cuts=list(row.cuts) or None,
        sealed=sealed,
    )


def row_of(record: RunEvent) -> Row:
    """Return the row that a record keeps; of what is redacted, what everybody may read."""
    event = Event(record.seq, record.at.timestamp(), decode(record.kind, record.data))
    return Row(record.first_seq, event, tuple(record.cuts or ()))


def row_unsealed(record: RunEvent) -> Row:
    """Return the row as it was said, as long as the run is open: for who goes on with it, and for who listens."""
    if record.sealed is None:
        return row_of(record)
    event = Event(record.seq, record.at.timestamp(), decode(record.kind, unseal(record.sealed)))
    return Row(record.first_seq, event, tuple(record.cuts or ()))


async def uninterrupted(work: Coroutine[None, None, T]) -> T:
    """Return what `work` returns; a cancellation waits until it is done, since a database thread cannot be stopped."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        task.exception()  # seen: the cancellation says more
        raise


class Journal:
    """The pen of one attempt. PostgreSQL lags by `FLUSH_INTERVAL_S` (starts: 1 s), and not at all at checkpoints.

    Nobody sees a checkpoint, or anything after it, that is not in PostgreSQL yet.

    `[… kept] in PostgreSQL · (kept … published] in Redis only · pending: published, not yet kept`.
    """

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._seq = lease.first_seq
        self._last_seq = 0
        self._kept_seq = 0
        self._checkpoint_seq = 0
        self._pending: list[Event] = []
        self._outbox: list[LiveEvent] = []
        self._news = asyncio.Event()
        self._stopping = asyncio.Event()
        self._keeping = asyncio.Lock()
        self._publishing = asyncio.Lock()
        self._failure: BaseException | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._first_ttl_s: int | None = LIVE_TTL_S
        self._awaits_row = lease.is_called
        self._is_sealed = False
        self.redactor: Redactor | None = None
        self.first_text_at: float | None = None

    async def open(self) -> list[Body]:
        """Return what earlier attempts did, including what only Redis still knew, and start writing."""
        past: list[Event] = []
        if self._lease.attempt:
            past = await in_database(self._read_past)
            last = past[-1].seq if past else 0
            tail = await live_take_over(redis_async(), self._lease.run_id, self._lease.first_seq, last)
            if tail:
                await in_database(self._keep, tail, None)
                past += tail
        self._last_seq = past[-1].seq if past else 0
        self._tasks = [asyncio.create_task(self._publish_loop()), asyncio.create_task(self._keep_loop())]
        return [event.body for event in past]

    async def append(self, body: Body) -> None:
        """Write an event. What is awaited is in PostgreSQL when this returns; raises `LeaseLost` if the run moved."""
        if self._failure:
            raise self._failure
        item = self._number(body)
        if is_awaited(body):
            await uninterrupted(self._flush(None))
        self._outbox.append(item)
        self._news.set()

    async def finish(self, body: Body, finish: Finish) -> None:
        """Write the last event together with the run's end, then tell the listeners."""
        item = self._number(body)
        await uninterrupted(self._flush(finish))
        self._outbox.append(item)
        await self._publish()

    async def close(self, *, keep: bool) -> None:
        """Stop writing; with `keep`, what is pending goes to PostgreSQL first."""
        self._stopping.set()
        self._news.set()
        await asyncio.gather(*self._tasks)
        if keep:
            await uninterrupted(self._flush(None))

    def _number(self, body: Body) -> LiveEvent:
        self._seq += 1
        event = Event(self._seq, time.time(), body)
        item = LiveEvent(event, self._last_seq)
        self._last_seq = self._seq
        self._pending.append(event)
        if is_checkpoint(body):
            self._checkpoint_seq = self._seq
        if isinstance(body, TextDelta) and self.first_text_at is None:
            self.first_text_at = event.at
        return item

    def _read_past(self) -> list[Event]:
        records = list(RunEvent.objects.filter(run_id=self._lease.run_id).order_by("seq"))
        self._is_sealed = any(record.sealed is not None for record in records)
        return [row_unsealed(record).event for record in records]

    def _keep(self, events: Sequence[Event], finish: Finish | None) -> None:
        self.redactor = redactor = REDACTOR_OF.get()(self._lease.spec.scope)
        self._is_sealed = self._is_sealed or redactor is not None
        if finish is None:
            events_keep(self._lease, rows_fold(events), redactor)
            return
        with transaction.atomic():
            events_keep(self._lease, rows_fold(events), redactor)
            # What the run was asked can be long, and its end changes nothing of it.
            run = Run.unscoped.defer("spec", "query", "inputs").get(id=self._lease.run_id)
            finish(run)
            is_over = run.status in END_STATUSES and (self._is_sealed or run.sealed is not None)
            if is_over and run_settle(run.id, redactor):
                Run.unscoped.filter(id=run.id).update(is_redacted=True)

    async def _flush(self, finish: Finish | None) -> None:
        async with self._keeping:
            events, self._pending = self._pending, []
            if not events and not finish:
                return
            try:
                await self._keep_when_stored(events, finish)
            except BaseException:
                self._pending = events + self._pending
                raise
            self._kept_seq = max(self._kept_seq, *(event.seq for event in events), 0)

    async def _keep_when_stored(self, events: Sequence[Event], finish: Finish | None) -> None:
        """Write; a run that this worker was called to may begin before its row is committed."""
        deadline = time.monotonic() + ROW_PATIENCE_S
        while True:
            try:
                await in_database(self._keep, events, finish)
            except LeaseLost:
                if not self._awaits_row or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(ROW_POLL_S)
            else:
                self._awaits_row = False
                return

    async def _keep_loop(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), FLUSH_INTERVAL_S)
            if self._is_due() and not await self._flushed():
                return

    async def _flushed(self) -> bool:
        """Keep what is pending, for nobody who waits; False when that failed, which the next `append` raises."""
        try:
            await self._flush(None)
        except Exception as error:  # noqa: BLE001 -- handed to the writer, which stops the run
            self._failure = error
            return False
        return True

    def _is_due(self) -> bool:
        if all(isinstance(event.body, STARTS) for event in self._pending):
            return bool(self._pending) and time.time() - self._pending[0].at >= STARTS_INTERVAL_S
        return True

    @staticmethod
    def _has_only_steps(items: Sequence[LiveEvent]) -> bool:
        return all(isinstance(item.event.body, STEPS) for item in items)

    async def _publish_loop(self) -> None:
        while not self._stopping.is_set():
            await self._news.wait()
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STEPS_PUBLISH_S):
                    while self._has_only_steps(self._outbox) and not self._stopping.is_set():
                        await self._news.wait()
                        self._news.clear()
            await self._publish()

    async def _publish(self) -> None:
        async with self._publishing:
            items, self._outbox = self._outbox, []
            if not items or (self._checkpoint_seq > self._kept_seq and not await self._flushed()):
                return
            ttl_s = DONE_TTL_S if items[-1].event.body.kind in TERMINAL_KINDS else self._first_ttl_s
            self._first_ttl_s = None
            try:
                await live_publish(redis_async(), self._lease.run_id, items, ttl_s=ttl_s)
            except RedisError as error:
                logger.warning("run %s is not live for its listeners now: %s", self._lease.run_id, error)
