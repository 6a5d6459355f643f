"""Counting: hours that have changed are counted anew, whole, and days and months from them; twice gives the same."""

# ruff: noqa: S608 -- every name in the SQL is ours, every value a parameter

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from backend.analytics import combinations
from backend.analytics.merging import columns_of, merged, node_columns, unit_columns
from backend.analytics.models import ALL_APPS, Change, CombinedRollup, EndUserRollup, Month, Rollup, Settled
from backend.analytics.sources import HOUR, LIVE_VALUES, month_after
from backend.analytics.units import NODES, UNITS

DAY = timedelta(days=1)
PATIENCE_S = 6.0
"""How long whoever removes runs waits for counting, within its own lease; a day takes some seconds."""
QUIET = timedelta(hours=1)
_LOCK = 7_216_081
"""Who counts holds PostgreSQL's advisory lock of this number to the end of its transaction: one at a time."""

_GROUPS = ("at", "app_id", "dimension", "value")
_COLUMNS = ", ".join(columns_of())
_INTO = "workspace_id, grain, at, app_id, dimension, value"
_VALUES = ", ".join(f"('{name}', {sql.format('u')})" for name, sql in LIVE_VALUES.items() if name != "end_user")
_SCOPES = f"(VALUES ('{ALL_APPS}'::uuid), ({{}}.app_id)) AS scope (app_id)"

RUNS_BY_VALUE = f"""
    SELECT u.at, scope.app_id, d.dimension, d.value, {unit_columns()}
      FROM ({UNITS}) AS u CROSS JOIN LATERAL {_SCOPES.format("u")} CROSS JOIN LATERAL (VALUES {_VALUES})
        AS d (dimension, value)
     WHERE scope.app_id IS NOT NULL AND d.value IS NOT NULL
       AND CASE d.dimension WHEN 'app' THEN scope.app_id = '{ALL_APPS}'
                            WHEN 'version' THEN scope.app_id <> '{ALL_APPS}' ELSE true END
"""
NODES_BY_KIND = f"""
    SELECT n.at, scope.app_id, 'node' AS dimension, n.value, {node_columns()}
      FROM ({NODES}) AS n CROSS JOIN LATERAL {_SCOPES.format("n")} WHERE scope.app_id IS NOT NULL
"""


def _finer(length: str, grain: str) -> str:
    return f"""
        SELECT date_trunc('{length}', at, 'UTC') AS at, app_id, dimension, value, {_COLUMNS} FROM analytics_rollup
         WHERE workspace_id = %(workspace)s AND grain = '{grain}' AND at >= %(since)s AND at < %(until)s
    """


def _insert(grain: str, rows: str) -> str:
    counted = merged(rows, _GROUPS, of_one=grain == "h")
    return (
        f"INSERT INTO analytics_rollup ({_INTO}, {_COLUMNS}) SELECT %(workspace)s, '{grain}', {', '.join(_GROUPS)},"
        f" {_COLUMNS} FROM ({counted}) AS counted"
    )


_HOUR_STATEMENTS = (
    _insert("h", RUNS_BY_VALUE),
    _insert("h", NODES_BY_KIND),
    *combinations.HOUR_STATEMENTS,
)
_DAY_STATEMENTS = (_insert("d", _finer("day", "h")), *combinations.DAY_STATEMENTS)
_MONTH_STATEMENTS = (_insert("m", _finer("month", "d")), *combinations.MONTH_STATEMENTS)


def _replace(
    grain: str, statements: tuple[str, ...], workspace_id: uuid.UUID, since: datetime, until: datetime
) -> None:
    for model in (Rollup, EndUserRollup, CombinedRollup):
        model.objects.filter(workspace_id=workspace_id, grain=grain, at__gte=since, at__lt=until).delete()
    parameters: Mapping[str, object] = {"workspace": workspace_id, "since": since, "until": until}
    with connection.cursor() as cursor:
        # A busy day's rows are more than the few megabytes that most statements need.
        cursor.execute("SET LOCAL work_mem = '64MB'")
        # PostgreSQL cannot know how many values the rows have, takes it for one, and would join the parts of thousands
        # by comparing each with each.
        cursor.execute("SET LOCAL enable_nestloop = off")
        for statement in statements:
            cursor.execute(statement, parameters)
        cursor.execute("SET LOCAL enable_nestloop = on")


def _day_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _month_of(moment: datetime) -> datetime:
    return _day_of(moment).replace(day=1)


def changes_count() -> int:
    """Count the day that has waited longest for it; returns how many notes that took, 0 when nothing waits.

    The notes go in the transaction in which the hours are counted, and only those that were seen before: whoever dies
    in it changes nothing, and a change that commits meanwhile has its note still there.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        oldest = Change.objects.order_by("id").first() if cursor.fetchone()[0] else None
        if oldest is None:
            return 0
        day = _day_of(oldest.hour)
        seen = list(
            Change.objects.filter(workspace_id=oldest.workspace_id, hour__gte=day, hour__lt=day + DAY).values_list(
                "id", "hour"
            )[:100_000]
        )
        _count_day(oldest.workspace_id, day, {hour for _, hour in seen})
        Change.objects.filter(id__in=[number for number, _ in seen]).delete()
        return len(seen)


def _count_day(workspace_id: uuid.UUID, day: datetime, hours: set[datetime]) -> None:
    """Count hours of a day anew, but for those from which runs were deleted whose numbers stay, and the day."""
    settled = Settled.objects.filter(workspace_id=workspace_id, hour__gte=day, hour__lt=day + DAY)
    for since, until in _stretches(sorted(hours - set(settled.values_list("hour", flat=True)))):
        _replace("h", _HOUR_STATEMENTS, workspace_id, since, until)
    _replace("d", _DAY_STATEMENTS, workspace_id, day, day + DAY)
    # Whoever reads this month's rows just now reads what was true a moment ago: they stay until it is summed up anew.
    changed = {"is_kept": False, "changed_at": timezone.now()}
    Month.objects.update_or_create(workspace_id=workspace_id, at=_month_of(day), defaults=changed)


def month_keep(quiet: timedelta = QUIET) -> bool:
    """Sum up a month that is over and has been `quiet` since; returns whether there was one.

    What changes in a month that is kept has it read by the day again, until nothing has changed for so long: its days
    may be many, and verdicts come one by one.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        now = timezone.now()
        waiting = Month.objects.filter(is_kept=False, at__lt=_month_of(now), changed_at__lte=now - quiet)
        month = waiting.order_by("changed_at").first() if cursor.fetchone()[0] else None
        if month is None:
            return False
        _replace("m", _MONTH_STATEMENTS, month.workspace_id, month.at, month_after(month.at))
        month.is_kept = True
        month.save(update_fields=["is_kept"])
        return True


def changes_settle(workspace_id: uuid.UUID, before: datetime) -> bool:
    """Count what waits of runs begun before a moment; returns whether nothing of it waits any more."""
    deadline = time.monotonic() + PATIENCE_S
    waiting = Change.objects.filter(workspace_id=workspace_id, hour__lt=before)
    while waiting.exists():
        if time.monotonic() > deadline:
            return False
        # Somebody else may be counting.
        if not changes_count():
            time.sleep(0.1)
    return True


def end_user_forget(workspace_id: uuid.UUID, end_user: str, app_id: uuid.UUID | None = None) -> int:
    """Remove an end user's name from the numbers, of one app or of all; returns how many rows went.

    Sums of runs whose numbers stay would otherwise keep it.
    """
    rows = EndUserRollup.objects.filter(workspace_id=workspace_id, value=end_user)
    return (rows.filter(combination__app_id=app_id) if app_id else rows).delete()[0]


def _stretches(hours: Sequence[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Yield the spans without a gap that the hours make, so that a whole day is one statement."""
    for number, hour in enumerate(hours):
        if number == 0 or hours[number - 1] + HOUR < hour:
            since = hour
        if number + 1 == len(hours) or hour + HOUR < hours[number + 1]:
            yield since, hour + HOUR


def rebuild(said: Callable[[str], None] = lambda _: None) -> int:
    """Count every day anew for which there still are runs; what was counted of runs long deleted stays. Returns days.

    The platform may run meanwhile: each day is a transaction of its own.
    """
    days = list(_days_with_runs())
    for done, (workspace_id, day) in enumerate(days, start=1):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            _count_day(workspace_id, day, {day + hour * HOUR for hour in range(24)})
        said(f"{done} of {len(days)} days")
    while month_keep(quiet=timedelta(0)):
        pass
    return len(days)


def _days_with_runs() -> Iterator[tuple[uuid.UUID, datetime]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT workspace_id, date_trunc('day', created_at, 'UTC') FROM runs_run"
            " UNION SELECT DISTINCT workspace_id, date_trunc('day', at, 'UTC') FROM analytics_rollup"
            " WHERE at >= (SELECT min(created_at) FROM runs_run) ORDER BY 2, 1"
        )
        yield from cursor.fetchall()
