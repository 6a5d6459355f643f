"""How many threads a step takes: learned from measured step times, because other processes want the cores too."""

_SMALL_ROWS = 4
_SMOOTHING = 0.2
_FIRST_PROBE_STEPS = 32
_LONGEST_PROBE_STEPS = 2048
_WORTH = 0.92  # the other setting must be at least this much cheaper to be taken


class ThreadChooser:
    """Chooses between one thread and all of them, apart for each size of batch.

    All threads wait for the slowest at every layer, so one busy neighbour makes many threads slower than one.
    The chooser keeps the cost per row of both settings and tries the other one ever more rarely while it loses.
    """

    def __init__(self, cores: int) -> None:
        self._options = (1, max(1, cores))
        self._buckets: dict[int, _Bucket] = {}

    def choose(self, rows: int) -> int:
        """Return the number of threads for a step of `rows` tokens."""
        if self._options[0] == self._options[1]:
            return 1
        return self._options[self._bucket(rows).next()]

    def record(self, rows: int, threads: int, seconds: float) -> None:
        """Take in what a step of `rows` tokens cost on `threads` threads."""
        if self._options[0] != self._options[1]:
            self._bucket(rows).record(self._options.index(threads), seconds / rows)

    def _bucket(self, rows: int) -> "_Bucket":
        key = (rows - 1).bit_length()
        return self._buckets.setdefault(key, _Bucket(preferred=0 if rows <= _SMALL_ROWS else 1))


class _Bucket:
    """Two running costs and the countdown to the next try of the option that is not preferred."""

    def __init__(self, preferred: int) -> None:
        self._preferred = preferred
        self._cost: list[float | None] = [None, None]
        self._until_probe = self._probe_gap = _FIRST_PROBE_STEPS

    def next(self) -> int:
        self._until_probe -= 1
        return 1 - self._preferred if self._until_probe <= 0 else self._preferred

    def record(self, option: int, cost: float) -> None:
        before = self._cost[option]
        self._cost[option] = cost if before is None else before + _SMOOTHING * (cost - before)
        if option == self._preferred:
            return
        here = self._cost[self._preferred]
        if here is not None and cost < here * _WORTH:
            self._preferred, self._probe_gap = option, _FIRST_PROBE_STEPS
        else:
            self._probe_gap = min(self._probe_gap * 2, _LONGEST_PROBE_STEPS)
        self._until_probe = self._probe_gap
