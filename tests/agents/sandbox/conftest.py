"""A sandbox that was tested once, with nothing left behind by any test."""

from collections.abc import AsyncIterator

import pytest

from agents.sandbox.pool import SandboxPool

_POOL = SandboxPool(warm=0)
_WARM_POOL = SandboxPool(warm=2)


@pytest.fixture
async def pool() -> AsyncIterator[SandboxPool]:
    """Yield the pool; what it has on the test's event loop ends with the test."""
    assert _POOL.reason_off == ""
    yield _POOL
    await _POOL.aclose()


@pytest.fixture
async def warm_pool() -> AsyncIterator[SandboxPool]:
    """Yield a pool that keeps two sandboxes ready."""
    assert _WARM_POOL.reason_off == ""
    yield _WARM_POOL
    await _WARM_POOL.aclose()
