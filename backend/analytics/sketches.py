"""Two sketches that can be merged: a histogram of times with a bounded relative error, and a count of different things.

The histogram is that of DDSketch (Masson, Rim, Lee 2019): bucket `key` holds the times in (GAMMA^(key-1), GAMMA^key],
and the value that stands for them is at most `RELATIVE_ERROR` away from each. The count keeps the `KEPT_HASHES`
smallest hashes of 64 bits (k minimum values, Bar-Yossef et al. 2002): up to that many different things it is exact.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

RELATIVE_ERROR = 0.0075
GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
SMALLEST_MS = 0.001
"""Shorter times count as this one; at the other end 16 bits reach beyond any run."""
KEPT_HASHES = 2048
_HASHES = 2.0**64


@dataclass(frozen=True, slots=True)
class Histogram:
    """Times by bucket, keys ascending."""

    keys: Sequence[int] = ()
    counts: Sequence[int] = ()

    @property
    def total(self) -> int:
        return sum(self.counts)


NO_TIMES = Histogram()


def bucket_of(time_ms: float) -> int:
    """Return the key of a time's bucket; `sql.py` says the same to PostgreSQL."""
    return math.ceil(math.log(max(time_ms, SMALLEST_MS)) / math.log(GAMMA))


def quantile(histogram: Histogram, share: float) -> float | None:
    """Return the smallest time that `share` of the times do not exceed, within `RELATIVE_ERROR`; None without times.

    It is PostgreSQL's `percentile_disc`: a time that was measured, not one between two.
    """
    total = histogram.total
    if not total:
        return None
    wanted, seen = max(1, math.ceil(share * total - 1e-9)), 0
    for key, count in zip(histogram.keys, histogram.counts, strict=True):
        seen += count
        if seen >= wanted:
            return 2 * math.exp(key * math.log(GAMMA)) / (GAMMA + 1)
    raise AssertionError("the counts of a histogram sum up to its total")


@dataclass(frozen=True, slots=True)
class Distinct:
    """How many different things there were; `is_exact` unless there were more than are kept."""

    count: int
    is_exact: bool


def distinct_of(hashes: Sequence[int]) -> Distinct:
    """Return the count that a sketch tells: its hashes as PostgreSQL's signed integers, ascending."""
    if len(hashes) < KEPT_HASHES:
        return Distinct(len(hashes), True)
    share = (hashes[KEPT_HASHES - 1] + _HASHES / 2) / _HASHES
    return Distinct(round((KEPT_HASHES - 1) / share), False)
