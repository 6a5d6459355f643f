"""Reads and writes annotations as CSV; what is wrong is named by its line. Knows no database."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backend.annotations.texts import text_wrong
from backend.common.errors import FileTooLarge, Invalid
from rag.errors import RagError
from rag.extract.csv_file import delimiter_of
from rag.extract.text import decode

MAX_BYTES = 5 * 1024 * 1024
MAX_LINES = 20_000
BOM = "\ufeff"
"""Without it, a spreadsheet reads UTF-8 as the code page of its country."""
HEADER = ("question", "answer")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Line:
    """A question and its answer, as they stand in a file."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A line of a file that is no annotation, and why."""

    line: int
    reason: str


def lines_read(data: bytes) -> Iterator[Line | Refused]:
    """Yield the lines of a file in any usual encoding; raises `Invalid` or `FileTooLarge` when it is no such file.

    A header that names the columns `question` and `answer` (any order, others are left out) may stand above; without
    one, the first two columns are meant.
    """
    if len(data) > MAX_BYTES:
        raise FileTooLarge(f"the file is larger than {MAX_BYTES >> 20} MB: split it")
    try:
        text = decode(data)
    except RagError as error:
        raise _unusable(error.message) from error
    if "\0" in text:
        raise _unusable("the file holds NUL characters, so it is no CSV: save it as CSV")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text.replace("\r\n", "\n")))
    places, count, before = (0, 1), 0, 0
    try:
        for cells in reader:
            # A line of CSV goes on while a text in quotes does: it is named by where it begins.
            line, before = before + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if not count and (found := _places(cells)) is not None:
                places, count = found, 1
                continue
            count += 1
            if count > MAX_LINES + 1:
                raise _unusable(f"the file has more than {MAX_LINES:,} lines: split it")
            yield _line(line, cells, places)
    except csv.Error as error:
        raise _unusable(f"line {reader.line_num} is no CSV ({error}): correct it") from error
    if not count:
        raise _unusable("the file is empty: write a question and its answer in each line")


def _unusable(message: str) -> Invalid:
    return Invalid(message, fields={"file": [message]})


def _places(cells: list[str]) -> tuple[int, int] | None:
    """Return where the columns are that a header names; None for a line that is no header."""
    names = [cell.strip().lower() for cell in cells]
    return (names.index("question"), names.index("answer")) if set(HEADER) <= set(names) else None


def _line(line: int, cells: list[str], places: tuple[int, int]) -> Line | Refused:
    values = [_plain(cells[place]) if place < len(cells) else "" for place in places]
    for name, value in zip(HEADER, values, strict=True):
        if wrong := text_wrong(name, value):
            return Refused(line, wrong)
    return Line(values[0].strip(), values[1].strip())


def _plain(cell: str) -> str:
    """Return a cell without the quote that `rows_text` puts before what looks like a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA_STARTS) else cell


def rows_text(rows: Iterable[Iterable[str]]) -> str:
    """Return lines of CSV in which no spreadsheet takes a text for a formula."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(
        [f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell for cell in row] for row in rows
    )
    return out.getvalue()
