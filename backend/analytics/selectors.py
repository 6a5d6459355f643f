"""Numbers over runs: sums by time and value, and one metric for a window, which is all that alerts ask for."""

# ruff: noqa: S608 -- every name in the SQL is ours, every value a parameter

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from django.db import OperationalError, connection, transaction
from django.utils import timezone

from backend.analytics.measures import ALL, IN_END_USERS, PARTS, SUMMED, Part, Sums, Unit
from backend.analytics.merging import columns_of, merged, packed
from backend.analytics.models import Change, Month
from backend.analytics.sketches import hashes_unpacked, histogram_unpacked
from backend.analytics.sources import Choice, GrainName, is_kept, source_of
from backend.common.errors import Unprocessable

METRICS: Mapping[str, Unit] = {name: metric.unit for name, metric in ALL.items()}
"""Every metric's unit by its name."""

Key = tuple[datetime | None, str]
Order = Literal["runs", "tokens", "cost", "errors"]
ORDERS: Mapping[str, str] = {
    "runs": "sum(runs)",
    "tokens": "sum(prompt_tokens + completion_tokens)",
    "cost": "sum(cost)",
    "errors": "sum(errors)",
}
LONGEST: Mapping[str, GrainName] = {"hour": "h", "day": "d", "week": "d", "month": "m", "": "m"}
"""The longest time of a row that lies within one bucket, whichever it is."""
PATIENCE_S = 20
QUERY_CANCELLED = "57014"
SHORTEST_MONTH = timedelta(days=28)


def sums_by(
    choice: Choice,
    *,
    dimension: str = "total",
    bucket: str = "",
    parts: Sequence[Part] = PARTS,
    events: bool = True,
) -> dict[Key, Sums]:
    """Return the sums of each bucket of time ("" for the whole period) and value of the dimension.

    Without `events` sums of what they tell (`OF_EVENTS`) may be 0.
    """
    longest = LONGEST[bucket]
    source = source_of(choice, dimension, parts, events=events, longest=longest, months=_months(choice, longest))
    at = f"date_trunc('{bucket}', at, 'UTC')" if bucket else "'epoch'::timestamptz"
    value = "value" if dimension != "total" else "''::text"
    rows = f"SELECT {at} AS bucket, {value} AS value, {', '.join(columns_of(parts))} FROM ({source.sql}) AS pieces"
    groups = ("bucket", "value")
    # Runs are many and PostgreSQL has them; roll-ups are few and large.
    sql = packed(rows if is_kept(choice, dimension) else merged(rows, groups, parts, of_one=True), groups, parts)
    found = _fetch(choice, dimension, sql, source.parameters)
    return {(row[0] if bucket else None, str(row[1])): _sums(row[2:], parts) for row in found}


def sums_most(choice: Choice, dimension: str, by: Order, limit: int, parts: Sequence[Part] = PARTS) -> dict[str, Sums]:
    """Return the sums of the values with the most runs, tokens, costs or errors, most first; of events they tell 0.

    Without parts they have what is kept of end users.
    """
    source = source_of(choice, dimension, parts, events=False, longest="m", months=_months(choice, "m"))
    order = f"{ORDERS[by]} DESC, value"
    if parts:
        rows = packed(source.sql, ("value",), parts)
        sql = f"SELECT rows.* FROM ({rows}) AS rows ORDER BY {order.replace('sum(', '(')} LIMIT %(limit)s"
    else:
        sums = ", ".join(f"sum({name})" if name in IN_END_USERS else "0" for name in SUMMED)
        # They are thousands: to find out which are most, only what orders them is summed up for all.
        sql = f"""
            WITH most AS MATERIALIZED (
                SELECT value FROM ({source.sql}) AS pieces GROUP BY value ORDER BY {order} LIMIT %(limit)s)
            SELECT value, {sums} FROM ({source.sql}) AS pieces WHERE value = ANY(ARRAY(SELECT value FROM most))
             GROUP BY value ORDER BY {order}
        """
    found = _fetch(choice, dimension, sql, {**source.parameters, "limit": limit})
    return {str(row[0]): _sums(row[1:], parts) for row in found}


def _months(choice: Choice, longest: GrainName) -> list[datetime]:
    """Return the months of the period that are kept, in order."""
    if longest != "m" or choice.until - choice.since < SHORTEST_MONTH:
        return []
    kept = Month.objects.filter(workspace_id=choice.workspace_id, is_kept=True)
    return list(kept.filter(at__gte=choice.since, at__lt=choice.until).order_by("at").values_list("at", flat=True))


def is_behind(choice: Choice) -> bool:
    """Whether something of the period has changed that is not counted yet: the next beat does."""
    notes = Change.objects.filter(workspace_id=choice.workspace_id, hour__lt=choice.until)
    # What began in the last hours is counted from the runs where the period ends there.
    return notes.filter(hour__gte=choice.since, hour__lte=choice.until - timedelta(hours=1)).exists()


def _fetch(choice: Choice, dimension: str, sql: str, parameters: Mapping[str, object]) -> list[tuple[object, ...]]:
    """Run a query, with room for its histograms; one that no roll-up answers may take only so long."""
    if is_kept(choice, dimension):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '64MB'")
            cursor.execute(sql, parameters)
            return cursor.fetchall()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE_S * 1000}")
            cursor.execute("SET LOCAL work_mem = '64MB'")
            cursor.execute(sql, parameters)
            rows: list[tuple[object, ...]] = cursor.fetchall()
            cursor.execute("SET LOCAL statement_timeout = 0")
            return rows
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != QUERY_CANCELLED:
            raise
        raise Unprocessable(
            f"these filters together are counted from the runs themselves, which took longer than {PATIENCE_S} s: "
            "choose a shorter period or fewer filters"
        ) from error


def metric_value(
    workspace_id: uuid.UUID, metric: str, since: datetime, until: datetime, app_id: uuid.UUID | None = None
) -> float | None:
    """Return a metric (`METRICS`) over the runs begun in `[since, until)`; None where it says nothing without data.

    Numbers of things are 0 then, and shares and times are None. Both moments are aware. An unknown name is a KeyError.
    """
    wanted = ALL[metric]
    parts: tuple[Part, ...] = (wanted.part,) if wanted.part else ()
    found = sums_by(Choice(workspace_id, since, until, app_id), parts=parts, events=wanted.of_events)
    value = wanted.read(found.get((None, ""), Sums()))
    return None if value is None else float(value)


@dataclass(frozen=True, slots=True)
class Used:
    """What runs have used, to the last digit."""

    runs: int
    tokens: int
    cost: Decimal


def runs_used(
    workspace_id: uuid.UUID, since: datetime, app_id: uuid.UUID | None = None, key_id: uuid.UUID | None = None
) -> Used:
    """Return what the runs begun since a moment have used: of the workspace, of an app, or by a key."""
    choice = Choice(workspace_id, since, timezone.now(), app_id, {"key": str(key_id)} if key_id else {})
    source = source_of(choice, parts=(), events=False)
    tokens = "coalesce(sum(prompt_tokens + completion_tokens), 0)"
    sql = f"SELECT coalesce(sum(runs), 0), {tokens}, coalesce(sum(cost), 0) FROM ({source.sql}) AS pieces"
    (runs, tokens_sum, cost), *_ = _fetch(choice, "total", sql, source.parameters)
    return Used(int(runs), int(tokens_sum), Decimal(cost))


def _sums(values: Sequence[object], parts: Sequence[Part]) -> Sums:
    read = iter(values)
    given: dict[str, object] = {name: _number(name, next(read)) for name in SUMMED}
    for part in parts:
        if part in ("ttft", "elapsed"):
            given[part] = histogram_unpacked(next(read), next(read))
        else:
            given[part] = hashes_unpacked(next(read))
    return Sums(**given)


def _number(name: str, value: object) -> float | int:
    return float(value) if name == "cost" else int(value)
