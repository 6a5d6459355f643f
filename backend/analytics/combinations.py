"""Sums by all dimensions together, which answer any filters beside any dimension.

A combination is stored once, with what runs of it have in common; its sums by the hour, the day and the month are
joined to it, and so are those of its end users.
"""

# ruff: noqa: S608 -- every name in the SQL is ours, every value a parameter

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from backend.analytics.measures import IN_END_USERS, SUMMED, Part
from backend.analytics.merging import columns_of, merged, node_columns, nothing_of, unit_columns
from backend.analytics.models import NO_APP, NOBODY
from backend.analytics.units import NODES, UNITS

_COLUMNS = ", ".join(columns_of())
_OF_RUN: Mapping[str, str] = MappingProxyType(
    {
        "app_id": f"coalesce({{}}.app_id, '{NO_APP}')",
        "version": "coalesce({}.app_version, 0)",
        "model": "{}.model",
        "source": "{}.source",
        "key_id": f"coalesce({{}}.key_id, '{NOBODY}')",
        "member_id": f"coalesce({{}}.user_id, '{NOBODY}')",
        "error_code": "{}.error_code",
    }
)
"""What a run has of a combination."""
VALUES: Mapping[str, str] = MappingProxyType(
    {
        "total": "''",
        "app": f"coalesce(nullif(c.app_id, '{NO_APP}')::text, '')",
        "version": "c.version::text",
        "model": "c.model",
        "source": "c.source",
        "key": f"nullif(c.key_id, '{NOBODY}')::text",
        "member": f"nullif(c.member_id, '{NOBODY}')::text",
        "error_code": "nullif(c.error_code, '')",
        "node": "c.node",
    }
)
"""How a combination says its value of each dimension; null where it has none, and so no row."""
_FILTERED = MappingProxyType(
    {
        "version": "c.version = %({})s::integer",
        "model": "c.model = %({})s::text",
        "source": "c.source = %({})s::text",
        "key": "c.key_id = %({})s::uuid",
        "member": "c.member_id = %({})s::uuid",
        "error_code": "c.error_code = %({})s::text",
    }
)


def _new(rows: str, alias: str, node: str) -> str:
    values = [*(sql.format(alias) for sql in _OF_RUN.values()), node]
    columns = ", ".join([*_OF_RUN, "node"])
    named = ", ".join(f"{value} AS {name}" for value, name in zip(values, [*_OF_RUN, "node"], strict=True))
    known = ", ".join(f"c.{name}" for name in [*_OF_RUN, "node"])
    seen = ", ".join(f"seen.{name}" for name in [*_OF_RUN, "node"])
    return f"""
        INSERT INTO analytics_combination (workspace_id, {columns})
        SELECT %(workspace)s, {seen} FROM (SELECT DISTINCT {named} FROM ({rows}) AS {alias}) AS seen
         WHERE NOT EXISTS (SELECT FROM analytics_combination c
                            WHERE c.workspace_id = %(workspace)s AND ({known}) = ({seen}))
    """


def _of(rows: str, alias: str, node: str, columns: str) -> str:
    same = " AND ".join(f"c.{name} = {sql.format(alias)}" for name, sql in _OF_RUN.items())
    return f"""
        SELECT {alias}.at, c.id AS combination_id, {columns} FROM ({rows}) AS {alias}
          JOIN analytics_combination c ON c.workspace_id = %(workspace)s AND {same} AND c.node = {node}
    """


def _insert(grain: str, rows: str) -> str:
    counted = merged(rows, ("at", "combination_id"), of_one=grain == "h")
    return (
        f"INSERT INTO analytics_combinedrollup (workspace_id, grain, at, combination_id, {_COLUMNS})"
        f" SELECT %(workspace)s, '{grain}', at, combination_id, {_COLUMNS} FROM ({counted}) AS counted"
    )


def _finer(length: str, grain: str) -> str:
    return f"""
        SELECT date_trunc('{length}', at, 'UTC') AS at, combination_id, {_COLUMNS} FROM analytics_combinedrollup
         WHERE workspace_id = %(workspace)s AND grain = '{grain}' AND at >= %(since)s AND at < %(until)s
    """


_SUMS = ", ".join(f"sum({name}) AS {name}" for name in IN_END_USERS)


def _insert_end_users(grain: str, rows: str) -> str:
    columns = f"workspace_id, grain, at, combination_id, value, {', '.join(IN_END_USERS)}"
    counted = f"SELECT at, combination_id, value, {_SUMS} FROM ({rows}) AS rows GROUP BY at, combination_id, value"
    return (
        f"INSERT INTO analytics_enduserrollup ({columns}) SELECT %(workspace)s, '{grain}', counted.*"
        f" FROM ({counted}) AS counted"
    )


_OF_END_USERS = ", ".join(["u.end_user AS value", *(f"u.{name}" for name in IN_END_USERS)])


def _finer_end_users(length: str, grain: str) -> str:
    return f"""
        SELECT date_trunc('{length}', at, 'UTC') AS at, combination_id, value, {", ".join(IN_END_USERS)}
          FROM analytics_enduserrollup
         WHERE workspace_id = %(workspace)s AND grain = '{grain}' AND at >= %(since)s AND at < %(until)s
    """


HOUR_STATEMENTS = (
    _new(UNITS, "u", "''"),
    _new(NODES, "n", "n.value"),
    _insert("h", _of(UNITS, "u", "''", unit_columns())),
    _insert("h", _of(NODES, "n", "n.value", node_columns())),
    _insert_end_users("h", _of(UNITS, "u", "''", _OF_END_USERS) + " WHERE u.end_user > ''"),
)
DAY_STATEMENTS = (_insert("d", _finer("day", "h")), _insert_end_users("d", _finer_end_users("day", "h")))
MONTH_STATEMENTS = (_insert("m", _finer("month", "d")), _insert_end_users("m", _finer_end_users("month", "d")))


def kept_combined(
    values: Mapping[str, str], dimension: str, parts: Sequence[Part], parameters: dict[str, object], *, of_app: bool
) -> str | None:
    """Return the query of one span for filters and a dimension, None where a combination does not tell.

    It wants the parameters workspace, since, until and, with `of_app`, app, and the text `%(grain)s` replaced.
    """
    if dimension not in VALUES or not values.keys() <= _FILTERED.keys():
        return None
    conditions = ["c.node > ''" if dimension == "node" else "c.node = ''"]
    conditions += _conditions(values, parameters, of_app=of_app)
    value = VALUES[dimension]
    return (
        f"SELECT k.at, {value} AS value, {', '.join(f'k.{column}' for column in columns_of(parts))}"
        f"{_kept('analytics_combinedrollup')} AND {' AND '.join(conditions)} AND {value} IS NOT NULL"
    )


def kept_end_users(
    values: Mapping[str, str], parts: Sequence[Part], parameters: dict[str, object], *, of_app: bool
) -> str:
    """Return the same with end users as values; of them only sums are kept."""
    values = dict(values)
    chosen = values.pop("end_user", None)
    conditions = _conditions(values, parameters, of_app=of_app)
    if chosen is not None:
        parameters["kept_end_user"] = chosen
        conditions.append("k.value = %(kept_end_user)s")
    sums = ", ".join(f"k.{name}" if name in IN_END_USERS else f"0 AS {name}" for name in SUMMED)
    columns = ", ".join(["k.at", "k.value", sums, *(nothing_of(part) for part in parts)])
    table = "analytics_enduserrollup"
    span = _kept(table) if values or of_app else f" FROM {table} k WHERE {_SPAN}"
    return f"SELECT {columns}{span}{''.join(f' AND {item}' for item in conditions)}"


_SPAN = "k.workspace_id = %(workspace)s AND k.grain = %(grain)s AND k.at >= %(since)s AND k.at < %(until)s"


def _kept(table: str) -> str:
    joined = f" FROM analytics_combination c JOIN {table} k ON k.combination_id = c.id"
    return f"{joined} WHERE c.workspace_id = %(workspace)s AND {_SPAN}"


def _conditions(values: Mapping[str, str], parameters: dict[str, object], *, of_app: bool) -> list[str]:
    conditions = ["c.app_id = %(app)s"] if of_app else []
    for number, (name, value) in enumerate(sorted(values.items())):
        parameters[f"kept_{number}"] = value
        conditions.append(_FILTERED[name].format(f"kept_{number}"))
    return conditions
