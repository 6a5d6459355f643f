"""Sketches are as near to the truth as they promise, merged or not."""

import math
import random
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.analytics.sketches import (
    KEPT_HASHES,
    NO_TIMES,
    RELATIVE_ERROR,
    SMALLEST_MS,
    Histogram,
    bucket_of,
    distinct_of,
    quantile,
)

TIMES = st.lists(st.floats(SMALLEST_MS, 1e8), min_size=1, max_size=60)
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SHARES = st.sampled_from((0.01, 0.5, 0.95, 0.99, 1.0))


def histogram_of(times: list[float]) -> Histogram:
    counts = Counter(map(bucket_of, times))
    return Histogram(sorted(counts), [counts[key] for key in sorted(counts)])


def exact(times: list[float], share: float) -> float:
    return sorted(times)[max(1, math.ceil(share * len(times) - 1e-9)) - 1]


@UNHURRIED
@given(TIMES, SHARES)
def test_a_percentile_is_within_its_error_of_the_exact_one(times: list[float], share: float) -> None:
    found = quantile(histogram_of(times), share)
    assert found is not None
    assert abs(found / exact(times, share) - 1) <= RELATIVE_ERROR + 1e-9


@UNHURRIED
@given(TIMES, TIMES, SHARES)
def test_merged_histograms_tell_what_one_of_all_would(some: list[float], others: list[float], share: float) -> None:
    both = Counter(dict(zip(*_pairs(some), strict=True))) + Counter(dict(zip(*_pairs(others), strict=True)))
    merged = Histogram(sorted(both), [both[key] for key in sorted(both)])
    assert quantile(merged, share) == quantile(histogram_of(some + others), share)


def _pairs(times: list[float]) -> tuple[list[int], list[int]]:
    found = histogram_of(times)
    return list(found.keys), list(found.counts)


def test_without_times_there_is_no_percentile() -> None:
    assert quantile(NO_TIMES, 0.5) is None


def test_what_is_shorter_than_the_smallest_time_counts_as_that() -> None:
    found = quantile(histogram_of([0.0]), 0.5)
    assert found is not None
    assert abs(found / SMALLEST_MS - 1) <= RELATIVE_ERROR


def test_few_different_things_are_counted_exactly_and_many_nearly() -> None:
    draw = random.Random(7)
    hashes = sorted(draw.getrandbits(64) - 2**63 for _ in range(50_000))
    few = distinct_of(hashes[: KEPT_HASHES - 1])
    assert (few.count, few.is_exact) == (KEPT_HASHES - 1, True)
    many = distinct_of(hashes[:KEPT_HASHES])
    assert not many.is_exact
    assert abs(many.count / 50_000 - 1) < 4 / math.sqrt(KEPT_HASHES)
