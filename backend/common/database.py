"""Runs Django's synchronous ORM from async code, on threads that give their connection back at once."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import DatabaseError, connections

P = ParamSpec("P")
T = TypeVar("T")
logger = logging.getLogger(__name__)

# `sync_to_async` shares one thread per process inside a task; as many threads as pooled connections never wait.
_THREADS = ThreadPoolExecutor(max_workers=max(2, settings.ENVIRONMENT.db_pool_size - 2), thread_name_prefix="db")


def _call_and_release(call: Callable[[], T]) -> T:
    try:
        return call()
    finally:
        connections.close_all()


def database_submit(function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Run `function(*args, **kwargs)` on a database thread, for what nobody waits for; a failure is logged."""
    _THREADS.submit(_call_and_release, partial(_call_and_log, partial(function, *args, **kwargs)))


def _call_and_log(call: Callable[[], object]) -> None:
    try:
        call()
    except DatabaseError:
        logger.exception("a write that nobody waited for failed")


async def in_database(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return `function(*args, **kwargs)`, run on a database thread; its connection goes back to the pool."""
    call = partial(copy_context().run, partial(function, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _call_and_release, call)
