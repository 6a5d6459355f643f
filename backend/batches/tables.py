"""Reads an uploaded table and names the columns of its results. Knows no database."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from backend.common.errors import FileTooLarge, Invalid
from rag.errors import RagError
from rag.extract.csv_file import delimiter_of
from rag.extract.text import decode

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 10_000
MAX_COLUMNS = 200
MAX_NAME_CHARS = 200
# Spreadsheets of some countries say in the first line what they wrote.
_DECLARED = re.compile(r"\Asep=(.)\r?\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows of as many cells."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    delimiter: str


def table_read(data: bytes) -> Table:
    """Return the table in a file of any usual encoding and delimiter; raises `Invalid` or `FileTooLarge`."""
    if len(data) > MAX_BYTES:
        raise FileTooLarge(f"the table is larger than {MAX_BYTES >> 20} MB: split it")
    try:
        text = decode(data)
    except RagError as error:
        raise _unusable(error.message) from error
    if "\0" in text:
        raise _unusable("the file holds NUL characters, so it is no CSV: export the table as CSV")
    declared = _DECLARED.match(text)
    delimiter = declared.group(1) if declared else delimiter_of(text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = _lines(text[declared.end() :] if declared else text, delimiter)
    _, header = next(lines, (0, []))
    columns = _columns(header)
    rows = tuple(_row(number, cells, len(columns)) for number, cells in _bounded(lines))
    if not rows:
        raise _unusable("the table has no rows: write one below the header for each run")
    return Table(columns, rows, delimiter)


def _unusable(message: str, code: str | None = None) -> Invalid:
    return Invalid(message, code=code, fields={"file": [message]})


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of every line that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise _unusable(f"line {reader.line_num} is no CSV ({error}): correct it") from error


def _bounded(lines: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    for at, line in enumerate(lines):
        if at >= MAX_ROWS:
            raise _unusable(f"the table has more than {MAX_ROWS:,} rows: split it", "too_many_rows")
        yield line


def _columns(header: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns; raises `Invalid` for a header without names, or with the same name twice."""
    names = [name.strip() for name in header]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise _unusable("the file is empty: the first line names the columns")
    if len(names) > MAX_COLUMNS:
        raise _unusable(f"the table has {len(names)} columns: it may have {MAX_COLUMNS}")
    for at, name in enumerate(names, 1):
        if not name:
            raise _unusable(f"column {at} has no name: the first line must name every column")
        if len(name) > MAX_NAME_CHARS:
            raise _unusable(f"the name of column {at} is longer than {MAX_NAME_CHARS} characters: is there a header?")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _unusable(f"several columns are named {', '.join(map(repr, twice))}: give each its own name")
    return tuple(names)


def _row(line: int, cells: Sequence[str], width: int) -> tuple[str, ...]:
    if any(cell.strip() for cell in cells[width:]):
        raise _unusable(f"line {line} has {len(cells)} cells, the header has {width}: put quotes around its texts")
    return tuple((*cells[:width], *[""] * (width - len(cells))))


def header_of(columns: Sequence[str], added: Mapping[str, str]) -> list[str]:
    """Return the columns and those that are added; an added one whose name is taken gets its prefix before it."""
    names = list(columns)
    for name, prefix in added.items():
        wanted = name
        while wanted in names:
            wanted = f"{prefix}{wanted}"
        names.append(wanted)
    return names
