"""Lines of CSV that no spreadsheet takes for formulas."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence

BOM = "\ufeff"
"""Without it, a spreadsheet reads UTF-8 as the code page of its country."""
_NUMBER = re.compile(r"^[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?%?$")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def guarded(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; numbers stay as they are."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) and not _NUMBER.match(cell) else cell


def cell_of(value: object) -> str:
    """Return how a value stands in a cell: text as it is, nothing for null, JSON for the rest."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def csv_text(rows: Iterable[Sequence[object]], delimiter: str = ",") -> str:
    """Return lines of CSV with every cell guarded."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerows([guarded(cell_of(value)) for value in row] for row in rows)
    return out.getvalue()
