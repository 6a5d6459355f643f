"""One sandbox: started, given one job, and ended from outside. Nothing that happens in it is waited for without end."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agents.ports import CodeLimits, Entry
from agents.sandbox.pipe_ends import PipeEnd
from agents.sandbox.pipes import ChannelBroken, ChannelClosed, Inbox, Printed, framed, message_of
from agents.sandbox.recipe import Launch, Unavailable
from agents.types import JsonObject, JsonValue

START_S, END_S = 20.0, 5.0
PRINTED_BYTES = 64 * 1024
FLOOD_BYTES = 8 << 20
EMPTY_FRAME_BYTES = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended: with a `message` from inside, or with the reason why there is none.

    `exit_status` is the sandbox's own, once it is known; a signal counts as 128 and its number.
    """

    message: JsonObject | None
    stdout: str
    stderr: str
    elapsed_ms: float
    why: str = ""
    exit_status: int | None = None


class Worker:
    """A sandbox that takes one job. It must be started and ended on one event loop; `end` always, whatever happened."""

    def __init__(self, process: subprocess.Popen[bytes], inbox: Inbox, printed: tuple[Printed, Printed]) -> None:
        self._process = process
        self._inbox = inbox
        self._printed = printed
        self._job: asyncio.WriteTransport | None = None
        self._pipes: list[asyncio.BaseTransport] = []
        self._exited = asyncio.Event()
        self._pidfd = -1
        self._started_at = time.monotonic()

    @classmethod
    async def start(cls, launch: Launch) -> "Worker":
        """Return a sandbox that is ready for a job; raises `Unavailable` with what bubblewrap said."""
        ours = [os.pipe() for _ in range(4)]
        (job_read, job_write), (result_read, result_write), (out_read, out_write), (err_read, err_write) = ours
        try:
            process = _spawn(launch, (job_read, result_write, out_write, err_write))
        except OSError as error:
            for descriptor in (job_write, result_read, out_read, err_read):
                os.close(descriptor)
            raise Unavailable(f"{launch.bwrap[0]!r} cannot be started: {error}") from error
        finally:
            for descriptor in (job_read, result_write, out_write, err_write):
                os.close(descriptor)
        inbox = Inbox()
        out, err = (Printed(PRINTED_BYTES, FLOOD_BYTES, process.kill) for _ in range(2))
        worker = cls(process, inbox, (out, err))
        ends = [PipeEnd(descriptor) for descriptor in (job_write, result_read, out_read, err_read)]
        try:
            await worker._connect(ends[0], list(zip(ends[1:], (inbox, out, err), strict=True)))
            async with asyncio.timeout(START_S):
                await inbox.frame(EMPTY_FRAME_BYTES)
        except BaseException as error:
            await worker.end()
            for end in ends:
                end.close()  # those that were not connected yet
            if isinstance(error, ChannelClosed | ChannelBroken | TimeoutError):
                said = err.text().strip()[-500:] or f"nothing (exit status {worker.exit_status})"
                refused = any(word in said for word in ("not permitted", "denied", "namespace"))
                hint = "; the system must let its users make namespaces" if refused else ""
                raise Unavailable(f"the sandbox does not start; it says: {said}{hint}") from error
            raise
        return worker

    async def _connect(self, job: PipeEnd, readers: list[tuple[PipeEnd, asyncio.Protocol]]) -> None:
        loop = asyncio.get_running_loop()
        self._pidfd = os.pidfd_open(self._process.pid)
        loop.add_reader(self._pidfd, self._reap)
        self._job, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, job.lent_to(loop))
        self._pipes.append(self._job)
        for end, protocol in readers:
            transport, _ = await loop.connect_read_pipe(_same(protocol), end.lent_to(loop))
            self._pipes.append(transport)

    @property
    def pid(self) -> int:
        """The process of bubblewrap that we started; ending it ends all inside."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it can still take a job."""
        return not self._exited.is_set()

    @property
    def age_s(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._started_at

    @property
    def exit_status(self) -> int | None:
        """How the process ended; None while it runs."""
        code = self._process.returncode
        return 128 - code if code is not None and code < 0 else code

    async def run(self, code: str, arguments: JsonObject, limits: CodeLimits, entry: Entry = "main") -> Ended:
        """Give it the job and return how that ended, after `limits.wall_s` at the latest; the sandbox is over then.

        Cancelling ends the sandbox too, before this returns.
        """
        began = time.perf_counter()
        message: JsonObject | None = None
        why = ""
        job: dict[str, JsonValue] = {
            "code": code,
            "entry": entry,
            "arguments": dict(arguments),
            "output_bytes": limits.output_bytes,
        }
        assert self._job is not None, "a started worker is connected"
        try:
            self._job.write(framed(job))
            async with asyncio.timeout(limits.wall_s):
                # The runner holds the value to the limit; its frame has a few bytes around it.
                message = message_of(await self._inbox.frame(limits.output_bytes + 64 * 1024))
        except TimeoutError:
            why = "timeout"
        except ChannelClosed:
            why = "ended"
        except ChannelBroken as error:
            why = f"the code wrote to the channel of its result {error}"
        finally:
            elapsed_ms = (time.perf_counter() - began) * 1000
            if why == "ended":
                await self._wait(self._exited, 1.0)  # it says itself how
                why = "the code closed the channel of its result" if self.is_alive else why
            await self.end()
        if any(printed.is_flood for printed in self._printed):
            why, message = "flood", None
        out, err = (printed.text() for printed in self._printed)
        return Ended(message, out, err, elapsed_ms, why, self.exit_status)

    async def end(self) -> None:
        """Kill whatever is left of the sandbox and let go of its pipes; returns when its processes are gone.

        What it printed before is read to the end, unless somebody holds the pipe open.
        """
        if self.is_alive:
            self._kill()
        try:
            await self._wait(self._exited, END_S)
            for printed in self._printed:
                await self._wait(printed.is_over, 1.0 if self._pipes else 0)
        finally:
            for pipe in self._pipes:
                if not pipe.is_closing():
                    pipe.abort() if isinstance(pipe, asyncio.WriteTransport) else pipe.close()
            self._pipes.clear()
            self._forget()

    def _kill(self) -> None:
        """Kill bubblewrap and its child, which would wait for it for ever while the sandbox is being set up.

        A child that it forks at this very moment belongs to its group, which is killed as one; later it leaves that.
        """
        inner = []
        with contextlib.suppress(OSError):
            inner = [os.pidfd_open(child) for child in _children(self.pid)]
        with contextlib.suppress(ProcessLookupError):
            if self._process.poll() is None:  # until then the number is its own
                os.killpg(self.pid, signal.SIGKILL)
        for descriptor in inner:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            os.close(descriptor)

    def _reap(self) -> None:
        if self._process.poll() is not None:
            self._forget()
            self._exited.set()

    def _forget(self) -> None:
        if self._pidfd >= 0:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1

    async def _wait(self, event: asyncio.Event, limit_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await event.wait()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def _same(protocol: asyncio.Protocol) -> Callable[[], asyncio.Protocol]:
    return lambda: protocol


def _spawn(launch: Launch, ends: tuple[int, int, int, int]) -> subprocess.Popen[bytes]:
    """Start bubblewrap with the pipes' other ends. It dies with the thread that calls this."""
    job, result, out, err = ends
    with os.fdopen(os.memfd_create("seccomp"), "w+b") as filter_file:
        filter_file.write(launch.filter)
        filter_file.flush()
        filter_file.seek(0)
        command = (*launch.bwrap, "--seccomp", str(filter_file.fileno()), "--", *launch.program, str(result))
        return subprocess.Popen(
            command,
            stdin=job,
            stdout=out,
            stderr=err,
            pass_fds=(result, filter_file.fileno()),
            env=dict(launch.environment),
            cwd="/",
            start_new_session=True,
        )
