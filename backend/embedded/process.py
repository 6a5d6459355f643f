"""Processes as the kernel shows them: identity, family, memory, and dying together with a parent."""

import contextlib
import ctypes
import os
import pwd
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Identity:
    """A process id with its start time, so that a reused id is not taken for the same process."""

    pid: int
    started_ticks: int


def die_with_parent(death_signal: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel to signal this process when its parent ends, however that happens.

    The kernel forgets the wish at fork, so a program that forks workers calls this in each of them.
    """
    _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)


def dying_with(parent_pid: int, death_signal: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` that ties the child to `parent_pid`, also when the parent ended before the child asked."""

    def tie() -> None:
        die_with_parent(death_signal)
        if os.getppid() != parent_pid:
            os._exit(1)

    return tie


def primary_group(user: str | None) -> int | None:
    """The group of a user that a child is to become; None where it stays who we are."""
    return None if user is None else pwd.getpwnam(user).pw_gid


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ended, so that none can be lost."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _stat_fields(pid: int) -> list[str] | None:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            text = stream.read()
    except OSError:
        return None
    # The name stands in parentheses and may hold anything: the fields follow the last of them.
    return text[text.rindex(")") + 2 :].split()


def identity(pid: int) -> Identity | None:
    """Who has this process id now; None when nobody has, or only a zombie waits to be collected."""
    fields = _stat_fields(pid)
    if fields is None or fields[0] == "Z":
        return None
    return Identity(pid, int(fields[19]))


def is_alive(who: Identity) -> bool:
    return identity(who.pid) == who


def parents() -> dict[int, int]:
    """Every process id of the machine with its parent's."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := _stat_fields(int(name))) is not None:
            found[int(name)] = int(fields[1])
    return found


def descendants(pid: int, parent_of: dict[int, int] | None = None) -> list[int]:
    """The ids of all processes below `pid`, without itself."""
    children: dict[int, list[int]] = {}
    for child, parent in (parents() if parent_of is None else parent_of).items():
        children.setdefault(parent, []).append(child)
    found: list[int] = []
    pending = [pid]
    while pending:
        below = children.get(pending.pop(), [])
        found += below
        pending += below
    return found


def memory_bytes(pids: Iterable[int]) -> int:
    """The proportional set size of the processes together; those that are gone count nothing."""
    total_kb = 0
    for pid in pids:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as stream:
            total_kb += next((int(line.split()[1]) for line in stream if line.startswith("Pss:")), 0)
    return total_kb * 1024


def wait_gone(processes: Iterable[Identity], timeout_s: float) -> list[Identity]:
    """Wait until the processes have ended; returns those that have not."""
    deadline = time.monotonic() + timeout_s
    left = [who for who in processes if is_alive(who)]
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = [who for who in left if is_alive(who)]
    return left


def end_processes(processes: Iterable[Identity], patience_s: float) -> list[Identity]:
    """Wait, then kill what is left; returns what could not be killed."""
    left = wait_gone(processes, patience_s)
    for who in left:
        if is_alive(who):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(who.pid, signal.SIGKILL)
    return wait_gone(left, 5)
