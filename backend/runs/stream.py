"""Follows a run from any number on: what PostgreSQL keeps, then what Redis brings, without gap or repetition."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator

from redis.exceptions import RedisError

from agents.events import TERMINAL_KINDS, Event, RunPaused
from backend.common.database import in_database
from backend.common.redis import redis_async
from backend.runs.journal import row_unsealed
from backend.runs.live import LiveEvent, live_read
from backend.runs.models import END_STATUSES, Run, RunEvent
from backend.runs.rows import rows_unfold

BLOCK_MS = 2000
SILENCE_S = 10.0
GAP_PATIENCE_S = 60.0
GAP_POLL_S = 0.05


def _read_kept(run_id: uuid.UUID, after: int) -> list[Event]:
    records = RunEvent.objects.filter(run_id=run_id, seq__gt=after).order_by("seq")
    return list(rows_unfold([row_unsealed(record) for record in records], after))


def _is_over(run_id: uuid.UUID) -> bool:
    return not Run.unscoped.filter(id=run_id).exclude(status__in=END_STATUSES).exists()


async def _fill_gap(run_id: uuid.UUID, after: int, until: int) -> list[Event]:
    """Return what PostgreSQL keeps after `after`, once it has event `until`; it lags, more so on a busy machine.

    What its worker took to the grave never comes: later events are kept then, or the run has ended.
    """
    deadline = time.monotonic() + GAP_PATIENCE_S
    while True:
        is_over = await in_database(_is_over, run_id)
        kept = await in_database(_read_kept, run_id, after)
        if (kept and kept[-1].seq >= until) or is_over or time.monotonic() > deadline:
            return kept
        await asyncio.sleep(GAP_POLL_S)


async def _in_order(run_id: uuid.UUID, after: int, items: list[LiveEvent]) -> list[Event]:
    """Return live events with what is missing before them."""
    events: list[Event] = []
    for item in items:
        if item.event.seq <= after:
            continue
        if item.previous > after:
            events += await _fill_gap(run_id, after, item.previous)
            after = events[-1].seq if events else after
        if item.event.seq > after:
            events.append(item.event)
            after = item.event.seq
    return events


async def _wait_live(run_id: uuid.UUID, after: int) -> list[LiveEvent]:
    try:
        return await live_read(redis_async(), run_id, after, block_ms=BLOCK_MS)
    except RedisError:
        await asyncio.sleep(0.25)
        return []


async def follow(
    run_id: uuid.UUID, after: int = 0, *, is_new: bool = False, until_pause: bool = False
) -> AsyncIterator[Event | None]:
    """Yield the run's events with numbers above `after` until its last one; None after each `SILENCE_S` of silence.

    Of a run that `is_new` nothing is kept yet: it is heard live from its first event, without a look at PostgreSQL.
    A paused run is silent until somebody answers it, however long; with `until_pause`, its pause is the last event.
    """
    last_kinds = TERMINAL_KINDS | ({RunPaused.kind} if until_pause else set())
    heard = time.monotonic()
    events = [] if is_new else await in_database(_read_kept, run_id, after)
    while True:
        for event in events:
            after = event.seq
            yield event
            if event.body.kind in last_kinds:
                return
        if events:
            heard = time.monotonic()
        elif time.monotonic() - heard >= SILENCE_S:
            heard = time.monotonic()
            yield None
        events = await _in_order(run_id, after, await _wait_live(run_id, after))
        if not events:
            # Silence may mean that Redis lost the stream: PostgreSQL knows.
            events = await in_database(_read_kept, run_id, after)
            if not events and await in_database(_is_over, run_id):
                return
