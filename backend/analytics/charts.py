"""What the page shows: totals beside those of the period before, lines over time, and tables by a dimension."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.apps import apps
from django.db.models import QuerySet

from backend.accounts.models import ApiKey, User
from backend.analytics.measures import ALL, NOTHING, Metric, Part, Sums, sums_merged
from backend.analytics.periods import Bucket, Step, before, steps_of
from backend.analytics.selectors import Order, sums_by, sums_most
from backend.analytics.sketches import distinct_of
from backend.analytics.sources import Choice

Filters = Mapping[str, str]
"""Filters of the list of runs, by their names."""
TOTALS = (
    "runs", "users", "conversations", "tokens", "cost", "error_rate", "satisfaction", "ttft_p50", "time_p50",
    "time_p95", "tokens_per_second", "retrievals", "empty_retrieval_rate", "prompt_cache_rate",
)  # fmt: skip
ROW_METRICS = (
    "runs", "errors", "error_rate", "tokens", "cost", "likes", "dislikes", "satisfaction", "ttft_p50", "time_p50",
    "time_p95", "tokens_per_second",
)  # fmt: skip
_NO_TIMES = ("ttft_p50", "time_p50", "time_p95", "tokens_per_second")


@dataclass(frozen=True, slots=True)
class Total:
    """A metric over the period and the one before, its course, and which runs it is about."""

    metric: Metric
    value: float | None
    previous: float | None
    points: tuple[float | None, ...]
    is_exact: bool
    runs: Filters


@dataclass(frozen=True, slots=True)
class Point:
    """Metrics over one bucket of time, and which runs they are about."""

    step: Step
    values: Mapping[str, float | None]
    runs: Filters


@dataclass(frozen=True, slots=True)
class Row:
    """Metrics of one value of a dimension; `runs` is None where no filter shows its runs."""

    value: str
    label: str
    values: Mapping[str, float | None]
    runs: Filters | None


def totals(choice: Choice, bucket: Bucket, names: Sequence[str] = TOTALS) -> list[Total]:
    """Return each metric for the period, for the one before, and by bucket for a sparkline."""
    metrics = [ALL[name] for name in names]
    parts = _parts(metrics)
    events = any(metric.of_events for metric in metrics)
    then = sums_by(before(choice), parts=parts, events=events).get((None, ""), NOTHING)
    course = sums_by(choice, bucket=bucket, parts=parts, events=events)
    now = sums_merged(list(course.values()))
    steps = list(steps_of(choice, bucket))
    return [
        Total(
            metric,
            metric.read(now),
            metric.read(then),
            tuple(metric.read(course.get((step.at, ""), NOTHING)) for step in steps),
            _is_exact(metric, now),
            {**filters_of(choice), **(metric.narrows or {})},
        )
        for metric in metrics
    ]


def series(choice: Choice, bucket: Bucket, names: Sequence[str]) -> list[Point]:
    """Return the metrics of each bucket; one without data has zeros and Nones."""
    metrics = [ALL[name] for name in names]
    events = any(metric.of_events for metric in metrics)
    found = sums_by(choice, bucket=bucket, parts=_parts(metrics), events=events)
    narrows = metrics[0].narrows or {}
    return [
        Point(
            step,
            {metric.name: metric.read(found.get((step.at, ""), NOTHING)) for metric in metrics},
            {**filters_of(replace(choice, since=step.since, until=step.until)), **narrows},
        )
        for step in steps_of(choice, bucket)
    ]


def breakdown(choice: Choice, dimension: str, by: Order, limit: int) -> tuple[list[Row], bool]:
    """Return the metrics of the values of a dimension, most first, and whether there are more values than `limit`."""
    # Of an end user only sums are kept.
    names = [name for name in ROW_METRICS if dimension != "end_user" or name not in _NO_TIMES]
    metrics = [ALL[name] for name in names]
    found = sums_most(choice, dimension, by, limit + 1, _parts(metrics))
    shown = list(found)[:limit]
    labels = _labels(choice.workspace_id, dimension, shown)
    rows = [
        Row(
            value,
            labels.get(value, value),
            {metric.name: metric.read(found[value]) for metric in metrics},
            _row_filters(choice, dimension, value),
        )
        for value in shown
    ]
    return rows, len(found) > limit


def filters_of(choice: Choice) -> Filters:
    """Return the filters with which the list shows the runs of the choice."""
    period = {"since": _written(choice.since), "until": _written(choice.until)}
    return {**period, **choice.values, **({"app": str(choice.app_id)} if choice.app_id else {})}


def _row_filters(choice: Choice, dimension: str, value: str) -> Filters | None:
    """Of a kind of node these are the runs in which one ended; runs of no model or app cannot be asked for."""
    return {**filters_of(choice), dimension: value} if value else None


def _written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _parts(metrics: Iterable[Metric]) -> tuple[Part, ...]:
    return tuple(dict.fromkeys(metric.part for metric in metrics if metric.part))


def _is_exact(metric: Metric, sums: Sums) -> bool:
    match metric.part:
        case "users":
            return distinct_of(sums.users).is_exact
        case "conversations":
            return distinct_of(sums.conversations).is_exact
        case "ttft" | "elapsed":
            return False
        case None:
            return True


def _labels(workspace_id: uuid.UUID, dimension: str, values: Sequence[str]) -> Mapping[str, str]:
    """Return what people call the values that are ids."""
    known: Mapping[str, tuple[QuerySet, Callable[[object], str]]] = {
        "app": (apps.get_model("apps", "App").objects.within(workspace_id), lambda app: app.name),
        "key": (ApiKey.objects.within(workspace_id), lambda key: key.name),
        "member": (User.objects.all(), lambda user: user.name or user.email),
    }
    if dimension not in known:
        return {}
    rows, name = known[dimension]
    return {str(row.id): name(row) for row in rows.filter(id__in=[value for value in values if value])}
