"""Finding out whether the two ports of a platform are free, before anything is started."""

import errno
import socket

from backend.embedded.errors import EmbeddedError, PortBusyError

LOOPBACK = "127.0.0.1"
EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


def is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise EmbeddedError(f"cannot listen on {host!r}: {error.strerror}; choose another --host") from error
    return True


def ports_require_free(host: str, port: int) -> None:
    """Raise PortBusyError, naming a free alternative, unless `port` and the inference server's `port + 1` are free."""
    if not 1 <= port <= 65534:
        raise EmbeddedError(f"--port {port!r} is out of range: choose one between 1 and 65534")
    busy = next((p for h, p in ((host, port), (LOOPBACK, port + 1)) if not is_free(h, p)), None)
    if busy is None:
        return
    what = "the web server" if busy == port else "the inference server (the web port + 1)"
    start = port + 2 if port < 60000 else 8000
    free = next((p for p in range(start, start + 1000, 2) if is_free(host, p) and is_free(LOOPBACK, p + 1)), None)
    hint = f"`./atelier up --port {free}` is free" if free else "choose another with --port"
    raise PortBusyError(f"port {busy} is busy, and {what} needs it: {hint}")
