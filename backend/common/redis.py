"""Connections to Redis, one pool per process and event loop. Redis only wakes people up: nothing here is the truth."""

import asyncio
from functools import lru_cache
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from django.conf import settings

_BY_LOOP: WeakKeyDictionary[asyncio.AbstractEventLoop, redis.asyncio.Redis] = WeakKeyDictionary()


@lru_cache(maxsize=1)
def redis_sync() -> redis.Redis:
    """Return the client for synchronous code."""
    return redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)


def redis_async() -> redis.asyncio.Redis:
    """Return the client of the running event loop."""
    loop = asyncio.get_running_loop()
    client = _BY_LOOP.get(loop)
    if client is None:
        client = redis.asyncio.Redis.from_url(settings.REDIS_URL, decode_responses=True, max_connections=512)
        _BY_LOOP[loop] = client
    return client


@lru_cache(maxsize=1)
def _database() -> int:
    return int(redis_sync().get_connection_kwargs().get("db", 0))


def channel_of(name: str) -> str:
    """Return the name of a channel that only this database's clients use: Redis keeps keys apart, not channels."""
    return f"{_database()}:{name}"


async def redis_async_close() -> None:
    """Close the client of the running event loop, before the loop ends."""
    client = _BY_LOOP.pop(asyncio.get_running_loop(), None)
    if client is not None:
        await client.aclose()
