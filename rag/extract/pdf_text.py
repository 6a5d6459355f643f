"""From the lines of a page to its text: paragraphs, headings and tables, and where on the page each is. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import groupby, pairwise
from statistics import median

from rag.extract.pdf_layout import Line, in_order_of_content, line_of
from rag.extract.pdf_page import Edges
from rag.extract.pdf_tables import Table, aligned_table, markdown, text_of
from rag.types import Area, Box, Page

MAX_BOXES = 40

_WRAPPED_SHARE = 0.7
"""A line this long, against its column, was wrapped by the page and not ended by the author."""
_FULL_SHARE = 0.85
_LIST_MARK = re.compile(r"(?:[-•▪◦*–—]|\(?\w{1,3}[.)])\s")
_GOES_ON = ",;)»”’\"'"
_OPENING = "(«“‘„\"'"
_HEADINGS = ((1.9, "# "), (1.6, "## "), (1.3, "### "))
_MAX_HEADING_CHARS = 150
_SAME_SIZE = 1.3
_DOUBLE_SPACED = 1.3
_TABLE_SHARE = 0.7
"""So much of what stands side by side must fit a table; else it is a form, a timetable, a drawing."""
_MAX_TITLE_LINES = 2


@dataclass(slots=True)
class _Composer:
    """A text that grows by lines and tables, with the place of each paragraph."""

    body_size: float
    parts: list[str] = field(default_factory=list)
    length: int = 0
    start: int = 0
    edges: Edges | None = None
    boxes: list[tuple[int, int, Edges]] = field(default_factory=list)

    def block(self, lines: Sequence[Line], before: Line | None) -> Line | None:
        """Add the lines of a column; `before` is the last line of the one before. Returns its own last line."""
        extent, leading = max(map(_extent, lines), default=0.0), _leading(lines)
        at_top = True
        for piece in _pieces(lines):
            if isinstance(piece, Table):
                self._begin("\n\n")
                self._add(piece.markdown, _edges(piece))
                before = None
                continue
            if before is None:
                self._begin("\n\n" + self._heading(piece))
            elif at_top:
                between = _between_columns(before, piece)
                self._begin(between if between != "\n\n" else between + self._heading(piece))
            else:
                between = _between(before, piece, extent, leading)
                if "\n" in between:
                    self._begin(between + self._heading(piece))
                else:
                    self._add(between, _edges(piece))
            self._add(text_of(word for run in piece.runs for word in run.words), _edges(piece))
            before, at_top = piece, False
        return before

    def finish(self, number: int, area_of: Callable[[Edges], Area]) -> Page:
        """Return what was added."""
        self._close()
        boxes = tuple(Box(start, end, area_of(edges)) for start, end, edges in _fewer(self.boxes))
        return Page("".join(self.parts), number, boxes)

    def _begin(self, separator: str) -> None:
        """End the paragraph and begin another one; the first one needs no space before it."""
        self._close()
        separator = separator if self.length else separator.lstrip("\n")
        self.parts.append(separator)
        self.length += len(separator)
        self.start = self.length

    def _add(self, text: str, edges: Edges) -> None:
        self.parts.append(text)
        self.length += len(text)
        self.edges = edges if self.edges is None else _union(self.edges, edges)

    def _close(self) -> None:
        if self.edges is not None and self.length > self.start:
            self.boxes.append((self.start, self.length, self.edges))
        self.edges = None

    def _heading(self, line: Line) -> str:
        """Return the marks of a heading for a line whose letters are larger than those of the text."""
        text = text_of(word for run in line.runs for word in run.words)
        if len(text) > _MAX_HEADING_CHARS or not any(char.isalpha() for char in text):
            return ""
        return next((marks for factor, marks in _HEADINGS if line.size >= self.body_size * factor), "")


def page_of(
    blocks: Iterable[Sequence[Line]], *, number: int, area_of: Callable[[Edges], Area], body_size: float
) -> Page:
    """Return the page: a line per paragraph, blank lines where it has space, a box for each paragraph and table.

    `area_of` tells where on the visible page something is.
    """
    composer = _Composer(body_size)
    before: Line | None = None
    for lines in blocks:
        before = composer.block(lines, before)
    return composer.finish(number, area_of)


def _pieces(lines: Sequence[Line]) -> Iterator[Line | Table]:
    """Yield tables and lines; what stands side by side without being a table is read as it was written."""
    index = 0
    while index < len(lines):
        end = _scattered_end(lines, index)
        if end == index:
            yield from _unfolded(lines[index])
            index += 1
            continue
        for start in range(index, min(index + _MAX_TITLE_LINES, end) + 1):
            rows, taken = aligned_table(lines[start:end])
            if taken and taken >= _TABLE_SHARE * (end - start):
                yield from lines[index:start]
                edges = reduce(_union, (_edges(line) for line in lines[start : start + taken]))
                yield Table(markdown(rows), *edges)
                index = start + taken
                break
        else:
            yield from in_order_of_content(run for line in lines[index:end] for run in line.runs)
            index = end


def _scattered_end(lines: Sequence[Line], start: int) -> int:
    """Return where the lines end that have several runs, from `start` on; one with a single run may be among them."""
    end = start
    for index in range(start, len(lines)):
        if any(run.table for run in lines[index].runs) or index > end + 1:
            break
        if len(lines[index].runs) > 1:
            end = index + 1
        elif index == start:
            break
    return end


def _unfolded(line: Line) -> Iterator[Line | Table]:
    for is_table, runs in groupby(line.runs, key=lambda run: bool(run.table)):
        if is_table:
            yield from (Table(run.table, run.x0, run.y0, run.x1, run.y1) for run in runs)
        else:
            yield line_of(list(runs))


def _between(before: Line, line: Line, extent: float, leading: float) -> str:
    """Return what separates two lines of a column: nothing, a space, a line end or a blank line."""
    if before.runs[-1].words[-1].is_glued:
        return ""
    size = max(before.size, line.size)
    if line.y1 < before.y0 + size / 2:
        return "\n\n"  # it is above: another column of a form
    if line.y0 - before.y1 > min(leading, _DOUBLE_SPACED * size) + 0.5 * size or size > _SAME_SIZE * min(
        before.size, line.size
    ):
        return "\n\n"
    share = _extent(before) / extent if extent else 0.0
    return _joint(before, line) if _continues(before, line, share) else "\n"


def _between_columns(before: Line, line: Line) -> str:
    """Return what separates the end of a column from the next one: a sentence may go on there."""
    if before.runs[-1].words[-1].is_glued:
        return ""
    goes_on = _last(before).isalpha() or _last(before) == ","
    return _joint(before, line) if goes_on and _first(line).islower() else "\n\n"


def _continues(before: Line, line: Line, share: float) -> bool:
    last, first = _last(before), _first(line)
    if share >= _WRAPPED_SHARE and first.isalpha() and (last == "," or last.isalpha()):
        return True
    text = line.runs[0].words[0].text
    if share < _FULL_SHARE or last in ".!?:" or _LIST_MARK.match(text + " "):
        return False
    # What ends in a number is a line of a list of contents or of a table, unless the sentence goes on.
    if not (last.isalpha() or last in _GOES_ON):
        return first.islower()
    return first.isalnum() or first in _OPENING


def _joint(before: Line, line: Line) -> str:
    return "" if _is_unspaced(_last(before)) and _is_unspaced(_first(line)) else " "


def _is_unspaced(char: str) -> bool:
    """Say whether `char` belongs to a script that puts no spaces between words (kana and Han)."""
    return "\u3000" <= char <= "\u30ff" or "\u3400" <= char <= "\u9fff" or "\u2e80" <= char <= "\u2fdf"


def _first(line: Line) -> str:
    return line.runs[0].words[0].text[0]


def _last(line: Line) -> str:
    return line.runs[-1].words[-1].text[-1]


def _extent(line: Line) -> float:
    # Of a line that is written vertically it is the height.
    return max(line.x1 - line.x0, line.y1 - line.y0)


def _leading(lines: Sequence[Line]) -> float:
    """Return the usual space between two lines."""
    gaps = [after.y0 - before.y1 for before, after in pairwise(lines) if after.y0 > before.y0]
    return max(median(gaps), 0.0) if gaps else 0.0


def _edges(piece: Line | Table) -> Edges:
    return piece.x0, piece.y0, piece.x1, piece.y1


def _union(a: Edges, b: Edges) -> Edges:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _fewer(boxes: list[tuple[int, int, Edges]]) -> list[tuple[int, int, Edges]]:
    """Join neighbours, those first that lose least by it, until there are few enough."""
    boxes = list(boxes)
    while len(boxes) > MAX_BOXES:
        costs = [_size(_union(a[2], b[2])) - _size(a[2]) - _size(b[2]) for a, b in pairwise(boxes)]
        index = costs.index(min(costs))
        (start, _, first), (_, end, second) = boxes[index : index + 2]
        boxes[index : index + 2] = [(start, end, _union(first, second))]
    return boxes


def _size(edges: Edges) -> float:
    return (edges[2] - edges[0]) * (edges[3] - edges[1])
