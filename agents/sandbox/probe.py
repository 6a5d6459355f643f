"""Code that is run in the sandbox before any of a user's: it tries what must not work, and says what held."""

import ctypes
import os
import socket
import tempfile
import threading
from collections.abc import Callable

_CLONE_NEWUSER, _PTRACE_TRACEME = 0x10000000, 0
_SEEN = {"usr", "bin", "lib", "lib32", "lib64", "proc", "dev", "run", "box", "tmp"}
_READ_ONLY = ("/", "/usr", "/dev", "/dev/shm", "/run")  # noqa: S108  # nothing is put there
_TOO_MANY = 200


def main(
    own_folders: list[str], forbidden: list[str], file_bytes: int, memory_bytes: int, tasks: int
) -> dict[str, bool]:
    """Return by name whether each guard held."""
    libc = ctypes.CDLL(None, use_errno=True)
    status = dict(line.split(":\t", 1) for line in _read("/proc/self/status").splitlines() if ":\t" in line)
    return {
        "network: sockets": _refused(socket.socket),
        "network: interfaces": [line.split(":")[0].strip() for line in _read("/proc/net/dev").splitlines()[2:]]
        == ["lo"],
        "files: what is seen": set(os.listdir("/")) <= _SEEN | set(own_folders),
        "files: of the host": not any(os.path.exists(path) and os.listdir(path) for path in forbidden),
        "files: nothing to write but the box": all(_cannot_write(path) for path in _READ_ONLY),
        "files: their size": _refused(lambda: _write(file_bytes + 1)),
        "environment": not [name for name in os.environ if name.startswith(("ATELIER", "DATABASE", "REDIS"))],
        "processes: those of the host": len([name for name in os.listdir("/proc") if name.isdigit()]) <= 3,
        "processes: fork": _refused(_fork),
        "processes: threads": _threads() <= tasks,
        "kernel: nested user namespace": libc.unshare(_CLONE_NEWUSER) == -1,
        "kernel: ptrace": libc.ptrace(_PTRACE_TRACEME, 0, 0, 0) == -1,
        "kernel: mount": libc.mount(b"none", b"/box", b"tmpfs", 0, None) == -1,
        "privileges: user": os.getuid() != 0 and os.geteuid() != 0,
        "privileges: capabilities": all(
            int(status[name], 16) == 0 for name in ("CapInh", "CapPrm", "CapEff", "CapBnd")
        ),
        "privileges: none to gain": status["NoNewPrivs"] == "1",
        "kernel: system-call filter": status["Seccomp"] == "2",
        "memory": _refused(lambda: bytearray(memory_bytes)),
    }


def _read(path: str) -> str:
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read()


def _refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (OSError, MemoryError):
        return True
    return False


def _cannot_write(folder: str) -> bool:
    return _refused(lambda: tempfile.TemporaryFile(dir=folder).close())


def _write(size: int) -> None:
    with tempfile.TemporaryFile(dir="/box") as file:
        file.write(bytes(size))
        file.flush()


def _fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _threads() -> int:
    """Return how many threads could be started at once."""
    over = threading.Event()
    threading.stack_size(1 << 16)  # so that it is not the memory that ends
    started: list[threading.Thread] = []
    try:
        for _ in range(_TOO_MANY):
            thread = threading.Thread(target=over.wait)
            thread.start()
            started.append(thread)
    except RuntimeError:
        return len(started)
    finally:
        over.set()
        for thread in started:
            thread.join()
    return _TOO_MANY
