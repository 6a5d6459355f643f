"""The SQL that adds rows up, whichever they are: runs into hours, hours into days, and any of them into an answer."""

# ruff: noqa: S608 -- every name in the SQL is ours, every value a parameter

from collections.abc import Sequence

from backend.analytics.measures import PARTS, SUMMED, Part
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


def unit_columns(parts: Sequence[Part] = PARTS, *, of: str = "u") -> str:
    """Return the columns of one run (`UNITS`) as those of a row: its times are histograms of one."""
    arrays = {
        "ttft": f"ARRAY[{of}.ttft_key] AS ttft_keys, ARRAY[1::bigint] AS ttft_counts",
        "elapsed": f"ARRAY[{of}.elapsed_key] AS elapsed_keys, ARRAY[1::bigint] AS elapsed_counts",
        "users": f"ARRAY[{of}.user_hash] AS users",
        "conversations": f"ARRAY[{of}.conversation_hash] AS conversations",
    }
    return ", ".join([*(f"{of}.{name}" for name in SUMMED), *(arrays[part] for part in parts)])


def merged(source: str, groups: Sequence[str], parts: Sequence[Part] = PARTS) -> str:
    """Return a query of one row for each value of `groups`, which are columns of `source` and never null."""
    by = ", ".join(groups)
    sums = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in SUMMED)
    tables = [f"rows AS ({source})", f"sums AS (SELECT {by}, {sums} FROM rows GROUP BY {by})"]
    tables += [f"{part} AS ({_part(part, by)})" for part in parts]
    joins = "".join(f" LEFT JOIN {part} USING ({by})" for part in parts)
    return f"WITH {', '.join(tables)} SELECT {by}, {', '.join(columns_of(parts))} FROM sums{joins}"


def _part(part: Part, by: str) -> str:
    if part in _HISTOGRAMS:
        return f"""
            SELECT {by}, array_agg(key ORDER BY key) AS {part}_keys, array_agg(n ORDER BY key) AS {part}_counts
              FROM (SELECT {by}, key, sum(n)::bigint AS n
                      FROM rows, unnest({part}_keys, {part}_counts) AS bucket (key, n)
                     WHERE key IS NOT NULL GROUP BY {by}, key) AS buckets GROUP BY {by}"""
    return f"""
        SELECT {by}, (array_agg(hash ORDER BY hash))[1:{KEPT_HASHES}] AS {part}
          FROM (SELECT DISTINCT {by}, hash FROM rows, unnest({part}) AS hash WHERE hash IS NOT NULL) AS hashes
         GROUP BY {by}"""
