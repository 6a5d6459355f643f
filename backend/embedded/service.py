"""What the supervisor has to know of one process: its command, when it may start, when it is ready, how it stops."""

import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

# Called with the process id; True once the process does its work.
Probe = Callable[[int], bool]


def always_ready(_pid: int) -> bool:
    """For a process without an address: that it runs is all that the supervisor can see."""
    return True


@dataclass(frozen=True)
class Service:
    """One supervised process.

    `tier` orders the stop: the highest goes first, a tier has gone before the next is asked to.
    A `task` runs to its end once and is not restarted; a service is restarted however it ends.
    """

    name: str
    command: tuple[str, ...]
    after: frozenset[str] = frozenset()
    is_ready: Probe = always_ready
    kind: Literal["service", "task"] = "service"
    tier: int = 0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 5.0
    death_signal: signal.Signals = signal.SIGKILL
    user: str | None = None
    url: str = ""


def http_answers(host: str, port: int, path: str, *, needs_ok: bool = True) -> Probe:
    """A probe that asks for `path`, without the HTTP client's memory."""

    def probe(_pid: int) -> bool:
        try:
            with socket.create_connection((host, port), timeout=1) as connection:
                connection.sendall(f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode())
                status = connection.recv(64)
        except OSError:
            return False
        return b" 200 " in status if needs_ok else status.startswith(b"HTTP/")

    return probe
