"""Builds the Markdown-like text that every reader of a structured format yields."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MAX_COLUMNS = 1000
_MAX_DEPTH = 12
_SPACES = re.compile(r"[ \t\n\r\f\v\u00a0]+")
_MAX_HEADING = 6


def squeeze(text: str) -> str:
    """Return `text` on one line, with single spaces."""
    return _SPACES.sub(" ", text).strip()


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table; `inner` is set when it holds more than a line of a table can."""

    text: str
    inner: "Blocks | None" = None


class Blocks:
    """Headings, paragraphs, list items and tables in the order of the document; a blank line stands between them."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._in_list = False

    def heading(self, level: int, text: str) -> None:
        """Add a heading; an empty one is left out."""
        if line := squeeze(text):
            self._add(f"{'#' * min(max(level, 1), _MAX_HEADING)} {line}")

    def paragraph(self, text: str) -> None:
        """Add a paragraph, whose line breaks are kept."""
        lines = [_SPACES.sub(" ", line).strip() for line in text.strip().split("\n")]
        if joined := "\n".join(lines).strip():
            self._add(joined)

    def item(self, depth: int, text: str, marker: str = "-") -> None:
        """Add an item of a list; `depth` is 0 for the outermost list."""
        if line := squeeze(text):
            self._add(f"{'  ' * min(depth, _MAX_DEPTH)}{marker} {line}", in_list=True)

    def code(self, text: str) -> None:
        """Add preformatted text."""
        if text.strip():
            fence = "````" if "```" in text else "```"
            self._add(f"{fence}\n{text.strip(chr(10))}\n{fence}")

    def table(self, rows: Iterable[Sequence[str]]) -> None:
        """Add a table whose first row names the columns; a table of one column becomes paragraphs."""
        tidy = tidy_rows(rows)
        if tidy and max(map(len, tidy)) == 1:
            for row in tidy:
                self.paragraph(row[0])
        elif tidy:
            self._add(markdown_table(tidy))

    def grid(self, rows: Iterable[Sequence["Cell"]]) -> None:
        """Add a table, some of whose cells may hold tables or lists of their own.

        A row with such a cell ends the table: its cells follow one after the other, and the next rows are a new table.
        """
        plain: list[list[str]] = []
        for row in rows:
            if not any(cell.inner for cell in row):
                plain.append([cell.text for cell in row])
                continue
            self.table(plain)
            plain = []
            for cell in row:
                if cell.inner:
                    self.extend(cell.inner)
                else:
                    self.paragraph(cell.text)
        self.table(plain)

    def extend(self, other: "Blocks") -> None:
        """Add everything that `other` holds."""
        if other:
            self._add(other.text())

    def text(self) -> str:
        """Return everything that was added."""
        return "".join(self._out)

    def __bool__(self) -> bool:
        return bool(self._out)

    def _add(self, block: str, *, in_list: bool = False) -> None:
        if self._out:
            self._out.append("\n" if in_list and self._in_list else "\n\n")
        self._out.append(block)
        self._in_list = in_list


def tidy_rows(rows: Iterable[Sequence[str]]) -> list[list[str]]:
    """Return the rows, all equally long, without the rows and columns that are empty throughout."""
    kept = [[squeeze(cell) for cell in row[:MAX_COLUMNS]] for row in rows]
    kept = [row for row in kept if any(row)]
    width = max(map(len, kept), default=0)
    filled = [any(row[at : at + 1] != [""] and at < len(row) for row in kept) for at in range(width)]
    return [[row[at] if at < len(row) else "" for at in range(width) if filled[at]] for row in kept]


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Return a table in GitHub's Markdown; the rows are equally long and have one line per cell."""
    lines = [_line(rows[0]), "|" + " --- |" * len(rows[0]), *(_line(row) for row in rows[1:])]
    return "\n".join(lines)


def _line(row: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
