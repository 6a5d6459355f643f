"""Where the rows of an answer come from: months, days and hours that are summed already, and the runs themselves.

A period is cut into `[since … hour) runs · [hour … day) hours · [day … day) days · [… hour) hours · [… until) runs`, so
that its ends are exact and what happens now is counted at once; of its days, months that are kept are rows of their
own. A choice that no roll-up keeps is counted from the
runs alone: as exact, and as slow as it is to read them.
"""

# ruff: noqa: S608 -- every name in the SQL is ours, every value a parameter

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Literal

from backend.analytics.combinations import kept_combined, kept_end_users
from backend.analytics.measures import PARTS, Part
from backend.analytics.merging import columns_of, node_columns, unit_columns
from backend.analytics.models import ALL_APPS
from backend.analytics.units import NODES, UNITS

HOUR = timedelta(hours=1)
GrainName = Literal["h", "d", "m"]
Span = tuple[GrainName, datetime, datetime]
LIVE_VALUES: Mapping[str, str] = MappingProxyType(
    {
        "total": "''",
        "app": "coalesce({}.app_id::text, '')",
        "version": "coalesce({}.app_version, 0)::text",
        "model": "{}.model",
        "source": "{}.source",
        "key": "{}.key_id::text",
        "member": "{}.user_id::text",
        "end_user": "nullif({}.end_user, '')",
        "error_code": "nullif({}.error_code, '')",
    }
)
"""How a run says its value of each dimension; null where it has none, and so no row."""
DIMENSIONS = (*(name for name in LIVE_VALUES if name != "total"), "node")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which runs: of a workspace, begun in `[since, until)`, of an app and with the values of some dimensions."""

    workspace_id: uuid.UUID
    since: datetime
    until: datetime
    app_id: uuid.UUID | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """A query of rows with `at`, `value` and what is summed, and its parameters."""

    sql: str
    parameters: Mapping[str, object]


def source_of(
    choice: Choice,
    dimension: str = "total",
    parts: Sequence[Part] = PARTS,
    *,
    events: bool = True,
    longest: GrainName = "d",
    months: Sequence[datetime] = (),
) -> Source:
    """Return where the rows of a choice come from, with the values of a dimension; `events` as in `unit_columns`.

    The `at` of a row is where its time begins: an hour, a day or a month ("h", "d" or "m"), none longer than `longest`.
    `months` are those that are kept, in order.
    """
    parameters: dict[str, object] = {"workspace": choice.workspace_id, "app": choice.app_id or ALL_APPS}
    pieces: list[str] = []

    def add(sql: str, since: datetime, until: datetime) -> None:
        if since < until:
            number = len(pieces)
            parameters[f"since_{number}"], parameters[f"until_{number}"] = since, until
            pieces.append(sql.replace("%(since)s", f"%(since_{number})s").replace("%(until)s", f"%(until_{number})s"))

    live = _live(choice, dimension, parts, parameters, events)
    kept = _kept(choice, dimension, parts, parameters)
    first, last = _ceiling(choice.since, HOUR), _floor(choice.until, HOUR)
    if kept is None or first >= last:
        add(live, choice.since, choice.until)
    else:
        add(live, choice.since, first)
        for grain, since, until in _spans(first, last, longest, months):
            add(kept.replace("%(grain)s", f"'{grain}'"), since, until)
        add(live, last, choice.until)
    return Source(" UNION ALL ".join(pieces), parameters)


def is_kept(choice: Choice, dimension: str = "total") -> bool:
    """Whether roll-ups have the answer; otherwise the runs are read."""
    return _kept(choice, dimension, PARTS, {}) is not None


def _floor(moment: datetime, step: timedelta) -> datetime:
    start = datetime(1970, 1, 1, tzinfo=UTC)
    return moment - (moment - start) % step


def _ceiling(moment: datetime, step: timedelta) -> datetime:
    floor = _floor(moment, step)
    return floor if floor == moment else floor + step


def month_after(at: datetime) -> datetime:
    """Return the beginning of the month that follows one, given by its beginning."""
    return (at + timedelta(days=31)).replace(day=1)


def _spans(first: datetime, last: datetime, longest: GrainName, months: Sequence[datetime]) -> list[Span]:
    day = timedelta(days=1)
    first_day, last_day = _ceiling(first, day), _floor(last, day)
    if first_day >= last_day or longest == "h":
        return [("h", first, last)]
    whole = [("d", first_day, last_day)] if longest == "d" else _months_among(first_day, last_day, months)
    return [("h", first, first_day), *whole, ("h", last_day, last)]


def _months_among(first: datetime, last: datetime, months: Sequence[datetime]) -> list[Span]:
    """Cut days where months stand for them; those that follow each other are one span."""
    spans: list[Span] = []
    at = first
    for month in months:
        following = month_after(month)
        if month < first or following > last:
            continue
        if spans and month == at:
            spans[-1] = ("m", spans[-1][1], following)
        else:
            spans += [("d", at, month), ("m", month, following)]
        at = following
    return [*spans, ("d", at, last)]


def _live(choice: Choice, dimension: str, parts: Sequence[Part], parameters: dict[str, object], events: bool) -> str:
    conditions = "" if choice.app_id is None else " AND r.app_id = %(app)s"
    for number, (name, value) in enumerate(sorted(choice.values.items())):
        parameters[f"live_{number}"] = value
        conditions += _condition(name, f"live_{number}")
    if dimension == "node":
        return f"SELECT n.at, n.value, {node_columns(parts)} FROM ({NODES}{conditions}) AS n"
    value = LIVE_VALUES[dimension].format("u")
    sql = f"SELECT u.at, {value} AS value, {unit_columns(parts, events=events)} FROM ({UNITS}{conditions}) AS u"
    return f"{sql} WHERE {value} IS NOT NULL"


_TYPED = {"version": "integer", "key": "uuid", "member": "uuid"}
_COLUMNS = {"version": "app_version", "key": "key_id", "member": "user_id"}


def _condition(name: str, parameter: str) -> str:
    column = f"r.{_COLUMNS.get(name, name)}"
    if name == "version":
        return f" AND coalesce({column}, 0) = %({parameter})s::integer"
    # The lists' indexes on these columns leave the empty value out.
    filled = f" AND {column} > ''" if name in ("end_user", "error_code") else ""
    return f" AND {column} = %({parameter})s::{_TYPED.get(name, 'text')}{filled}"


def _kept(choice: Choice, dimension: str, parts: Sequence[Part], parameters: dict[str, object]) -> str | None:
    """Return the query of the roll-ups for one span, or None when they do not keep such a choice."""
    of_app = choice.app_id is not None
    if dimension == "end_user":
        return kept_end_users(choice.values, parts, parameters, of_app=of_app)
    return _kept_of_one(choice, dimension, parts, parameters) or kept_combined(
        choice.values, dimension, parts, parameters, of_app=of_app
    )


def _kept_of_one(choice: Choice, dimension: str, parts: Sequence[Part], parameters: dict[str, object]) -> str | None:
    values = dict(choice.values)
    if dimension == "total" and len(values) == 1:
        dimension = next(iter(values))
    chosen = values.pop(dimension, None)
    if dimension == "app" and choice.app_id is not None:
        chosen, parameters["app"] = str(choice.app_id), choice.app_id
    scope = f"'{ALL_APPS}'" if dimension == "app" else "%(app)s"
    is_nameless = dimension == "version" and choice.app_id is None
    if values or is_nameless or dimension == "end_user":
        return None
    condition = ""
    if chosen is not None:
        parameters["chosen"] = chosen
        condition = " AND value = %(chosen)s"
    return (
        f"SELECT at, value, {', '.join(columns_of(parts))} FROM analytics_rollup"
        f" WHERE workspace_id = %(workspace)s AND grain = %(grain)s AND dimension = '{dimension}'"
        f" AND app_id = {scope} AND at >= %(since)s AND at < %(until)s{condition}"
    )
