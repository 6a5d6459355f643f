"""The live side of a run: a Redis stream whose entry ids are the events' numbers, and the call to cancel.

Redis refuses an entry whose id is not above the last one. That fences a worker that lost its lease: once the next
attempt has written its marker, nothing of the earlier attempt can follow.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import redis.asyncio
from redis.exceptions import RedisError, ResponseError

from agents.events import Event, decode, encode
from backend.common.redis import channel_of

LIVE_TTL_S = 3600  # longer than a run may take
DONE_TTL_S = 300
MAX_ENTRIES = 50_000
MARKER = "attempt"


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """An event with the number of the one before it, so that a reader sees a gap."""

    event: Event
    previous: int


def cancel_channel() -> str:
    """Return the channel on which workers hear which runs to cancel."""
    return channel_of("run-cancel")


def stream_key(run_id: uuid.UUID | str) -> str:
    """Return the name of a run's stream."""
    return f"run:{run_id}"


def _fields(item: LiveEvent) -> dict[str, str]:
    body = item.event.body
    data = json.dumps(encode(body), ensure_ascii=False, separators=(",", ":"))
    return {"k": body.kind, "d": data, "t": repr(item.event.at), "p": str(item.previous)}


def _read(entry_id: str, fields: dict[str, str]) -> LiveEvent | None:
    if fields["k"] == MARKER:
        return None
    body = decode(fields["k"], cast(dict[str, object], json.loads(fields["d"])))
    return LiveEvent(Event(int(entry_id.partition("-")[0]), float(fields["t"]), body), int(fields["p"]))


async def live_publish(
    client: redis.asyncio.Redis, run_id: uuid.UUID, events: Sequence[LiveEvent], *, ttl_s: int | None
) -> None:
    """Append events to the run's stream, which lives `ttl_s` more seconds (None: as long as it would anyway).

    Raises `RedisError`; the events are in PostgreSQL or will be.
    """
    key = stream_key(run_id)
    if len(events) == 1 and ttl_s is None:
        # The common case, a delta: a pipeline would cost as much again.
        await client.xadd(key, _fields(events[0]), id=f"{events[0].event.seq}-0")
        return
    pipe = client.pipeline(transaction=False)
    for item in events:
        pipe.xadd(key, _fields(item), id=f"{item.event.seq}-0", maxlen=MAX_ENTRIES, approximate=True)
    if ttl_s is not None:
        pipe.expire(key, ttl_s)
    await pipe.execute()


async def live_take_over(client: redis.asyncio.Redis, run_id: uuid.UUID, first_seq: int, after: int) -> list[Event]:
    """Shut earlier attempts out of the stream and return what they published after number `after`."""
    key = stream_key(run_id)
    try:
        await client.xadd(key, {"k": MARKER}, id=f"{first_seq}-0")
        entries = await client.xrange(key, min=f"({after}-0", max=f"({first_seq}-0")
    except ResponseError:
        return []  # a later attempt has written already: the lease will say so
    except RedisError:
        return []
    found = [_read(entry_id, fields) for entry_id, fields in entries]
    return [item.event for item in found if item]


async def live_read(client: redis.asyncio.Redis, run_id: uuid.UUID, after: int, *, block_ms: int) -> list[LiveEvent]:
    """Return what the stream has after number `after`; with `block_ms`, wait that long for it. Markers are left out."""
    key = stream_key(run_id)
    if block_ms:
        answer = await client.xread({key: f"{after}-0"}, count=500, block=block_ms)
        pages = answer.values() if isinstance(answer, dict) else [entries for _key, entries in answer or []]
        # RESP3 nests one page more than RESP2.
        entries = [entry for page in pages for entry in (page[0] if page and isinstance(page[0], list) else page)]
    else:
        entries = await client.xrange(key, min=f"({after}-0", count=500)
    found = [_read(entry_id, fields) for entry_id, fields in entries]
    return [item for item in found if item]
