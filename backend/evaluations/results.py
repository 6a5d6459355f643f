"""What an experiment found: means with intervals for each variant, and each variant against the first, case by case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles

from agents.types import JsonValue
from backend.evaluations.models import Experiment, ExperimentRow, ExperimentRowStatus
from backend.evaluations.selectors import rows_of
from backend.evaluations.statistics import Comparison, Interval, compare, interval_of

ENDED = (ExperimentRowStatus.SUCCEEDED, ExperimentRowStatus.FAILED)
COLUMNS = (
    *("number", "variant", "status", "scores", "score", "prompt_tokens", "completion_tokens", "cost"),
    *("elapsed_ms", "ttft_ms", "review", "review_score"),
)


@dataclass(frozen=True, slots=True)
class EvaluatorResult:
    """One evaluator on one variant. `failures` have no verdict and are in no mean; `skipped` cases need none."""

    evaluator_id: str
    name: str
    mean: Interval | None
    passed: int
    scored: int
    failures: int
    skipped: int
    first_failure: str
    against_first: Comparison | None


@dataclass(frozen=True, slots=True)
class VariantResult:
    """One variant: its score is the mean over its cases of the mean over the evaluators; a failed run scores 0."""

    index: int
    label: str
    score: Interval | None
    against_first: Comparison | None
    evaluators: tuple[EvaluatorResult, ...]
    succeeded: int
    failed: int
    unscored: int
    reviewed: int
    accepted: int
    elapsed_p50_ms: float | None
    elapsed_p95_ms: float | None
    tokens: int
    cost: str


def results_of(experiment: Experiment) -> tuple[VariantResult, ...]:
    """Return what is known so far."""
    rows = list(rows_of(experiment).select_related(None).only(*COLUMNS))
    by_variant = [[row for row in rows if row.variant == index] for index in range(len(experiment.variants))]
    first = by_variant[0] if by_variant else []
    return tuple(
        _variant(experiment, index, variant, by_variant[index], first if index else [])
        for index, variant in enumerate(experiment.variants)
    )


def _variant(
    experiment: Experiment,
    index: int,
    variant: Mapping[str, JsonValue],
    rows: Sequence[ExperimentRow],
    first: Sequence[ExperimentRow],
) -> VariantResult:
    ended = [row for row in rows if row.status in ENDED]
    times = [row.elapsed_ms for row in ended if row.elapsed_ms is not None]
    return VariantResult(
        index=index,
        label=str(variant["label"]),
        score=interval_of([row.score for row in ended if row.score is not None]),
        against_first=compare_rows(first, rows),
        evaluators=tuple(_evaluator(evaluator, rows, first) for evaluator in experiment.evaluators),
        succeeded=sum(row.status == ExperimentRowStatus.SUCCEEDED for row in rows),
        failed=sum(row.status == ExperimentRowStatus.FAILED for row in rows),
        unscored=sum(row.score is None for row in ended),
        reviewed=sum(bool(row.review) for row in rows),
        accepted=sum(row.review == "accepted" for row in rows),
        elapsed_p50_ms=_percentile(times, 50),
        elapsed_p95_ms=_percentile(times, 95),
        tokens=sum(row.prompt_tokens + row.completion_tokens for row in rows),
        cost=format(sum(row.cost for row in rows), "f"),
    )


def compare_rows(first: Sequence[ExperimentRow], rows: Sequence[ExperimentRow]) -> Comparison | None:
    """Compare two variants over the cases that both have a score for."""
    before = {row.number: row.score for row in first if row.status in ENDED and row.score is not None}
    after = {row.number: row.score for row in rows if row.status in ENDED and row.score is not None}
    return _compared(before, after)


def _compared(before: Mapping[int, float], after: Mapping[int, float]) -> Comparison | None:
    shared = sorted(before.keys() & after.keys())
    return compare([before[number] for number in shared], [after[number] for number in shared])


def _evaluator(
    evaluator: Mapping[str, JsonValue], rows: Sequence[ExperimentRow], first: Sequence[ExperimentRow]
) -> EvaluatorResult:
    evaluator_id = str(evaluator["id"])
    found = _scores(rows, evaluator_id)
    values = {number: score["value"] for number, score in found.items() if score["status"] == "scored"}
    before = {n: s["value"] for n, s in _scores(first, evaluator_id).items() if s["status"] == "scored"}
    failures = [score for score in found.values() if score["status"] == "failed"]
    return EvaluatorResult(
        evaluator_id=evaluator_id,
        name=str(evaluator["name"]),
        mean=interval_of(list(values.values())),
        passed=sum(bool(score["passed"]) for score in found.values()),
        scored=len(values),
        failures=len(failures),
        skipped=sum(score["status"] == "skipped" for score in found.values()),
        first_failure=failures[0]["reason"] if failures else "",
        against_first=_compared(before, values),
    )


def _scores(rows: Sequence[ExperimentRow], evaluator_id: str) -> dict[int, dict[str, JsonValue]]:
    return {row.number: score for row in rows for score in row.scores if score["evaluator_id"] == evaluator_id}


def _percentile(values: Sequence[float], share: int) -> float | None:
    if len(values) < 2:
        return values[0] if values else None
    return quantiles(values, n=100, method="inclusive")[share - 1]
