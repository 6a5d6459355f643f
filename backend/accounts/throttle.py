"""Counts failures to sign in, by e-mail and by address, and closes the door for a while after ten."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from backend.common.errors import TooManyRequests
from backend.common.redis import redis_sync

MAX_FAILURES = 10
WINDOW_S = 300


def _key(kind: str, value: str) -> str:
    return f"throttle:{kind}:{hashlib.sha256(value.lower().encode()).hexdigest()[:32]}"


@contextmanager
def failures_limited(*, address: str, email: str = "", purpose: str = "login") -> Iterator[None]:
    """Count an attempt before it is made, so that parallel ones cannot slip through; take it back when it succeeds.

    Raises `TooManyRequests` after ten failures in five minutes; any error from inside is a failure.
    """
    redis = redis_sync()
    keys = [_key(f"{purpose}:ip", address), *([_key(f"{purpose}:mail", email)] if email else [])]
    pipe = redis.pipeline()
    for key in keys:
        pipe.set(key, 0, ex=WINDOW_S, nx=True)
        pipe.incr(key)
        pipe.ttl(key)
    counted = pipe.execute()
    for used, ttl in zip(counted[1::3], counted[2::3], strict=True):
        if used > MAX_FAILURES:
            wait_s = max(1, ttl)
            raise TooManyRequests(f"too many failed attempts: try again in {wait_s} s", retry_after_s=wait_s)
    yield
    if redis.decr(keys[0]) < 0:  # the window ended meanwhile
        redis.delete(keys[0])
    for key in keys[1:]:
        redis.delete(key)
