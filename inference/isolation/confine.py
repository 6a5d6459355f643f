"""Shuts the process of an engine in: no network, no new rights, no core files, no life after its parent."""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

from inference.isolation import seccomp

NOT_CONFINED = "none"

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_OOM_SCORE = "500"  # short of memory, the kernel ends an engine, which restarts, before it ends the server


def confine(parent: int) -> str:
    """Confine this process, which must have one thread only; return what holds, or NOT_CONFINED.

    A kernel that allows neither a network namespace nor a filter does not stop the engine: model files are then
    as dangerous as in any other local server, and the caller says so.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")
    held = []
    with contextlib.suppress(OSError):
        _leave_network()
        held.append("network namespace")
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    # After the namespace: a change of credentials clears it.
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("The server that started this engine is gone.")
    with contextlib.suppress(OSError):
        seccomp.install()
        held.append("seccomp")
    return " + ".join(held) or NOT_CONFINED


def _leave_network() -> None:
    """Move into an empty network: with the right to do so directly, else by way of a user namespace."""
    uid, gid = os.geteuid(), os.getegid()
    try:
        _unshare(_CLONE_NEWNET)
    except OSError:
        _unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
        # Keep our own ids, so that files still belong to us.
        for name, line in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with contextlib.suppress(OSError):
                Path(f"/proc/self/{name}").write_text(line, encoding="ascii")


def _unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare is not permitted")


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option} failed")
