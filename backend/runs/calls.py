"""Calls a listening worker to a run that is born in its hands: no queue and no claim stand before its first token.

A worker listens on a channel of its own. It is called while the row, which names it as the holder of the lease, is
still being written; the journal waits for the row before it writes. Should the worker die, or the row never come,
the lease runs out like any other.
"""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.utils import timezone
from redis.exceptions import RedisError

from agents.types import RunSpec
from backend.common.redis import channel_of, redis_async
from backend.runs.lease import Lease

EARS_TTL_S = 1.0


def start_channel(owner: str) -> str:
    """Return the channel on which the worker `owner` is called."""
    return channel_of(f"run-start:{owner}")


@dataclass(slots=True)
class Ears:
    """The workers that listened a moment ago, in turn."""

    owners: tuple[str, ...] = ()
    asked_at: float = -EARS_TTL_S
    turn: int = 0

    async def next_owner(self) -> str | None:
        """Return a worker that listens, or None; costs a round trip once in `EARS_TTL_S`."""
        if time.monotonic() - self.asked_at >= EARS_TTL_S:
            self.owners = await _listening()
            self.asked_at = time.monotonic()
        if not self.owners:
            return None
        self.turn += 1
        return self.owners[self.turn % len(self.owners)]

    def forget(self) -> None:
        """Ask anew the next time: somebody did not hear."""
        self.asked_at = -EARS_TTL_S


async def _listening() -> tuple[str, ...]:
    try:
        channels = await redis_async().pubsub_channels(start_channel("*"))
    except RedisError:
        return ()
    return tuple(sorted(channel.removeprefix(start_channel("")) for channel in channels))


@lru_cache(maxsize=1)
def ears() -> Ears:
    """Return what this process knows of the workers that listen."""
    return Ears()


@dataclass(frozen=True, slots=True)
class Call:
    """A first attempt that is given to one worker with the row itself."""

    owner: str
    token: uuid.UUID
    at: datetime

    def columns(self) -> Mapping[str, object]:
        """Return what the row says while that worker has it."""
        return {
            "status": "running",
            "lease_owner": self.owner,
            "lease_token": self.token,
            "lease_expires_at": self.at + timedelta(seconds=settings.RUN_LEASE_S),
            "started_at": self.at,
        }

    async def send(self, spec: RunSpec) -> bool:
        """Tell the worker; False when it did not hear."""
        message = {"token": str(self.token), "at": self.at.timestamp(), "spec": spec.to_json()}
        try:
            return bool(await redis_async().publish(start_channel(self.owner), json.dumps(message)))
        except RedisError:
            return False


async def call_next() -> Call | None:
    """Return a call to the next worker, not sent yet; None when no worker listens."""
    owner = await ears().next_owner()
    return Call(owner, uuid.uuid4(), timezone.now()) if owner else None


def lease_of_call(message: str) -> Lease:
    """Return the lease that a call brings."""
    told = json.loads(message)
    spec = RunSpec.from_json(told["spec"])
    return Lease(
        run_id=uuid.UUID(spec.run_id),
        token=uuid.UUID(told["token"]),
        attempt=0,
        spec=spec,
        created_at=told["at"],
        elapsed_s=0.0,
        cancel_requested=False,
        is_called=True,
    )
