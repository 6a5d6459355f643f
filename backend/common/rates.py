"""Rate limits by fixed window, counted in Redis."""

import time

from backend.common.errors import TooManyRequests
from backend.common.redis import redis_sync


def rate_check(name: str, *, limit: int, window_s: int, message: str) -> None:
    """Count one use of `name`; raises `TooManyRequests` over `limit` in the current window of `window_s`."""
    now = int(time.time())
    key = f"rate:{name}:{now // window_s}"
    pipe = redis_sync().pipeline()
    pipe.incr(key)
    pipe.expire(key, window_s + 1)
    if pipe.execute()[0] > limit:
        raise TooManyRequests(message, retry_after_s=window_s - now % window_s)
