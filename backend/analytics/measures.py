"""What is measured: each metric's name, unit, and how it is read from sums."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backend.analytics.sketches import NO_TIMES, Histogram, distinct_of, hashes_merged, histogram_merged, quantile

Unit = Literal["count", "tokens", "usd", "ratio", "ms", "tokens_per_s"]
Part = Literal["ttft", "elapsed", "users", "conversations"]
"""What is more than a sum, and is read only where a metric needs it."""


@dataclass(frozen=True, slots=True)
class Sums:
    """The merged rows of one bucket or value."""

    runs: int = 0
    errors: int = 0
    likes: int = 0
    dislikes: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    cancelled: int = 0
    cached_tokens: int = 0
    speed_tokens: int = 0
    speed_us: int = 0
    retrievals: int = 0
    empty_retrievals: int = 0
    passages: int = 0
    cached_nodes: int = 0
    ttft: Histogram = NO_TIMES
    elapsed: Histogram = NO_TIMES
    users: NDArray[np.int64] | tuple[()] = ()
    conversations: NDArray[np.int64] | tuple[()] = ()


PARTS: tuple[Part, ...] = ("ttft", "elapsed", "users", "conversations")
SUMMED = tuple(item.name for item in fields(Sums) if item.name not in PARTS)
OF_EVENTS = frozenset(("cached_tokens", "cached_nodes", "retrievals", "empty_retrievals", "passages"))
"""What the events of runs tell: to read them takes most of the time of counting runs."""
IN_END_USERS = ("runs", "errors", "likes", "dislikes", "prompt_tokens", "completion_tokens", "cost")
NOTHING = Sums()


def sums_merged(rows: Sequence[Sums]) -> Sums:
    """Return the sums of all rows together."""
    if not rows:
        return NOTHING
    given: dict[str, object] = {name: sum(getattr(row, name) for row in rows) for name in SUMMED}
    given["cost"] = math.fsum(row.cost for row in rows)
    for part in PARTS:
        sketches = [getattr(row, part) for row in rows]
        if part in ("ttft", "elapsed"):
            keys, counts = ([getattr(item, name) for item in sketches] for name in ("keys", "counts"))
            given[part] = histogram_merged(_joined(keys), _joined(counts))
        else:
            given[part] = hashes_merged(_joined(sketches))
    return Sums(**given)


def _joined(arrays: Sequence[ArrayLike]) -> NDArray[np.int64]:
    return np.concatenate([np.asarray(array, np.int64) for array in arrays])


@dataclass(frozen=True, slots=True)
class Metric:
    """One number over runs. `narrows` are the filters of the list of runs that show what it counts."""

    name: str
    unit: Unit
    read: Callable[[Sums], float | None]
    part: Part | None = None
    of_events: bool = False
    narrows: Mapping[str, str] | None = None


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _percentile(part: Literal["ttft", "elapsed"], share: float) -> Callable[[Sums], float | None]:
    def read(sums: Sums) -> float | None:
        return quantile(sums.ttft if part == "ttft" else sums.elapsed, share)

    return read


_FAILED = {"status": "failed"}
_TIMES = tuple(
    Metric(f"{name}_p{share}", "ms", _percentile(part, share / 100), part)
    for name, part in (("ttft", "ttft"), ("time", "elapsed"))
    for share in (50, 95, 99)
)
ALL: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("runs", "count", lambda sums: sums.runs),
        Metric("conversations", "count", lambda sums: distinct_of(sums.conversations).count, "conversations"),
        Metric("users", "count", lambda sums: distinct_of(sums.users).count, "users"),
        Metric("tokens", "tokens", lambda sums: sums.prompt_tokens + sums.completion_tokens),
        Metric("prompt_tokens", "tokens", lambda sums: sums.prompt_tokens),
        Metric("completion_tokens", "tokens", lambda sums: sums.completion_tokens),
        Metric("cached_tokens", "tokens", lambda sums: sums.cached_tokens, of_events=True),
        Metric("cost", "usd", lambda sums: sums.cost),
        Metric("errors", "count", lambda sums: sums.errors, narrows=_FAILED),
        Metric("error_rate", "ratio", lambda sums: _ratio(sums.errors, sums.runs), narrows=_FAILED),
        Metric("cancelled", "count", lambda sums: sums.cancelled, narrows={"status": "cancelled"}),
        Metric("likes", "count", lambda sums: sums.likes, narrows={"feedback": "like"}),
        Metric("dislikes", "count", lambda sums: sums.dislikes, narrows={"feedback": "dislike"}),
        Metric(
            "satisfaction",
            "ratio",
            lambda sums: _ratio(sums.likes, sums.likes + sums.dislikes),
            narrows={"feedback": "any"},
        ),
        *_TIMES,
        Metric("tokens_per_second", "tokens_per_s", lambda sums: _ratio(1e6 * sums.speed_tokens, sums.speed_us)),
        Metric("retrievals", "count", lambda sums: sums.retrievals, of_events=True),
        Metric("empty_retrievals", "count", lambda sums: sums.empty_retrievals, of_events=True),
        Metric(
            "empty_retrieval_rate", "ratio", lambda sums: _ratio(sums.empty_retrievals, sums.retrievals), of_events=True
        ),
        Metric("passages_per_retrieval", "count", lambda sums: _ratio(sums.passages, sums.retrievals), of_events=True),
        Metric(
            "prompt_cache_rate", "ratio", lambda sums: _ratio(sums.cached_tokens, sums.prompt_tokens), of_events=True
        ),
        Metric("cached_nodes", "count", lambda sums: sums.cached_nodes, of_events=True),
    )
}
