"""Sandboxes that wait for a job, so that a call need not wait for one to start. All on one event loop."""

import asyncio
import contextlib
import time
from collections import defaultdict, deque
from dataclasses import dataclass

from agents.ports import CodeLimits, Language
from agents.sandbox.recipe import Host, Unavailable, launch_of
from agents.sandbox.worker import Worker


@dataclass(frozen=True, slots=True)
class Kind:
    """What must agree between a waiting sandbox and a job: these limits are set when it starts."""

    language: Language
    cpu_s: float
    memory_bytes: int

    def limits(self) -> CodeLimits:
        """Return the limits that a sandbox of this kind is started with."""
        return CodeLimits(cpu_s=self.cpu_s, memory_bytes=self.memory_bytes)


class WarmSandboxes:
    """Keeps `at_least` sandboxes of each kind that was wanted, until nobody wanted one for `idle_s`."""

    def __init__(self, host: Host, at_least: int, idle_s: float) -> None:
        self._host, self._at_least, self._idle_s = host, at_least, idle_s
        self._waiting: dict[Kind, deque[asyncio.Task[Worker]]] = defaultdict(deque)
        self._timer: asyncio.TimerHandle | None = None
        self._used_at = 0.0
        self._resting: asyncio.Task[None] | None = None

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes of the sandboxes that are ready."""
        tasks = [task for waiting in self._waiting.values() for task in waiting if task.done()]
        return tuple(task.result().pid for task in tasks if task.exception() is None)

    async def take(self, kind: Kind) -> Worker:
        """Return a sandbox that is ready, to be ended by the caller; raises `Unavailable`. Others take its place."""
        self._touch()
        while True:
            self._fill(kind, 1)
            task = self._waiting[kind].popleft()
            try:
                worker = await asyncio.shield(task)
            except asyncio.CancelledError:
                self._waiting[kind].appendleft(task)
                raise
            finally:
                self._fill(kind, self._at_least)
            if worker.is_alive:
                return worker
            await worker.end()

    def _fill(self, kind: Kind, at_least: int) -> None:
        while len(self._waiting[kind]) < at_least:
            task = asyncio.create_task(Worker.start(launch_of(self._host, kind.language, kind.limits())))
            task.add_done_callback(_look_at)
            self._waiting[kind].append(task)

    def _touch(self) -> None:
        self._used_at = time.monotonic()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._idle_s, self._rest)

    def _rest(self) -> None:
        left_s = self._idle_s - (time.monotonic() - self._used_at)
        self._timer = asyncio.get_running_loop().call_later(left_s, self._rest) if left_s > 0 else None
        if self._timer is None:
            self._resting = asyncio.create_task(self.aclose())

    async def aclose(self) -> None:
        """End every sandbox that waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        tasks = [task for waiting in self._waiting.values() for task in waiting]
        self._waiting.clear()
        for task in tasks:
            with contextlib.suppress(Unavailable):
                await (await task).end()


def _look_at(task: asyncio.Task[Worker]) -> None:
    """Whoever takes the sandbox learns why it did not start; when nobody does, that is no news."""
    if not task.cancelled():
        task.exception()
