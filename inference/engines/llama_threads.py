"""How many threads a step takes, decided at every step: other processes want the cores too."""

import os
import time
from collections.abc import Callable
from pathlib import Path

_SMALL_ROWS = 4  # decoding a few sequences gains little from a second thread
_SMOOTHING = 0.2
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_LOADAVG = Path("/proc/loadavg")


def cores_available() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def others_running() -> int:
    """Return how many other threads of the machine run or want to run right now; 0 where that is unknown."""
    try:
        running = _LOADAVG.read_text().split()[3].partition("/")[0]
    except (OSError, IndexError):
        return 0
    return max(0, int(running) - 1)


class ThreadChooser:
    """Chooses between one thread and all cores.

    All threads of a step wait for the slowest at every layer, so on a core that another process uses they take up to
    ten times as long as one thread. Two signs make us step down: somebody else is running as the step starts, or a
    step on all cores cost more per row than steps of its size do on one thread; after the second we keep away for a
    while, longer each time it happens again.
    """

    def __init__(
        self,
        cores: int,
        *,
        others: Callable[[], int] = others_running,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cores = cores
        self._others = others
        self._clock = clock
        self._single: dict[int, float] = {}  # size class -> seconds per row on one thread
        self._avoid_until = 0.0
        self._pause_s = _FIRST_PAUSE_S

    def choose(self, rows: int) -> int:
        """Return the number of threads for a step of `rows` tokens."""
        if self._cores == 1 or rows <= _SMALL_ROWS or self._clock() < self._avoid_until:
            return 1
        return self._cores if self._others() == 0 else 1

    def record(self, rows: int, threads: int, seconds: float) -> None:
        """Take in what a step of `rows` tokens cost on `threads` threads."""
        size, cost = rows.bit_length(), seconds / rows
        known = self._single.get(size)
        if threads == 1:
            self._single[size] = cost if known is None else known + _SMOOTHING * (cost - known)
        elif known is not None and cost > known:
            self._avoid_until = self._clock() + self._pause_s
            self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
        else:
            self._pause_s = _FIRST_PAUSE_S
