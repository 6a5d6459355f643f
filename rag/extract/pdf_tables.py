"""Tables of a page as Markdown: those that are drawn with rules, and those whose cells only stand in columns. Pure."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rag.extract.pdf_layout import Line, Run, is_right_to_left
from rag.extract.pdf_page import Rule, Word

_NEAR = 3.0
"""Points between a rule and another that it is meant to touch."""
_MAX_PAIRS = 100_000
_MIN_FILLED = 3

_MIN_ROWS = 3
_MAX_CELL_CHARS = 40
_FILLED_SHARE = 0.6
_MARKER = re.compile(r"\(?\w{1,4}[.)]|\[\w+\]|[^\w\s]")


class Table(NamedTuple):
    """A table and where it stands."""

    markdown: str
    x0: float
    y0: float
    x1: float
    y1: float


class _Axes(NamedTuple):
    """The rules of one table."""

    across: list[Rule]
    down: list[Rule]


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of equal length as a Markdown table, the first one as its head."""
    head, *body = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])


def text_of(words: Iterable[Word]) -> str:
    """Return the words with spaces between them, except where a hyphen was taken away."""
    return "".join(word.text if word.is_glued else word.text + " " for word in words).rstrip()


def ruled_tables(words: Sequence[Word], rules: Sequence[Rule]) -> tuple[list[Table], list[Word]]:
    """Return the tables that rules draw, and the words that stand in none of them."""
    tables: list[Table] = []
    rest = list(words)
    for axes in _connected(rules):
        xs = _places([*(rule.x0 for rule in axes.down), *(edge for rule in axes.across for edge in (rule.x0, rule.x1))])
        ys = _places([*(rule.y0 for rule in axes.across), *(edge for rule in axes.down for edge in (rule.y0, rule.y1))])
        if len(xs) < 3 or len(ys) < 3:
            continue
        inside = [word for word in rest if xs[0] <= _middle(word)[0] <= xs[-1] and ys[0] <= _middle(word)[1] <= ys[-1]]
        rows = _filled(_cells(inside, axes, xs, ys))
        if len(rows) < 2 or len(rows[0]) < 2 or sum(bool(cell) for row in rows for cell in row) < _MIN_FILLED:
            continue
        tables.append(Table(markdown(rows), xs[0], ys[0], xs[-1], ys[-1]))
        taken = set(map(id, inside))
        rest = [word for word in rest if id(word) not in taken]
    return tables, rest


def aligned_table(lines: Sequence[Line]) -> tuple[list[list[str]], int]:
    """Return the rows of the table with which `lines` begin, and how many lines it takes; none and 0 if there is none.

    Prose must never become one: it takes three lines of short cells with gutters that run through all of them.
    """
    spans: list[tuple[float, float]] = []
    taken = 0
    for line in lines:
        joined = _joined([*spans, *((run.x0 - run.size / 2, run.x1 + run.size / 2) for run in line.runs)])
        if (
            len(line.runs) < 2
            or any(run.table for run in line.runs)
            or len(joined) < max(len(spans), 2)
            or (taken and line.y0 - lines[taken - 1].y1 > 2 * line.size)
        ):
            break
        spans = joined
        taken += 1
    rows = [_row(line, spans) for line in lines[:taken]]
    return (rows, taken) if taken >= _MIN_ROWS and _is_table(rows) else ([], 0)


def _is_table(rows: list[list[str]]) -> bool:
    cells = [cell for row in rows for cell in row]
    filled = [cell for cell in cells if cell]
    if len(filled) < len(cells) * _FILLED_SHARE or sum(map(len, filled)) > len(filled) * _MAX_CELL_CHARS:
        return False
    if len(rows[0]) > 2:
        return not all(_MARKER.fullmatch(row[0]) for row in rows) or len(rows[0]) > 3
    # Two columns are also a list with its marks, an address with its names, a play.
    return sum(any(char.isdigit() for char in row[1]) for row in rows) >= len(rows) * _FILLED_SHARE


def _row(line: Line, spans: Sequence[tuple[float, float]]) -> list[str]:
    cells = [""] * len(spans)
    starts = [start for start, _ in spans]
    for run in sorted(line.runs, key=lambda run: run.x0):
        index = max(bisect_right(starts, run.x0) - 1, 0)
        cells[index] = f"{cells[index]} {text_of(run.words)}".strip()
    return cells[::-1] if is_right_to_left([word for run in line.runs for word in run.words]) else cells


def _joined(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _connected(rules: Sequence[Rule]) -> list[_Axes]:
    """Return the rules that touch each other crosswise, table by table, from the top."""
    across = [rule for rule in rules if rule.y0 == rule.y1]
    down = [rule for rule in rules if rule.y0 != rule.y1]
    if len(across) * len(down) > _MAX_PAIRS:
        return []
    group = {id(rule): index for index, rule in enumerate(rules)}
    members = {index: [rule] for index, rule in enumerate(rules)}
    for level in across:
        for upright in down:
            if not _touch(level, upright) or group[id(level)] == group[id(upright)]:
                continue
            keep, gone = group[id(level)], group[id(upright)]
            for rule in members.pop(gone):
                group[id(rule)] = keep
                members[keep].append(rule)
    found = [
        _Axes([rule for rule in part if rule.y0 == rule.y1], [rule for rule in part if rule.y0 != rule.y1])
        for part in members.values()
        if len(part) > 3
    ]
    return sorted(found, key=lambda axes: min((rule.y0 for rule in axes.across), default=0.0))


def _touch(level: Rule, upright: Rule) -> bool:
    return level.x0 - _NEAR <= upright.x0 <= level.x1 + _NEAR and upright.y0 - _NEAR <= level.y0 <= upright.y1 + _NEAR


def _places(values: Iterable[float]) -> list[float]:
    places: list[float] = []
    for value in sorted(values):
        if not places or value - places[-1] > _NEAR:
            places.append(value)
    return places


def _cells(words: Sequence[Word], axes: _Axes, xs: Sequence[float], ys: Sequence[float]) -> list[list[str]]:
    """Return the text by row and column; cells without a rule between them are one, and its text is in the first."""
    columns, rows = len(xs) - 1, len(ys) - 1
    root = {}
    for row in range(rows):
        for column in range(columns):
            root[row, column] = (row, column)
            if column and not _has_down(axes.down, xs[column], (ys[row] + ys[row + 1]) / 2):
                root[row, column] = root[row, column - 1]
            elif row and not _has_across(axes.across, ys[row], (xs[column] + xs[column + 1]) / 2):
                root[row, column] = root[row - 1, column]
    found: dict[tuple[int, int], list[Word]] = {}
    for word in words:
        x, y = _middle(word)
        place = min(max(bisect_right(ys, y) - 1, 0), rows - 1), min(max(bisect_right(xs, x) - 1, 0), columns - 1)
        found.setdefault(root[place], []).append(word)
    order = range(columns - 1, -1, -1) if is_right_to_left(words) else range(columns)
    return [[text_of(found.get((row, column), ())) for column in order] for row in range(rows)]


def _has_down(down: Sequence[Rule], x: float, y: float) -> bool:
    return any(abs(rule.x0 - x) <= _NEAR and rule.y0 - _NEAR <= y <= rule.y1 + _NEAR for rule in down)


def _has_across(across: Sequence[Rule], y: float, x: float) -> bool:
    return any(abs(rule.y0 - y) <= _NEAR and rule.x0 - _NEAR <= x <= rule.x1 + _NEAR for rule in across)


def _filled(rows: list[list[str]]) -> list[list[str]]:
    """Leave out rows and columns in which nothing stands."""
    rows = [row for row in rows if any(row)]
    columns = [index for index in range(len(rows[0])) if any(row[index] for row in rows)] if rows else []
    return [[row[index] for index in columns] for row in rows]


def _middle(word: Word) -> tuple[float, float]:
    return (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2


def table_run(table: Table) -> Run:
    """Return a table as something that has a place on the page, among the runs."""
    return Run((), table.x0, table.y0, table.x1, table.y1, 10.0, 0, table.markdown)
