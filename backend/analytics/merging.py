"""The SQL that adds rows up, whichever they are: runs into hours, hours into days, and any of them into an answer.

What is kept is merged by PostgreSQL. An answer has only its sums from there: its histograms and hashes travel as they
are stored, one behind the other, and `sketches.py` merges them, which takes a tenth of the time.
"""

# ruff: noqa: S608 -- every name in the SQL is ours, every value a parameter

from collections.abc import Sequence

from backend.analytics.measures import OF_EVENTS, PARTS, SUMMED, Part
from backend.analytics.sketches import KEPT_HASHES

_HISTOGRAMS = ("ttft", "elapsed")
ARRAYS = {
    "ttft": ("ttft_keys", "ttft_counts"),
    "elapsed": ("elapsed_keys", "elapsed_counts"),
    "users": ("users",),
    "conversations": ("conversations",),
}
"""The columns of each part."""


def columns_of(parts: Sequence[Part] = PARTS) -> list[str]:
    """Return the columns of a row that can be added up, in the order in which every statement here has them."""
    return [*SUMMED, *(column for part in parts for column in ARRAYS[part])]


def unit_columns(parts: Sequence[Part] = PARTS, *, of: str = "u", events: bool = True) -> str:
    """Return the columns of one run (`UNITS`) as those of a row: its times are histograms of one.

    Without `events` what they tell is 0, and PostgreSQL does not read them.
    """
    arrays = {
        "ttft": _histogram_of_one(f"{of}.ttft_key", "ttft"),
        "elapsed": _histogram_of_one(f"{of}.elapsed_key", "elapsed"),
        "users": f"{_array_of_one(f'{of}.user_hash')} AS users",
        "conversations": f"{_array_of_one(f'{of}.conversation_hash')} AS conversations",
    }
    sums = (f"{of}.{name}" if events or name not in OF_EVENTS else f"0 AS {name}" for name in SUMMED)
    return ", ".join([*sums, *(arrays[part] for part in parts)])


_IN_NODES = ("runs", "errors", "prompt_tokens", "completion_tokens", "cached_tokens", "cached_nodes")


def node_columns(parts: Sequence[Part] = PARTS) -> str:
    """Return the columns of one end of a node (`NODES`, as `n`) as those of a row."""
    sums = [f"n.{name}" if name in _IN_NODES else f"0 AS {name}" for name in SUMMED]
    times = _histogram_of_one("n.elapsed_key", "elapsed")
    return ", ".join([*sums, *(times if part == "elapsed" else nothing_of(part) for part in parts)])


def nothing_of(part: Part) -> str:
    """Return the columns of a part that is not known."""
    kinds = ("smallint[]", "bigint[]") if len(ARRAYS[part]) == 2 else ("bigint[]",)
    return ", ".join(f"NULL::{kind} AS {column}" for kind, column in zip(kinds, ARRAYS[part], strict=True))


def _histogram_of_one(key: str, part: Part) -> str:
    return f"{_array_of_one(key)} AS {part}_keys, {_array_of_one(key, '1::bigint')} AS {part}_counts"


def _array_of_one(value: str, element: str = "") -> str:
    return f"CASE WHEN {value} IS NOT NULL THEN ARRAY[{element or value}] END"


ARRAY_HEAD_BYTES = 20
"""What precedes the elements of an array of one dimension as PostgreSQL sends it (`array_send`)."""


def packed(source: str, groups: Sequence[str], parts: Sequence[Part] = PARTS) -> str:
    """Return a query of one row for each value of `groups`: sums, and the arrays of all rows behind each other.

    The arrays of one part are in the same order, and as `sketches.unpacked` reads them.
    """
    by = ", ".join(groups)
    sums = [f"coalesce(sum({name}), 0) AS {name}" for name in SUMMED]
    arrays = [
        f"string_agg(substring(array_send({column}) FROM {ARRAY_HEAD_BYTES + 1}), ''::bytea) AS {column}"
        for part in parts
        for column in ARRAYS[part]
    ]
    return f"SELECT {by}, {', '.join([*sums, *arrays])} FROM ({source}) AS rows GROUP BY {by}"


def merged(source: str, groups: Sequence[str], parts: Sequence[Part] = PARTS, *, of_one: bool = False) -> str:
    """Return a query of one row for each value of `groups`, which are columns of `source` and never null.

    `of_one` says that no array of the source has more than one element: they need not be taken apart.
    """
    by = ", ".join(groups)
    sums = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in SUMMED)
    tables = [f"rows AS ({source})", f"sums AS (SELECT {by}, {sums} FROM rows GROUP BY {by})"]
    tables += [f"{part} AS ({_part(part, by, of_one)})" for part in parts]
    joins = "".join(f" LEFT JOIN {part} USING ({by})" for part in parts)
    return f"WITH {', '.join(tables)} SELECT {by}, {', '.join(columns_of(parts))} FROM sums{joins}"


def _part(part: Part, by: str, of_one: bool) -> str:
    if part in _HISTOGRAMS:
        buckets = (
            f"SELECT {by}, {part}_keys[1] AS key, count(*) AS n FROM rows WHERE {part}_keys IS NOT NULL"
            if of_one
            else f"SELECT {by}, key, sum(n)::bigint AS n FROM rows, unnest({part}_keys, {part}_counts) AS b (key, n)"
        )
        return f"""
            SELECT {by}, array_agg(key ORDER BY key) AS {part}_keys, array_agg(n ORDER BY key) AS {part}_counts
              FROM ({buckets} GROUP BY {by}, key) AS buckets GROUP BY {by}"""
    hashes = (
        f"{part}[1] AS hash FROM rows WHERE {part} IS NOT NULL" if of_one else f"hash FROM rows, unnest({part}) AS hash"
    )
    return f"""
        SELECT {by}, (array_agg(hash ORDER BY hash))[1:{KEPT_HASHES}] AS {part}
          FROM (SELECT DISTINCT {by}, {hashes}) AS hashes
         GROUP BY {by}"""
