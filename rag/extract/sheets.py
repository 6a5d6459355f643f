"""From rows of cells to pages: tables are told apart, and their header stands above every part of a long one."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rag.extract.blocks import MAX_COLUMNS, Blocks, squeeze, tidy_rows
from rag.types import Page

ROWS_PER_PAGE = 500
_NUMBER = re.compile(r"[-+(]?[\d\s.,:/%€$£¥-]+\)?%?\Z")
_MAX_TITLES = 10

Row = Sequence[str]


def pages_of_sheet(rows: Iterable[Row], *, heading: str = "", number: int | None = None) -> Iterator[Page]:
    """Yield the tables of one sheet. An empty row means an empty line; a table may go on after it.

    Only `ROWS_PER_PAGE` rows are in memory; the first row of `Page.rows` names the columns.
    """
    part = _Part(heading, number)
    after_gap = True
    for row in rows:
        cells = [squeeze(cell) if cell else "" for cell in row[:MAX_COLUMNS]]
        if not any(cells):
            after_gap = True
            continue
        filled = sum(map(bool, cells))
        if after_gap and part.rows and (_is_header(cells) or (filled == 1 and len(part.rows[0]) > 1)):
            yield from part.finished()
            part = _Part(heading, number)
        after_gap = False
        if not part.rows and filled == 1 and len(part.titles) < _MAX_TITLES:
            part.titles.append(next(filter(None, cells)))
            continue
        part.rows.append(cells)
        if len(part.rows) > ROWS_PER_PAGE:
            yield from part.finished()
            part = _Part(heading, number, part.titles, [part.rows[0]])
            part.is_continued = True
    yield from part.finished()


@dataclass(slots=True)
class _Part:
    """The rows of a page that is being filled; the first of them is the table's header."""

    heading: str
    number: int | None
    titles: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    is_continued: bool = False

    def finished(self) -> Iterator[Page]:
        """Yield the page, unless nothing has come into it."""
        if len(self.rows) <= self.is_continued and not (self.titles and not self.is_continued):
            return
        blocks = Blocks()
        blocks.heading(2, self.heading)
        for title in self.titles:
            blocks.paragraph(title)
        blocks.table(self.rows)
        rows = tidy_rows(self.rows)
        yield Page(blocks.text(), self.number, rows=tuple(map(tuple, rows)))


def _is_header(cells: Row) -> bool:
    filled = [cell for cell in cells if cell]
    return len(filled) > 1 and len(set(filled)) == len(filled) and not any(map(_NUMBER.match, filled))
