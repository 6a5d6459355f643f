"""The event loop on which a worker process executes its runs: those it is called to, and those that Celery queued."""

import asyncio
import logging
import threading
import uuid
from collections.abc import Coroutine

import uvloop
from redis.exceptions import RedisError

from backend.common.database import in_database
from backend.common.redis import redis_async
from backend.runs.calls import lease_of_call, start_channel
from backend.runs.execution import Execution
from backend.runs.lease import Lease
from backend.runs.live import cancel_channel
from backend.runs.services import run_enqueue, run_give_back

logger = logging.getLogger(__name__)
RELEASE_TIMEOUT_S = 5
PASS_ON_TRIES, PASS_ON_PAUSE_S = 100, 0.05


class Runner:
    """Owns one loop thread, the executions on it, and the ear for calls to start and to cancel.

    With `room`, it takes the runs that it is called to, as many at once; what comes then goes to Celery's queue.
    """

    def __init__(self, owner: str, *, room: int = 0) -> None:
        self.owner = owner
        self._room = room
        self._executions: dict[uuid.UUID, Execution] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._called: set[asyncio.Task[None]] = set()
        self._loop = uvloop.new_event_loop()
        self._stopping = False
        threading.Thread(target=self._loop.run_forever, name="runs", daemon=True).start()
        self._ear = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)

    def run(self, run_id: uuid.UUID) -> None:
        """Execute the run, or wait for it when it is being executed here; return at once when another worker has it."""
        asyncio.run_coroutine_threadsafe(self._run(run_id), self._loop).result()

    def release_all(self) -> None:
        """Give every run back, and hear no more, before the process ends; waits at most `RELEASE_TIMEOUT_S`."""
        self._stopping = True
        self._ear.cancel()
        asyncio.run_coroutine_threadsafe(self._release_all(), self._loop).result(RELEASE_TIMEOUT_S)

    async def _run(self, run_id: uuid.UUID) -> None:
        if self._stopping:
            return
        if run_id in self._executions:
            await self._executions[run_id].over.wait()
            return
        await self._execute(Execution(run_id, self.owner))

    async def _execute(self, execution: Execution) -> None:
        task = asyncio.current_task()
        assert task is not None, "a coroutine of a loop runs in a task"
        self._executions[execution.run_id] = execution
        self._tasks.add(task)
        try:
            await execution.run()
        finally:
            del self._executions[execution.run_id]
            self._tasks.discard(task)
            execution.over.set()

    async def _release_all(self) -> None:
        for execution in self._executions.values():
            execution.release()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _listen(self) -> None:
        """Hear the calls. Without Redis, runs come by the queue or the sweeper, and the heartbeat reads the cancels."""
        channels = (cancel_channel(), start_channel(self.owner)) if self._room else (cancel_channel(),)
        while not self._stopping:
            try:
                async with redis_async().pubsub() as ear:
                    await ear.subscribe(*channels)
                    async for message in ear.listen():
                        if message["type"] == "message":
                            self._hear(message["channel"], message["data"])
            except (RedisError, OSError) as error:
                logger.warning("not listening for calls now: %s", error)
                await asyncio.sleep(1)

    def _hear(self, channel: str, said: str) -> None:
        if channel == cancel_channel():
            execution = self._executions.get(uuid.UUID(said))
            if execution:
                execution.cancel()
            return
        lease = lease_of_call(said)
        if self._stopping or len(self._executions) >= self._room:
            self._keep(_pass_on(lease))
        else:
            self._keep(self._execute(Execution(lease.run_id, self.owner, lease)))

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        """Start a task; the loop itself would forget it, and nobody waits for its end but this log."""
        task = asyncio.ensure_future(work)
        self._called.add(task)
        task.add_done_callback(self._called_over)

    def _called_over(self, task: asyncio.Task[None]) -> None:
        self._called.discard(task)
        if not task.cancelled() and task.exception():
            logger.error("a run that this worker was called to broke", exc_info=task.exception())


async def _pass_on(lease: Lease) -> None:
    """Queue a run that there is no room for, once its row is there; the sweeper finds it otherwise."""
    for _ in range(PASS_ON_TRIES):
        if await in_database(run_give_back, lease.run_id, lease.token):
            await in_database(run_enqueue, lease.run_id)
            return
        await asyncio.sleep(PASS_ON_PAUSE_S)
