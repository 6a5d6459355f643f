"""Every test has an event loop of its own: its Redis connections end with it."""

from collections.abc import AsyncIterator

import pytest

from backend.common.redis import redis_async_close


@pytest.fixture(autouse=True)
async def _close_redis() -> AsyncIterator[None]:
    yield
    await redis_async_close()
