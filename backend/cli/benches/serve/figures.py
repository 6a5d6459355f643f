"""The figures of a bench: percentiles, gaps and rates of what one request saw. Pure; times are seconds."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """One request as its client saw it; `arrivals` are the moments at which pieces of the answer came.

    All moments are of one monotonic clock. A request that failed has a `status` other than 200, or 0 when the
    connection broke; `retry_after_s` is what a refusal said.
    """

    sent_at: float
    ended_at: float
    status: int
    arrivals: tuple[float, ...] = ()
    tokens: int = 0
    prompt_tokens: int = 0
    finish_reason: str = ""
    retry_after_s: float | None = None
    error: str = ""
    # What the answer says; the JSON of tool calls stands in `calls` as (name, arguments).
    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()

    @property
    def is_whole(self) -> bool:
        return self.status == 200 and bool(self.finish_reason)

    @property
    def first_s(self) -> float:
        """Time to first token; infinite when there was none."""
        return self.arrivals[0] - self.sent_at if self.arrivals else math.inf

    @property
    def elapsed_s(self) -> float:
        return self.ended_at - self.sent_at


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed (nearest rank); 0 < share <= 1, at least one value."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def rate(timings: Sequence[Timing]) -> float:
    """Generated tokens per second, from the first request to the last token of all of them."""
    arrivals = [timing.arrivals[-1] for timing in timings if timing.arrivals]
    if not arrivals:
        return 0.0
    return sum(timing.tokens for timing in timings) / (max(arrivals) - min(timing.sent_at for timing in timings))


def gaps(timing: Timing, *, since: float = -math.inf, until: float = math.inf) -> list[float]:
    """The times between one answer's pieces, of those gaps that overlap [since, until]."""
    pairs = zip(timing.arrivals, timing.arrivals[1:], strict=False)
    return [after - before for before, after in pairs if after > since and before < until]


def middle(values: Sequence[float]) -> float:
    """The median of the rounds."""
    return statistics.median(values)


def spread(values: Sequence[float]) -> str:
    """How far the rounds lie apart, in words for the table."""
    return f"{min(values):.4g}-{max(values):.4g}"


def paired_ratio(ours: Sequence[float], peer: Sequence[float]) -> float:
    """The median of the ratios round by round: a machine that slows down for a while slows both of a pair."""
    return statistics.median(mine / theirs if theirs else math.inf for mine, theirs in zip(ours, peer, strict=True))
