"""Runs Django's synchronous ORM from async code, on threads that give their connection back at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")

# `sync_to_async` shares one thread per process inside a task; as many threads as pooled connections never wait.
_THREADS = ThreadPoolExecutor(max_workers=max(2, settings.ENVIRONMENT.db_pool_size - 2), thread_name_prefix="db")


def _call_and_release(call: Callable[[], T]) -> T:
    try:
        return call()
    finally:
        connections.close_all()


async def in_database(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return `function(*args, **kwargs)`, run on a database thread; its connection goes back to the pool."""
    call = partial(function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _call_and_release, call)
