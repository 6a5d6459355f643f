"""Shuts the process of an engine in: no network, no new rights, no core files, no life after its parent."""

import contextlib
import ctypes
import fcntl
import multiprocessing
import os
import resource
import signal
import socket
import struct
import sys
import threading
import time
from pathlib import Path

from inference.isolation import seccomp

NOT_CONFINED = "none"

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_SIOCSIFFLAGS, _IFF_UP, _IFF_RUNNING = 0x8914, 0x1, 0x40
_LOOK_S = 0.05
_OOM_SCORE = "500"  # short of memory, the kernel ends an engine, which restarts, before it ends the server


def confine(parent: int, *, has_workers: bool = False) -> str:
    """Confine this process, which must have one thread only; return what holds, or NOT_CONFINED.

    A kernel that allows neither a network namespace nor a filter does not stop the engine: model files are then
    as dangerous as in any other local server, and the caller says so. An engine that `has_workers` keeps the loopback
    interface of its own network, and no filter: it must start programs and connect to them.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")
    held = []
    with contextlib.suppress(OSError):
        _leave_network()
        held.append("network namespace")
        if has_workers:
            _raise_loopback()
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    # After the namespace: a change of credentials clears it.
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("The server that started this engine is gone.")
    if has_workers:
        return " + ".join(held) or NOT_CONFINED
    with contextlib.suppress(OSError):
        seccomp.install()
        held.append("seccomp")
    return " + ".join(held) or NOT_CONFINED


def end_with_starter() -> None:
    """End this process of multiprocessing when the one that started it ends.

    Unlike the kernel's signal, which comes when the thread that started it ends: engines start workers in threads.
    """

    def wait() -> None:
        while (starter := multiprocessing.parent_process()) is None:  # known once this module is imported
            time.sleep(_LOOK_S)
        starter.join()
        os._exit(1)

    threading.Thread(target=wait, name="end with starter", daemon=True).start()


def _raise_loopback() -> None:
    request = struct.pack("16sh14x", b"lo", _IFF_UP | _IFF_RUNNING)  # netdevice(7): struct ifreq
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)


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
