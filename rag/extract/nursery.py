"""The zygote: a small process that has imported the parsers and forks one process for every file.

Requests come as messages at a socket, each with three open files: where lines go, where the end is reported, and
the document. The zygote itself never reads a document; it ends with its owner, or after some time without work.
"""

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket

from rag.errors import UnsupportedFormatError
from rag.extract.child import Request, work
from rag.extract.confine import die_with_parent, leave_network
from rag.extract.registry import format_named

# Most formats are XML in some package: this is there from the start, what `Format.imports` names from its first use on.
_COMMON_IMPORTS = ("lxml.etree",)
MAX_REQUEST_BYTES = 1 << 16
STARTED, ENDED = b"started", b"ended "


class Nursery:
    """The processes that are reading, each with the socket at which its end is awaited."""

    def __init__(self, control: socket.socket, idle_s: float) -> None:
        self._control = control
        self._idle_s = idle_s
        self._reports: dict[int, socket.socket] = {}
        self._warm: set[str] = set()
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        self._woken, waking = socket.socketpair()
        self._woken.setblocking(False)
        waking.setblocking(False)
        self._waking = waking
        self._selector.register(self._woken, selectors.EVENT_READ)
        signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        """Fork, kill and report until the owner is gone or has wanted nothing for long."""
        while True:
            events = self._selector.select(None if self._reports else self._idle_s)
            if not events and not self._reports:
                return
            for key, _ in events:
                if key.fileobj is self._control:
                    if not self._take_request():
                        return
                elif key.fileobj is self._woken:
                    with contextlib.suppress(BlockingIOError):
                        self._woken.recv(4096)
                else:
                    # Nothing is ever said here: it was closed by whoever no longer waits.
                    self._selector.unregister(key.fileobj)
                    os.kill(key.data, signal.SIGKILL)
            self._reap()

    def end(self) -> None:
        """Kill whoever still reads."""
        for pid in self._reports:
            os.kill(pid, signal.SIGKILL)

    def _take_request(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._control, MAX_REQUEST_BYTES, 3)
        if not message:
            return False
        output, reporting, document = descriptors
        report = socket.socket(fileno=reporting)
        request = Request(**json.loads(message))
        self._warm_up(request.format_name)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._be_child(parent, request, document, output)
        os.close(output)
        os.close(document)
        self._reports[pid] = report
        self._selector.register(report, selectors.EVENT_READ, pid)
        with contextlib.suppress(OSError):
            report.send(STARTED)
        return True

    def _be_child(self, parent: int, request: Request, document: int, output: int) -> None:
        status = 1
        try:
            die_with_parent(parent)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            work(request, document, output)
            status = 0
        finally:
            os._exit(status)

    def _reap(self) -> None:
        for pid, report in list(self._reports.items()):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found != pid:
                continue
            del self._reports[pid]
            with contextlib.suppress(KeyError):
                self._selector.unregister(report)
            with contextlib.suppress(OSError):
                report.send(ENDED + str(status).encode("ascii"))
            report.close()

    def _warm_up(self, format_name: str) -> None:
        """Import what the format's parser needs; every process forked from now on has it."""
        if not format_name or format_name in self._warm:
            return
        self._warm.add(format_name)
        with contextlib.suppress(UnsupportedFormatError):  # the child says so
            for module in format_named(format_name).imports:
                with contextlib.suppress(ImportError):
                    importlib.import_module(module)
        # What is there now is for ever: processes that collect garbage leave its pages shared.
        gc.collect()
        gc.freeze()


def main(arguments: list[str]) -> None:
    """Serve the inherited socket, whose number comes first, for so many idle seconds, which come second."""
    descriptor, idle_s = int(arguments[0]), float(arguments[1])
    # Ctrl-C goes to the whole group of processes: the owner decides when a parser ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    leave_network()
    for module in _COMMON_IMPORTS:
        importlib.import_module(module)
    with socket.socket(fileno=descriptor) as control:
        nursery = Nursery(control, idle_s)
        try:
            nursery.serve()
        finally:
            nursery.end()
