"""Shuts in the processes that read strangers' files: what they may take, open and reach.

The zygote confines itself once (`leave_network`), and each process that it forks confines itself before it reads.
"""

import contextlib
import ctypes
import os
import resource
import signal
from pathlib import Path

from rag.extract import landlock, seccomp

MAX_OPEN_FILES = 64

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_OOM_SCORE = "1000"  # short of memory, the kernel ends a parser before anything else


def leave_network() -> None:
    """Give up new rights for ever and move into an empty network where the kernel lets us."""
    uid, gid = os.geteuid(), os.getegid()
    with contextlib.suppress(OSError):
        try:
            _unshare(_CLONE_NEWNET)
        except OSError:
            _unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
            # Keep our own ids, so that files still belong to us.
            for name, line in (
                ("setgroups", b"deny"),
                ("uid_map", b"%d %d 1" % (uid, uid)),
                ("gid_map", b"%d %d 1" % (gid, gid)),
            ):
                with contextlib.suppress(OSError):
                    Path(f"/proc/self/{name}").write_bytes(line)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def confine(*, document: int | None, memory_bytes: int, cpu_s: int, may_start_a_program: bool = False) -> None:
    """Confine this process, which has one thread and has called `leave_network` or was forked by one that did.

    It may take `memory_bytes` beyond what it has mapped already. A kernel without Landlock or system-call filters does
    not stop it: the limits hold everywhere.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")
    _limit(memory_bytes=memory_bytes, cpu_s=cpu_s)
    with contextlib.suppress(OSError):
        landlock.restrict(landlock.readable_paths(), document=document, may_execute=may_start_a_program)
    with contextlib.suppress(OSError):
        seccomp.install(may_start_a_program=may_start_a_program)


def die_with_parent(parent: int) -> None:
    """End this process when its parent ends. Works where the parent forks in its only thread: the kernel goes by it."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _limit(*, memory_bytes: int, cpu_s: int) -> None:
    address_space = _mapped_bytes() + memory_bytes
    for kind, limit in (
        (resource.RLIMIT_AS, address_space),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, MAX_OPEN_FILES),
        # Counts all processes of the user: with 0 there can be no further one. Root is above it; the filter is not.
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(kind, (limit, limit))


def _mapped_bytes() -> int:
    with contextlib.suppress(OSError):
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    return 0


def _unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare is not permitted")


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option} failed")
