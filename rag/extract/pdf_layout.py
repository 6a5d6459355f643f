"""The order in which a page is read: its words become runs, its columns blocks, and each block has lines. Pure."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from rag.extract.pdf_page import RIGHT_TO_LEFT, Word

_GAP = 1.0
"""A gap of so many heights ends a run: what is beyond is another column or cell."""
_SHARED = 0.5
"""Two boxes that share so much of the lower one's height stand on one line."""
_MIN_COLUMN_LINES = 3
_MIN_COLUMN_CHARS = 14
_MAX_DEPTH = 12


class Run(NamedTuple):
    """Words of one line that follow each other without a gap, or a whole table.

    `size` is the height of its letters, `order` its place in the content of the page.
    """

    words: tuple[Word, ...]
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    order: int
    table: str = ""

    @property
    def chars(self) -> int:
        return len(self.table) or sum(len(word.text) for word in self.words)

    @property
    def height(self) -> float:
        return self.y1 - self.y0


class Line(NamedTuple):
    """Runs side by side, in the order in which they are read."""

    runs: tuple[Run, ...]
    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def size(self) -> float:
        return max(self.runs, key=lambda run: run.x1 - run.x0).size

    @property
    def chars(self) -> int:
        return sum(run.chars for run in self.runs)


def runs_of(words: Iterable[Word]) -> list[Run]:
    """Join the words that stand next to each other; words that are written vertically stay with their like."""
    runs: list[Run] = []
    group: list[Word] = []
    for word in words:
        if group and not _follows(group[-1], word):
            runs.append(_run(group, len(runs)))
            group = []
        group.append(word)
    if group:
        runs.append(_run(group, len(runs)))
    return runs


def lines_of(runs: Iterable[Run]) -> list[Line]:
    """Return the lines from top to bottom; what shares half of its height with a line stands on it."""
    groups: list[list[Run]] = []
    top, bottom = 0.0, 0.0
    for run in sorted(runs, key=lambda run: (run.y0 + run.y1, run.x0)):
        if groups and min(bottom, run.y1) - max(top, run.y0) >= _SHARED * min(bottom - top, run.height):
            groups[-1].append(run)
            continue
        groups.append([run])
        top, bottom = run.y0, run.y1
    return [line_of(group) for group in groups]


def in_order_of_content(runs: Iterable[Run]) -> list[Line]:
    """Return the runs as lines in the order in which they were written; those that go on to the right are one line."""
    groups: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: run.order):
        last = groups[-1][-1] if groups else None
        if last and run.x0 >= last.x1 and min(last.y1, run.y1) - max(last.y0, run.y0) >= _SHARED * last.size:
            groups[-1].append(run)
        else:
            groups.append([run])
    return [line_of(group) for group in groups]


def blocks_of(runs: Sequence[Run]) -> list[list[Line]]:
    """Return the lines of the page in reading order, one list per column; without columns there are few lists."""
    return [lines_of(part) for part in _ordered(list(runs), _MAX_DEPTH)]


def _ordered(runs: list[Run], depth: int) -> list[list[Run]]:
    parts: list[list[Run]] = []
    whole: list[Run] | None = None
    for group in _groups(runs):
        columns = _columns(group) if depth else None
        if columns is None and whole is not None:
            whole += group  # what no column divides goes on from one group to the next
            continue
        if columns is None:
            whole = group
            parts.append(whole)
            continue
        whole = None
        for column in columns:
            parts.extend(_ordered(column, depth - 1))
    return parts


def _groups(runs: list[Run]) -> list[list[Run]]:
    """Divide at the heights at which a gutter begins or ends; bands without any stay together."""
    groups: list[list[Run]] = []
    spans: list[tuple[float, float]] = []
    has_gutter = False
    for band in _bands(runs):
        own = _spans(band)
        joined = _merged([*spans, *own])
        if groups and has_gutter and len(joined) > 1:
            groups[-1] += band
        elif groups and not has_gutter and len(own) == 1:
            groups[-1] += band
            joined = own
        else:
            groups.append(list(band))
            joined = own
            has_gutter = len(own) > 1
        spans = joined
    return groups


def _bands(runs: list[Run]) -> list[list[Run]]:
    """Divide at every height at which nothing stands; lines that nearly touch do not hold together."""
    bands: list[list[Run]] = []
    bottom = 0.0
    for run in sorted(runs, key=lambda run: run.y0):
        inset = run.size * 0.2
        if bands and run.y0 + inset < bottom:
            bands[-1].append(run)
            bottom = max(bottom, run.y1 - inset)
        else:
            bands.append([run])
            bottom = run.y1 - inset
    return bands


def _spans(runs: Iterable[Run]) -> list[tuple[float, float]]:
    """Return what the runs cover of the width, joined where the gap is narrower than a gutter."""
    return _merged([(run.x0 - run.size * _GAP / 2, run.x1 + run.size * _GAP / 2) for run in runs])


def _merged(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _columns(runs: list[Run]) -> list[list[Run]] | None:
    """Return the two sides of the widest gutter that divides columns of text; cells of a table are none."""
    spans = _spans(runs)
    gutters = sorted(
        ((right[0] - left[1], (left[1] + right[0]) / 2) for left, right in pairwise(spans)),
        reverse=True,
    )
    for _, middle in gutters:
        left = [run for run in runs if run.x1 <= middle]
        right = [run for run in runs if run.x1 > middle]
        if _is_column(left) and _is_column(right):
            return [right, left] if is_right_to_left(_words(runs)) else [left, right]
    return None


def _is_column(runs: list[Run]) -> bool:
    lines = lines_of(runs)
    return len(lines) >= _MIN_COLUMN_LINES and median(line.chars for line in lines) >= _MIN_COLUMN_CHARS


def _follows(before: Word, after: Word) -> bool:
    if before.is_vertical or after.is_vertical:
        shared = min(before.x1, after.x1) - max(before.x0, after.x0)
        return before.is_vertical and after.is_vertical and shared >= _SHARED * min(_width(before), _width(after))
    height = min(before.y1 - before.y0, after.y1 - after.y0)
    if min(before.y1, after.y1) - max(before.y0, after.y0) < _SHARED * height:
        return False
    # To the right, or to the left in scripts that go there.
    gap = max(after.x0 - before.x1, before.x0 - after.x1)
    return -height < gap <= _GAP * max(before.y1 - before.y0, after.y1 - after.y0)


def _run(words: Sequence[Word], order: int) -> Run:
    x0, y0 = min(word.x0 for word in words), min(word.y0 for word in words)
    x1, y1 = max(word.x1 for word in words), max(word.y1 for word in words)
    if words[0].is_vertical:
        return Run(tuple(words), x0, y0, x1, y1, x1 - x0, order)
    # The letters of most words: a sign among them may have a font of another height.
    heights = sorted(word.y1 - word.y0 for word in words)
    return Run(tuple(words), x0, y0, x1, y1, heights[len(heights) // 2], order)


def line_of(runs: Sequence[Run]) -> Line:
    """Return the runs as one line, from left to right or, in scripts that go there, to the left."""
    if len(runs) == 1:
        run = runs[0]
        return Line((run,), run.x0, run.y0, run.x1, run.y1)
    ordered = sorted(runs, key=lambda run: run.x0, reverse=is_right_to_left(_words(runs)))
    return Line(
        tuple(ordered),
        min(run.x0 for run in runs),
        min(run.y0 for run in runs),
        max(run.x1 for run in runs),
        max(run.y1 for run in runs),
    )


def is_right_to_left(words: Sequence[Word]) -> bool:
    """Say whether most of the words are in a script that goes to the left."""
    return sum(bool(RIGHT_TO_LEFT.search(word.text)) for word in words) * 2 > len(words)


def _words(runs: Iterable[Run]) -> list[Word]:
    return [word for run in runs for word in run.words]


def _width(word: Word) -> float:
    return word.x1 - word.x0
