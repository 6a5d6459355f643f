"""Reading limits with what is used of them, and what a workspace, an app or a key has used at all."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from backend.common.errors import NotFound
from backend.limits.counting import LIMIT, START, USAGE, period_end, period_start
from backend.limits.models import Limit, LimitPeriod
from backend.limits.ports import RUNS_USED, USED_BESIDE, Used

TOP_SUBJECTS = 20


@dataclass(frozen=True, slots=True)
class LimitState:
    """A limit and the present period: of end users, the one who used most; `subjects` is how many used anything."""

    limit: Limit
    used: Decimal
    subject: str
    subjects: int
    resets_at: datetime


@dataclass(frozen=True, slots=True)
class Total:
    """What was used since a time."""

    period: str
    since: datetime
    runs: int
    tokens: int
    cost: Decimal


def limits_list(
    workspace_id: uuid.UUID, *, app_id: uuid.UUID | None = None, key_id: uuid.UUID | None = None
) -> QuerySet[Limit]:
    """Return the limits of a workspace, or those of one app and its keys, or of one key."""
    limits = Limit.objects.within(workspace_id).select_related("app", "key__app")
    if app_id:
        limits = limits.filter(Q(app_id=app_id) | Q(key__app_id=app_id))
    return limits.filter(key_id=key_id) if key_id else limits


def limit_get(workspace_id: uuid.UUID, limit_id: uuid.UUID) -> Limit:
    """Return one limit; raises `NotFound`."""
    limit = limits_list(workspace_id).filter(id=limit_id).first()
    if limit is None:
        raise NotFound(f"the workspace has no limit {str(limit_id)!r}")
    return limit


STATES = f"""
    SELECT DISTINCT ON (l.id) l.id, u.used, u.subject, count(*) OVER (PARTITION BY l.id)
      FROM {LIMIT} l
      JOIN {USAGE} u ON u.limit_id = l.id AND u.period_start = {START}
     WHERE l.id = ANY(%s)
     ORDER BY l.id, u.used DESC, u.subject
"""  # noqa: S608 -- the tables' names are ours, the value is a parameter


def limit_states(limits: Sequence[Limit]) -> list[LimitState]:
    """Return each limit with what is used of it now, in the same order."""
    with connection.cursor() as cursor:
        cursor.execute(STATES, [[limit.id for limit in limits]])
        known = {row[0]: row[1:] for row in cursor.fetchall()}
    now = timezone.now()
    nothing = (Decimal(0), "", 0)
    return [LimitState(limit, *known.get(limit.id, nothing), period_end(limit.period, now)) for limit in limits]


def usage_totals(
    workspace_id: uuid.UUID, *, app_id: uuid.UUID | None = None, key_id: uuid.UUID | None = None
) -> list[Total]:
    """Return what the runs that began today and this month, and what judged them since, have used, in days of UTC."""
    now, totals = timezone.now(), []
    for period in (LimitPeriod.DAY, LimitPeriod.MONTH):
        since = period_start(period, now)
        used = RUNS_USED.get()(workspace_id, since, app_id, key_id)
        beside = Used(0, Decimal(0)) if key_id else USED_BESIDE.get()(workspace_id, app_id, since)
        totals.append(Total(period.value, since, used.runs, used.tokens + beside.tokens, used.cost + beside.cost))
    return totals
