"""Runs users' code: a self-test first, then a sandbox per job, a few of them waiting warm."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from weakref import WeakKeyDictionary

from agents.errors import CodeUnavailable
from agents.ports import CodeLimits, CodeResult, Entry, Language
from agents.sandbox.recipe import Host, Unavailable, host_found
from agents.sandbox.selftest import self_test
from agents.sandbox.verdict import result_of
from agents.sandbox.warm import Kind, WarmSandboxes
from agents.types import JsonObject

WARM, IDLE_S = 2, 300.0
MAX_RUNNING, MAX_YOUNG, YOUNG_S = 24, 8, 1.0
"""Jobs at once, and those of them in their first second: long ones do not keep short ones waiting."""
_DEFAULT = CodeLimits()


class _Place:
    """What the pool has on one event loop."""

    def __init__(self, host: Host, warm: int, idle_s: float) -> None:
        self.sandboxes = WarmSandboxes(host, warm, idle_s)
        self._running = asyncio.Semaphore(MAX_RUNNING)
        self._young = asyncio.Semaphore(MAX_YOUNG)

    @asynccontextmanager
    async def room(self) -> AsyncIterator[None]:
        """Wait until one more job may run."""
        async with self._running:
            await self._young.acquire()
            holds = [self._young]

            def give_back() -> None:
                if holds:
                    holds.pop().release()

            timer = asyncio.get_running_loop().call_later(YOUNG_S, give_back)
            try:
                yield
            finally:
                timer.cancel()
                give_back()


class SandboxPool:
    """Implements `agents.ports.CodeRunner`; `packages` is a virtual environment whose packages code may import.

    Nothing runs before the self-test has passed, and nothing ever when it fails. Sandboxes die with the thread of the
    event loop that started them, or by `aclose` on it.
    """

    def __init__(self, packages: Path | None = None, *, warm: int = WARM, idle_s: float = IDLE_S) -> None:
        self._packages = packages
        self._warm, self._idle_s = warm, idle_s
        self._host: Host | None = None
        self._reason: str | None = None
        self._testing = threading.Lock()
        self._places: WeakKeyDictionary[asyncio.AbstractEventLoop, _Place] = WeakKeyDictionary()

    @property
    def reason_off(self) -> str:
        """Why no code is run here; empty when it is. The first call tests that, which takes a moment."""
        with self._testing:
            if self._reason is None:
                # A loop of its own: who asks may be on one, and sandboxes end with the thread that starts them.
                tester = threading.Thread(target=self._test, name="sandbox-self-test")
                tester.start()
                tester.join()
        assert self._reason is not None, "the test leaves its finding"
        return self._reason

    @property
    def what_runs(self) -> str:
        """The languages and packages that there are, in words, once the self-test has passed."""
        assert self._host is not None, "the self-test has passed"
        python = "Python with its own packages" if self._host.packages else "Python"
        return f"{python} and JavaScript" if self._host.node else f"{python} ({self._host.node_off})"

    def _test(self) -> None:
        try:
            self._host = asyncio.run(self_test(host_found(self._packages)))
            self._reason = ""
        except Unavailable as error:
            self._reason = str(error)
        except Exception as error:  # noqa: BLE001  # a thread's edge: whatever happened, no code runs
            self._reason = f"the sandbox could not be tested: {error!r}"

    async def run(
        self,
        language: Language,
        code: str,
        arguments: JsonObject,
        *,
        limits: CodeLimits = _DEFAULT,
        entry: Entry = "main",
    ) -> CodeResult:
        """Run `code` in a sandbox of its own; cancelling ends it at once.

        Raises `CodeFailed`, and `CodeUnavailable` where no code is run.
        """
        place = await self._place()
        kind = Kind(language, limits.cpu_s, limits.memory_bytes)
        async with place.room():
            try:
                worker = await place.sandboxes.take(kind)
            except Unavailable as error:
                raise CodeUnavailable(f"no code is run here: {error}") from error
            ended = await worker.run(code, arguments, limits, entry)
        return result_of(ended, limits)

    async def _place(self) -> _Place:
        if self._reason is None:
            await asyncio.to_thread(lambda: self.reason_off)
        if self._host is None:
            raise CodeUnavailable(f"no code is run here: {self._reason}")
        return self._places.setdefault(asyncio.get_running_loop(), _Place(self._host, self._warm, self._idle_s))

    @property
    def waiting_pids(self) -> tuple[int, ...]:
        """The processes of the sandboxes that wait on the running event loop."""
        place = self._places.get(asyncio.get_running_loop())
        return place.sandboxes.pids if place else ()

    async def aclose(self) -> None:
        """End the sandboxes that wait on this event loop; those with a job end with the task that waits for it."""
        place = self._places.pop(asyncio.get_running_loop(), None)
        if place is not None:
            await place.sandboxes.aclose()
