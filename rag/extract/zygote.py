"""Starts and keeps the small process that forks parsers, and runs one of them for whoever asks; for any thread."""

import atexit
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import rag
from rag.errors import ExtractionTimeoutError, ParserCrashedError
from rag.extract.child import Request
from rag.extract.lines import MAX_BYTES
from rag.extract.nursery import ENDED, STARTED

IDLE_S = 300.0
_SEND_S = 10.0
_KILL_S = 5.0
_READ_BYTES = 1 << 18
_TRIES = 3


class ZygoteEndedError(Exception):
    """Somebody ended the process that parsers come from, and they with it: the file is not to blame."""


class Zygote:
    """One process that forks a parser per request. It is started when it is first needed and again when it is gone."""

    def __init__(self, *, python_path: Sequence[Path] = (), idle_s: float = IDLE_S) -> None:
        self._python_path = python_path
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        _ALL.add(self)

    @property
    def pid(self) -> int | None:
        """The process, if it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @contextlib.contextmanager
    def parsing(self, request: Request, document: int) -> Iterator["Parsing"]:
        """Fork a process for the open file `document`; when the block ends, however it ends, that process has ended."""
        deadline = time.monotonic() + request.timeout_s
        for attempt in range(_TRIES):
            parsing = Parsing(request, deadline)
            try:
                control = self._send(request, document, parsing)
                parsing.wait_started()
                break
            except ZygoteEndedError:
                parsing.close()
                self._drop(control)
                if attempt == _TRIES - 1:
                    raise
            except BaseException:
                parsing.close()
                raise
        try:
            yield parsing
        finally:
            if not parsing.stop():
                self._drop(control)  # it does not react: with it go all its children
            parsing.close()

    def end(self) -> None:
        """End the process and what it has forked."""
        with self._lock:
            self._end()

    def _send(self, request: Request, document: int, parsing: "Parsing") -> socket.socket:
        message = json.dumps(asdict(request)).encode()
        for _ in range(_TRIES):
            with self._lock:
                control = self._control or self._start()
            try:
                socket.send_fds(control, [message], [parsing.output_there, parsing.report_there.fileno(), document])
            except OSError:  # it has just ended itself, after it had nothing to do for long
                self._drop(control)
                continue
            parsing.let_go()
            return control
        raise ParserCrashedError("the process that starts parsers does not start; try again")

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(_SEND_S)
        with theirs:
            command = [sys.executable, "-s", "-B", "-P", "-m", "rag.extract", str(theirs.fileno()), str(self._idle_s)]
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
                env=_environment(self._python_path),
                pass_fds=(theirs.fileno(),),
            )
        self._control = ours
        return ours

    def _drop(self, control: socket.socket) -> None:
        """End the process behind `control`, unless another thread was faster and there is a new one."""
        with self._lock:
            if self._control is control:
                self._end()

    def _end(self) -> None:
        process, control = self._process, self._control
        self._process = self._control = None
        if control is not None:
            control.close()
        if process is not None:
            process.kill()
            process.wait()

    def after_fork(self) -> None:
        """In a forked process: the zygote is the parent's, this one will start its own."""
        process, control = self._process, self._control
        self._lock, self._process, self._control = threading.Lock(), None, None
        if control is not None:
            control.close()
        if process is not None:
            process.returncode = 0  # or its destructor would miss a child that is not ours


class Parsing:
    """A process that reads one file, seen from outside: its output, its end, and the time it has."""

    def __init__(self, request: Request, deadline: float) -> None:
        self._request = request
        self._deadline = deadline
        self._output, self.output_there = os.pipe()
        self._report, self.report_there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        os.set_blocking(self._output, False)
        self._status: int | None = None
        self._is_started = False
        self._is_lost = False
        self._taken_bytes = 0

    def let_go(self) -> None:
        """Close the ends that are now the zygote's."""
        if self.output_there >= 0:
            os.close(self.output_there)
            self.output_there = -1
        self.report_there.close()

    def close(self) -> None:
        """Close our ends."""
        self.let_go()
        if self._output >= 0:
            os.close(self._output)
            self._output = -1
        self._report.close()

    def wait_started(self) -> None:
        """Wait until the process is forked; raises ZygoteEndedError where the zygote died over it."""
        while not self._is_started:
            if not self._poll([self._report.fileno()]):
                raise self._timeout()
            self._hear()
            if self._is_lost and not self._is_started:
                raise ZygoteEndedError("the process that starts parsers was ended; try again")

    def chunks(self) -> Iterator[bytes]:
        """Yield what it writes until it has ended; raises where it ended badly, or takes too long or says too much."""
        descriptors = [self._output, self._report.fileno()]
        while descriptors:
            ready = self._poll(descriptors)
            if not ready:
                raise self._timeout()
            if self._report.fileno() in ready:
                self._hear()
            if self._output in ready:
                chunk = os.read(self._output, _READ_BYTES)
                self._taken_bytes += len(chunk)
                if self._taken_bytes > MAX_BYTES:
                    raise ParserCrashedError("the parser wrote more than any document has; the document is broken")
                if chunk:
                    yield chunk
                    continue
                descriptors.remove(self._output)
            # A fork of this process may hold the pipe open: the end is the report's, once nothing is left to read.
            if self._has_ended() and not self._poll([self._output], wait=False):
                break
            if self._has_ended() and self._output not in descriptors:
                break
        self._raise_unless_well()

    def lines(self) -> Iterator[bytes | bytearray]:
        """Yield its lines; the last one is left out where the process died in the middle of it."""
        rest = bytearray()
        for chunk in self.chunks():
            rest += chunk
            if b"\n" in chunk:
                *whole, rest = rest.split(b"\n")
                yield from whole

    def stop(self) -> bool:
        """Have the process killed unless it has ended, and wait for that; False where the zygote does not answer."""
        if self._has_ended():
            return True
        with contextlib.suppress(OSError):
            self._report.shutdown(socket.SHUT_WR)
        self._deadline = time.monotonic() + _KILL_S
        while not self._has_ended():
            if not self._poll([self._report.fileno()]):
                return False
            self._hear()
        return True

    def _has_ended(self) -> bool:
        return self._status is not None or self._is_lost

    def _poll(self, descriptors: list[int], *, wait: bool = True) -> list[int]:
        poller = select.poll()
        for descriptor in descriptors:
            poller.register(descriptor, select.POLLIN)
        left = max(self._deadline - time.monotonic(), 0.0) if wait else 0.0
        return [descriptor for descriptor, _ in poller.poll(left * 1000)]

    def _hear(self) -> None:
        try:
            message = self._report.recv(64)
        except ConnectionError:
            message = b""
        if not message:
            self._is_lost = True
        elif message == STARTED:
            self._is_started = True
        elif message.startswith(ENDED):
            self._status = int(message.removeprefix(ENDED))

    def _raise_unless_well(self) -> None:
        if self._status is None:
            raise ZygoteEndedError("the process that starts parsers was ended; try again")
        code = os.waitstatus_to_exitcode(self._status)
        if code != 0:
            how = f"was ended by signal {-code}" if code < 0 else f"failed with status {code}"
            limit = self._request.memory_bytes >> 20
            raise ParserCrashedError(
                f"the parser {how}: the document is broken or needs more than {limit} MB; save it anew"
            )

    def _timeout(self) -> ExtractionTimeoutError:
        return ExtractionTimeoutError(
            f"reading took longer than {self._request.timeout_s:g} s and was stopped; split the document"
        )


def _environment(python_path: Sequence[Path]) -> dict[str, str]:
    # No secrets of the platform: only what Python needs to start and to find this package.
    path = (Path(next(iter(rag.__path__))).parent, *python_path)
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(str(entry) for entry in path),
        "PYTHONWARNINGS": "ignore",
        "MALLOC_ARENA_MAX": "1",
        # A process with threads cannot be forked safely, and a parser has one thread.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_THREAD_LIMIT": "1",
    }


_ALL: "weakref.WeakSet[Zygote]" = weakref.WeakSet()


def _after_fork() -> None:
    for zygote in list(_ALL):
        zygote.after_fork()


def _at_exit() -> None:
    for zygote in list(_ALL):
        zygote.end()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)

ZYGOTE = Zygote()
"""The one of this process."""
