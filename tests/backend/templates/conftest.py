"""The worker of these tests: everything of a run is real but its models and datasets."""

from collections.abc import AsyncIterator

import pytest

from backend.common.redis import redis_async_close
from tests.backend.workflows.running import graph_world

__all__ = ["graph_world"]


@pytest.fixture(autouse=True)
async def _close_redis() -> AsyncIterator[None]:
    yield
    await redis_async_close()
