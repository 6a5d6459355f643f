"""Counts what runs use, and refuses the next one where a limit is used up. PostgreSQL alone knows the counts.

A run is counted in the transaction that stores it, its tokens and cost in the one that ends it: whichever process is
killed, a run and its count are kept or lost together. Workspaces without limits pay for one look at an index.
"""

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from backend.common.errors import TooManyRequests
from backend.limits.models import Limit, LimitMetric, LimitPeriod, LimitScope, LimitUsage
from backend.limits.ports import USED_BESIDE
from backend.runs.models import Run, RunSource
from backend.runs.ports import Charge

LIMIT, USAGE, RUN = Limit._meta.db_table, LimitUsage._meta.db_table, Run._meta.db_table
START = "date_trunc(l.period, now(), 'UTC')"
SUBJECT = "CASE l.scope WHEN 'end_user' THEN %(end_user)s ELSE '' END"
# Whose limits a run falls under.
HIT = """
    l.workspace_id = %(workspace)s AND CASE l.scope
        WHEN 'workspace' THEN true
        WHEN 'app' THEN l.app_id = %(app)s
        WHEN 'key' THEN l.key_id = %(key)s
        ELSE %(end_user)s <> '' AND (l.app_id IS NULL OR l.app_id = %(app)s)
    END
"""
# The tables' names are ours, every value is a parameter. The order keeps two runs from waiting for each other.
USED_UP = f"""
    SELECT l.scope, l.metric, l.period, l.amount, u.used, now()
      FROM {LIMIT} l
      LEFT JOIN {USAGE} u ON u.limit_id = l.id AND u.subject = {SUBJECT} AND u.period_start = {START}
     WHERE {HIT} AND COALESCE(u.used, 0) >= l.amount
"""  # noqa: S608 -- see above
COUNT = f"""
    INSERT INTO {USAGE} AS u (limit_id, subject, period_start, used)
    SELECT l.id, {SUBJECT}, {START},
           CASE l.metric WHEN 'runs' THEN %(runs)s WHEN 'tokens' THEN %(tokens)s ELSE %(cost)s END
      FROM {LIMIT} l
     WHERE {HIT} AND l.metric = ANY(%(metrics)s)
     ORDER BY l.id
        ON CONFLICT (limit_id, subject, period_start) DO UPDATE SET used = u.used + excluded.used
 RETURNING limit_id, used
"""  # noqa: S608 -- see above
# One snapshot shows both the runs and what is counted of them: what is missing is missing, whoever counts meanwhile.
MISSING = f"""
    WITH of_runs AS (
        SELECT CASE l.scope WHEN 'end_user' THEN r.end_user ELSE '' END AS subject,
               CASE l.metric
                   WHEN 'runs' THEN count(*) FILTER (WHERE r.created_at >= {START})
                   WHEN 'tokens' THEN COALESCE(sum(r.tokens) FILTER (WHERE r.finished_at >= {START}), 0)
                   ELSE COALESCE(sum(r.cost) FILTER (WHERE r.finished_at >= {START}), 0)
               END AS used
          FROM {LIMIT} l
          JOIN {RUN} r ON r.workspace_id = l.workspace_id AND r.created_at >= {START} - %(longest)s
               AND (l.scope <> 'key' OR r.key_id = l.key_id)
               AND (l.app_id IS NULL OR r.app_id = l.app_id)
               AND (l.scope <> 'end_user' OR r.end_user <> '')
         WHERE l.id = %(limit)s
         GROUP BY l.scope, l.metric, 1
    ), seen AS (
        SELECT subject, sum(used) AS used
          FROM (SELECT * FROM of_runs
                 UNION ALL
                SELECT '', CASE WHEN {START} = %(since)s THEN %(beside)s ELSE 0 END
                  FROM {LIMIT} l
                 WHERE l.id = %(limit)s) AS told
         GROUP BY subject
    )
    SELECT seen.subject, {START}, seen.used - COALESCE(u.used, 0)
      FROM seen
      JOIN {LIMIT} l ON l.id = %(limit)s
      LEFT JOIN {USAGE} u ON u.limit_id = l.id AND u.subject = seen.subject AND u.period_start = {START}
     WHERE seen.used > COALESCE(u.used, 0)
"""  # noqa: S608 -- see above
ADD = f"""
    INSERT INTO {USAGE} AS u (limit_id, subject, period_start, used) VALUES (%s, %s, %s, %s)
        ON CONFLICT (limit_id, subject, period_start) DO UPDATE SET used = u.used + excluded.used
"""  # noqa: S608 -- see above
LONGEST = timedelta(days=1)
"""How long before a period a run may have begun that ended in it, and is looked for when counts are set right."""
WHO = {
    LimitScope.WORKSPACE: "the workspace",
    LimitScope.APP: "the app",
    LimitScope.KEY: "the API key",
    LimitScope.END_USER: "each end user",
}


@dataclass(frozen=True, slots=True)
class UsedUp:
    """A limit that allows no further run before `resets_at`."""

    scope: LimitScope
    metric: LimitMetric
    period: LimitPeriod
    amount: Decimal
    used: Decimal
    resets_at: datetime
    wait_s: int


def period_start(period: str, now: datetime) -> datetime:
    """Return when the period that `now` is in began, in UTC."""
    minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    if period == LimitPeriod.MINUTE:
        return minute
    midnight = minute.replace(hour=0, minute=0)
    return midnight if period == LimitPeriod.DAY else midnight.replace(day=1)


def period_end(period: str, now: datetime) -> datetime:
    """Return when the period that `now` is in ends, in UTC."""
    start = period_start(period, now)
    if period == LimitPeriod.MINUTE:
        return start + timedelta(minutes=1)
    return start + timedelta(days=1) if period == LimitPeriod.DAY else (start + timedelta(days=32)).replace(day=1)


def _values(charge: Charge) -> dict[str, object]:
    return {
        "workspace": charge.workspace_id,
        "app": charge.app_id,
        "key": charge.key_id,
        "end_user": charge.end_user,
    }


def limits_used_up(charge: Charge) -> list[UsedUp]:
    """Return the limits that a run of this charge would exceed, the one that is free again last first."""
    with connection.cursor() as cursor:
        cursor.execute(USED_UP, _values(charge))
        rows = cursor.fetchall()
    found = []
    for scope, metric, period, amount, used, now in rows:
        end = period_end(period, now)
        wait_s = max(1, math.ceil((end - now).total_seconds()))
        names = LimitScope(scope), LimitMetric(metric), LimitPeriod(period)
        found.append(UsedUp(*names, amount, used or Decimal(0), end, wait_s))
    return sorted(found, key=lambda item: item.wait_s, reverse=True)


def run_admit(charge: Charge) -> None:
    """Raise `TooManyRequests` where a limit is used up; it says which, how much is used and when it is free again."""
    used_up = limits_used_up(charge)
    if used_up:
        raise _refusal(used_up[0], charge.source)


def _refusal(item: UsedUp, source: str) -> TooManyRequests:
    when = f"{item.resets_at:%Y-%m-%d %H:%M} UTC, in {item.wait_s} s"
    if source == RunSource.PUBLISHED and item.scope != LimitScope.END_USER:
        # What a workspace spends is no visitor's business.
        return TooManyRequests(
            f"this page has been used as much as it may be for now: it answers again at {when}",
            retry_after_s=item.wait_s,
            code="limit_reached",
        )
    unit = "US dollars" if item.metric == LimitMetric.COST else item.metric.value
    error = TooManyRequests(
        f"{WHO[item.scope]} may use {_plain(item.amount)} {unit} a {item.period.value}, and {_plain(item.used)} are "
        f"used: runs are possible again at {when}, or when an administrator raises the limit",
        retry_after_s=item.wait_s,
        code="limit_reached",
    )
    error.extra = {
        "scope": item.scope.value,
        "metric": item.metric.value,
        "period": item.period.value,
        "amount": _plain(item.amount),
        "used": _plain(item.used),
        "resets_at": item.resets_at.isoformat(),
    }
    return error


def _plain(value: Decimal) -> str:
    """Return a number without the zeros that its column adds."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _count(charge: Charge, metrics: list[str], amounts: Mapping[str, object]) -> dict[uuid.UUID, Decimal]:
    values = {**_values(charge), "metrics": metrics, "runs": 0, "tokens": 0, "cost": Decimal(0), **amounts}
    with connection.cursor() as cursor:
        cursor.execute(COUNT, values)
        return dict(cursor.fetchall())


def run_count(charge: Charge) -> None:
    """Count a run in the transaction that stores it; raises `TooManyRequests` when others took the last one."""
    counted = _count(charge, [LimitMetric.RUNS], {"runs": 1})
    if not counted:
        return
    limits = Limit.unscoped.filter(id__in=counted)
    over = [limit for limit in limits if counted[limit.id] > limit.amount]
    if over:
        limit, now = over[0], timezone.now()
        end = period_end(limit.period, now)
        wait_s = max(1, math.ceil((end - now).total_seconds()))
        names = LimitScope(limit.scope), LimitMetric(limit.metric), LimitPeriod(limit.period)
        raise _refusal(UsedUp(*names, limit.amount, counted[limit.id] - 1, end, wait_s), charge.source)


def run_spend(charge: Charge, tokens: int, cost: Decimal) -> None:
    """Count what a run has used, in the transaction that ends it; or what its judges have, in that of the verdicts."""
    if tokens or cost:
        _count(charge, [LimitMetric.TOKENS, LimitMetric.COST], {"tokens": tokens, "cost": cost})


def usage_recount(limit: Limit) -> int:
    """Add what runs and judges of the present period have used and nobody counted; returns for how many subjects.

    That is all of it for a new limit. Nothing is ever taken away: runs may have been deleted since.
    """
    since = period_start(limit.period, timezone.now())
    # Looked up before the counts: what is counted in between is not taken for missing.
    values = {"limit": limit.id, "longest": LONGEST, "since": since, "beside": _beside(limit, since)}
    with connection.cursor() as cursor:
        cursor.execute(MISSING, values)
        missing = cursor.fetchall()
        if missing:
            cursor.executemany(ADD, [(limit.id, *row) for row in missing])
    return len(missing)


def _beside(limit: Limit, since: datetime) -> Decimal:
    """Return what was used outside of runs; no key and no end user asks for that."""
    if limit.scope not in (LimitScope.WORKSPACE, LimitScope.APP) or limit.metric == LimitMetric.RUNS:
        return Decimal(0)
    used = USED_BESIDE.get()(limit.workspace_id, limit.app_id, since)
    return Decimal(used.tokens) if limit.metric == LimitMetric.TOKENS else used.cost
