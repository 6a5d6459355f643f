"""The event loop on which a worker process executes its runs; Celery's threads only wait for it."""

import asyncio
import logging
import threading
import uuid

import uvloop
from redis.exceptions import RedisError

from backend.common.redis import redis_async
from backend.runs.execution import Execution
from backend.runs.live import CANCEL_CHANNEL

logger = logging.getLogger(__name__)
RELEASE_TIMEOUT_S = 5


class Runner:
    """Owns one loop thread, the executions on it, and the ear for calls to cancel."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._executions: dict[uuid.UUID, Execution] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = uvloop.new_event_loop()
        self._stopping = False
        threading.Thread(target=self._loop.run_forever, name="runs", daemon=True).start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop)

    def run(self, run_id: uuid.UUID) -> None:
        """Execute the run and return at its end, or at once when another worker has it."""
        asyncio.run_coroutine_threadsafe(self._run(run_id), self._loop).result()

    def release_all(self) -> None:
        """Give every run back before the process ends; waits at most `RELEASE_TIMEOUT_S`."""
        self._stopping = True
        asyncio.run_coroutine_threadsafe(self._release_all(), self._loop).result(RELEASE_TIMEOUT_S)

    async def _run(self, run_id: uuid.UUID) -> None:
        if self._stopping or run_id in self._executions:
            return
        execution = Execution(run_id, self._owner)
        task = asyncio.current_task()
        assert task is not None, "a coroutine of a loop runs in a task"
        self._executions[run_id] = execution
        self._tasks.add(task)
        try:
            await execution.run()
        finally:
            del self._executions[run_id]
            self._tasks.discard(task)

    async def _release_all(self) -> None:
        for execution in self._executions.values():
            execution.release()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _listen(self) -> None:
        """Cancel at once what a message names; without Redis, the heartbeat does it within its interval."""
        while True:
            try:
                async with redis_async().pubsub() as ear:
                    await ear.subscribe(CANCEL_CHANNEL)
                    async for message in ear.listen():
                        if message["type"] == "message":
                            self._cancel(message["data"])
            except (RedisError, OSError) as error:
                logger.warning("not listening for cancels now: %s", error)
                await asyncio.sleep(1)

    def _cancel(self, run_id: str) -> None:
        execution = self._executions.get(uuid.UUID(run_id))
        if execution:
            execution.cancel()
