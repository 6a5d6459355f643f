"""Two sketches that can be merged: a histogram of times with a bounded relative error, and a count of different things.

The histogram is that of DDSketch (Masson, Rim, Lee 2019): bucket `key` holds the times in (GAMMA^(key-1), GAMMA^key],
and the value that stands for them is at most `RELATIVE_ERROR` away from each. The count keeps the `KEPT_HASHES`
smallest hashes of 64 bits (k minimum values, Bar-Yossef et al. 2002): up to that many different things it is exact.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RELATIVE_ERROR = 0.0075
GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
SMALLEST_MS = 0.001
"""Shorter times count as this one; at the other end 16 bits reach beyond any run."""
KEPT_HASHES = 2048
_HASHES = 2.0**64


@dataclass(frozen=True, slots=True)
class Histogram:
    """Times by bucket, keys ascending."""

    keys: Sequence[int] | NDArray[np.int64] = ()
    counts: Sequence[int] | NDArray[np.int64] = ()


NO_TIMES = Histogram()


def bucket_of(time_ms: float) -> int:
    """Return the key of a time's bucket; `sql.py` says the same to PostgreSQL."""
    return math.ceil(math.log(max(time_ms, SMALLEST_MS)) / math.log(GAMMA))


def quantile(histogram: Histogram, share: float) -> float | None:
    """Return the smallest time that `share` of the times do not exceed, within `RELATIVE_ERROR`; None without times.

    It is PostgreSQL's `percentile_disc`: a time that was measured, not one between two.
    """
    seen = np.cumsum(histogram.counts)
    if not len(seen) or not seen[-1]:
        return None
    wanted = max(1, math.ceil(share * int(seen[-1]) - 1e-9))
    key = histogram.keys[int(np.searchsorted(seen, wanted))]
    return 2 * math.exp(int(key) * math.log(GAMMA)) / (GAMMA + 1)


@dataclass(frozen=True, slots=True)
class Distinct:
    """How many different things there were; `is_exact` unless there were more than are kept."""

    count: int
    is_exact: bool


def histogram_merged(keys: NDArray[np.int64], counts: NDArray[np.int64]) -> Histogram:
    """Return the histogram of all these buckets; a key may come several times, in any order."""
    if not len(keys):
        return NO_TIMES
    known, places = np.unique(keys, return_inverse=True)
    merged = np.zeros(len(known), np.int64)
    np.add.at(merged, places, counts)
    return Histogram(known, merged)


def hashes_merged(hashes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the smallest of all these hashes, each once, ascending."""
    # Sorting is several times as fast as `np.unique`, which hashes.
    ordered = np.sort(hashes)
    return ordered[np.diff(ordered, prepend=ordered[:1] - 1) != 0][:KEPT_HASHES]


def unpacked(sent: bytes | None, kind: str) -> NDArray[np.int64]:
    """Return the elements of arrays that PostgreSQL has sent (`merging.packed`): before each are 4 bytes of length."""
    return np.frombuffer(sent or b"", [("size", ">i4"), ("value", kind)])["value"].astype(np.int64)


def histogram_unpacked(keys: bytes | None, counts: bytes | None) -> Histogram:
    """Return the merged histogram of the arrays that PostgreSQL has sent: keys of 16 bits, counts of 64."""
    return histogram_merged(unpacked(keys, ">i2"), unpacked(counts, ">i8"))


def hashes_unpacked(sent: bytes | None) -> NDArray[np.int64]:
    """Return the merged hashes of the arrays that PostgreSQL has sent."""
    return hashes_merged(unpacked(sent, ">i8"))


def distinct_of(hashes: Sequence[int] | NDArray[np.int64]) -> Distinct:
    """Return the count that a sketch tells: its hashes as PostgreSQL's signed integers, ascending."""
    if len(hashes) < KEPT_HASHES:
        return Distinct(len(hashes), True)
    share = (float(hashes[KEPT_HASHES - 1]) + _HASHES / 2) / _HASHES
    return Distinct(round((KEPT_HASHES - 1) / share), False)
