"""How many threads a step takes, decided at every step: other processes want the cores too."""

import os
import time
from collections.abc import Callable
from pathlib import Path

_FEW_ROWS = 7  # up to here what a second thread gains depends on model and machine
_TRY_EVERY = 64
_MUCH = 1.5
_SMOOTHING = 0.2
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_STAT = Path("/proc/stat")
_BUSY_FIELDS = (1, 2, 3, 6, 7, 8)  # user, nice, system, irq, softirq, steal
_WINDOW_S = 0.1  # the kernel counts in hundredths of a second
_QUIET_CORES = 0.3
_TAKEN_CORES = 0.6  # below this, neighbours come and go too shortly to hold up a step


def cores_available() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine_busy_s() -> float:
    """Return the seconds that all cores have worked since the machine started; 0 where that is unknown."""
    try:
        fields = _STAT.read_text().split("\n", 1)[0].split()
        return sum(int(fields[index]) for index in _BUSY_FIELDS) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return 0.0


class Neighbours:
    """Measures how many cores other processes kept busy lately.

    An average over the last `_WINDOW_S` or more: somebody who runs for a millisecond as a step starts costs that
    millisecond, but somebody who stays holds up every layer of the step.
    """

    def __init__(
        self,
        *,
        machine: Callable[[], float] = machine_busy_s,
        own: Callable[[], float] = time.process_time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._machine, self._own, self._clock = machine, own, clock
        self._last = (clock(), machine(), own())
        self._cores = 0.0

    def busy_cores(self) -> float:
        """Return the cores that others used on average since the measurement before."""
        now = self._clock()
        at, machine, own = self._last
        if now - at >= _WINDOW_S:
            self._last = (now, self._machine(), self._own())
            others_s = (self._last[1] - machine) - (self._last[2] - own)
            self._cores = max(0.0, others_s / (now - at))
        return self._cores


class ThreadChooser:
    """Chooses how many threads a step takes: one, or as many as there are cores that nobody else uses.

    All threads of a step wait for the slowest at every layer, so on a core that another process uses they take up to
    ten times as long as one thread. Two signs make us step down: others kept cores busy lately, or a step on several
    threads cost much more than steps of its size do; after the second we keep away for a while, longer each time it
    happens again. Prompts always gain from more threads; for a few rows both ways are measured and the cheaper one is
    taken, the other tried again from time to time while the machine is quiet.
    """

    def __init__(
        self,
        cores: int,
        *,
        others: Callable[[], float] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cores = cores
        self._others = others or Neighbours(clock=clock).busy_cores
        self._clock = clock
        self._costs: dict[tuple[int, int], float] = {}  # (size class, threads) -> seconds per row
        self._choices: dict[int, int] = {}  # size class -> how often it was chosen for
        self._avoid_until = 0.0
        self._pause_s = _FIRST_PAUSE_S

    def choose(self, rows: int) -> int:
        """Return the number of threads for a step of `rows` tokens."""
        if self._cores == 1 or self._clock() < self._avoid_until:
            return 1
        others = self._others()
        most = max(1, self._cores - int(others + 1 - _TAKEN_CORES))
        if most == 1 or rows > _FEW_ROWS:
            return most
        return self._measured(_size_class(rows), most, may_try=others < _QUIET_CORES)

    def record(self, rows: int, threads: int, seconds: float) -> None:
        """Take in what a step of `rows` tokens cost on `threads` threads."""
        size, cost = _size_class(rows), seconds / rows
        usual, single = self._costs.get((size, threads)), self._costs.get((size, 1))
        self._costs[size, threads] = cost if usual is None else usual + _SMOOTHING * (cost - usual)
        if threads == 1:
            return
        limits = [limit for limit in (usual, single) if limit is not None]
        if limits and cost > _MUCH * min(limits):
            self._avoid_until = self._clock() + self._pause_s
            self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
        else:
            self._pause_s = _FIRST_PAUSE_S

    def _measured(self, size: int, most: int, *, may_try: bool) -> int:
        single, several = self._costs.get((size, 1)), self._costs.get((size, most))
        if single is None or several is None:
            return 1 if single is None or not may_try else most
        best, other = (1, most) if single <= several else (most, 1)
        count = self._choices[size] = self._choices.get(size, 0) + 1
        return other if may_try and count % _TRY_EVERY == 0 else best


def _size_class(rows: int) -> int:
    return rows.bit_length()
