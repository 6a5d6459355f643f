"""Writes a run's events: at once to Redis, where clients listen, and coalesced to PostgreSQL, where the truth is."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from django.db import transaction
from redis.exceptions import RedisError

from agents.events import (
    TERMINAL_KINDS,
    Body,
    Event,
    NodeFinished,
    NodeStarted,
    RunStarted,
    TextDelta,
    TextReset,
    ToolCalled,
    decode,
    encode,
)
from backend.common.database import in_database
from backend.common.redis import redis_async
from backend.runs.lease import Lease, LeaseLost, lease_lock
from backend.runs.live import DONE_TTL_S, LIVE_TTL_S, LiveEvent, live_publish, live_take_over
from backend.runs.models import Run, RunEvent
from backend.runs.rows import Row, rows_fold

FLUSH_INTERVAL_S = 0.2
# That something started is said again by the next attempt: it may wait, so as not to disturb the model meanwhile.
STARTS_INTERVAL_S = 1.0
# Nor need it be shown before the first text, when that comes soon: whoever reads it competes with the model meanwhile.
STARTS_PUBLISH_S = 0.05
ROW_PATIENCE_S = 5.0
ROW_POLL_S = 0.02
STARTS = (RunStarted, NodeStarted)
# What must not be forgotten: a finished node never runs again, and a tool that was called may have had its effect.
CHECKPOINTS = (NodeFinished, ToolCalled)
Finish = Callable[[Run], None]
T = TypeVar("T")
logger = logging.getLogger(__name__)


def _record(run_id: object, row: Row) -> RunEvent:
    event = row.event
    return RunEvent(
        run_id=run_id,
        seq=event.seq,
        first_seq=row.first_seq,
        at=datetime.fromtimestamp(event.at, UTC),
        kind=event.body.kind,
        data=encode(event.body),
        cuts=list(row.cuts) or None,
    )


def row_of(record: RunEvent) -> Row:
    """Return the row that a record keeps."""
    event = Event(record.seq, record.at.timestamp(), decode(record.kind, record.data))
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

    `[… kept] in PostgreSQL · (kept … published] in Redis only · pending: published, not yet kept`.
    """

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._seq = lease.first_seq
        self._last_seq = 0
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
        self.shown: dict[str, str] = {}
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
        for event in past:
            self._show(event.body)
        self._last_seq = past[-1].seq if past else 0
        self._tasks = [asyncio.create_task(self._publish_loop()), asyncio.create_task(self._keep_loop())]
        return [event.body for event in past]

    async def append(self, body: Body) -> None:
        """Write an event. Checkpoints are in PostgreSQL when this returns; raises `LeaseLost` if the run moved."""
        if self._failure:
            raise self._failure
        item = self._number(body)
        if isinstance(body, CHECKPOINTS):
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
        if isinstance(body, TextDelta) and self.first_text_at is None:
            self.first_text_at = event.at
        self._show(body)
        return item

    def _show(self, body: Body) -> None:
        match body:
            case TextDelta(node_id=node_id, text=text):
                self.shown[node_id] = self.shown.get(node_id, "") + text
            case TextReset(node_id=node_id, text=text):
                self.shown[node_id] = text

    def _read_past(self) -> list[Event]:
        records = RunEvent.objects.filter(run_id=self._lease.run_id).order_by("seq")
        return [row_of(record).event for record in records]

    def _keep(self, events: Sequence[Event], finish: Finish | None) -> None:
        with transaction.atomic():
            lease_lock(self._lease)
            RunEvent.objects.bulk_create([_record(self._lease.run_id, row) for row in rows_fold(events)])
            if finish:
                finish(Run.unscoped.get(id=self._lease.run_id))

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
            if not self._is_due():
                continue
            try:
                await self._flush(None)
            except Exception as error:  # noqa: BLE001 -- handed to the writer, which stops the run
                self._failure = error
                return

    def _is_due(self) -> bool:
        if all(isinstance(event.body, STARTS) for event in self._pending):
            return bool(self._pending) and time.time() - self._pending[0].at >= STARTS_INTERVAL_S
        return True

    @staticmethod
    def _has_only_starts(items: Sequence[LiveEvent]) -> bool:
        return all(isinstance(item.event.body, STARTS) for item in items)

    async def _publish_loop(self) -> None:
        while not self._stopping.is_set():
            await self._news.wait()
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STARTS_PUBLISH_S):
                    while self._has_only_starts(self._outbox) and not self._stopping.is_set():
                        await self._news.wait()
                        self._news.clear()
            await self._publish()

    async def _publish(self) -> None:
        async with self._publishing:
            items, self._outbox = self._outbox, []
            if not items:
                return
            ttl_s = DONE_TTL_S if items[-1].event.body.kind in TERMINAL_KINDS else self._first_ttl_s
            self._first_ttl_s = None
            try:
                await live_publish(redis_async(), self._lease.run_id, items, ttl_s=ttl_s)
            except RedisError as error:
                logger.warning("run %s is not live for its listeners now: %s", self._lease.run_id, error)
