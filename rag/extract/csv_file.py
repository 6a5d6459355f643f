"""CSV and its relatives: the encoding and the delimiter are found out, every row becomes a row of a table."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rag.errors import EmptyDocumentError, MalformedDocumentError
from rag.extract.blocks import MAX_COLUMNS
from rag.extract.format import Format, Reading, clean
from rag.extract.sheets import Row, pages_of_sheet
from rag.extract.text import check, decode, read_bytes
from rag.types import Page

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_CHARS = 64 * 1024
_SAMPLE_LINES = 50
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_MAX_FIELD_CHARS = 10_000_000
# Spreadsheets of some countries say in the first line what they wrote.
_DECLARED = re.compile(r"\Asep=(.)\n", re.IGNORECASE)


def read(path: Path) -> Reading:
    """Read the file as pages of at most 500 rows, each under the header."""
    reading = Reading(iter(()))

    def pages() -> Iterator[Page]:
        text = clean(decode(read_bytes(path)))
        if not text.strip():
            raise EmptyDocumentError("the file holds nothing but white space")
        declared = _DECLARED.match(text)
        delimiter = declared.group(1) if declared else delimiter_of(text)
        rows = _rows(text[declared.end() :] if declared else text, delimiter)
        yield from pages_of_sheet(_noting_width(rows, reading.warnings))

    reading.pages = pages()
    return reading


def delimiter_of(text: str) -> str:
    """Return the delimiter that cuts the first lines into equally many fields, and into most; a comma if none does."""
    sample = _QUOTED.sub("", text[:_SAMPLE_CHARS])
    lines = [line for line in sample.split("\n") if line.strip()][:_SAMPLE_LINES]
    best, best_score = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        counts = Counter(line.count(delimiter) for line in lines)
        if counts.pop(0, 0) == len(lines):
            continue
        usual, times = counts.most_common(1)[0]
        score = (times / len(lines), usual)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(_MAX_FIELD_CHARS)
    lines = (line + "\n" for line in text.split("\n"))
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        yield from reader
    except csv.Error as error:
        raise MalformedDocumentError(f"line {reader.line_num} is no CSV ({error}); correct it and try again") from error


def _noting_width(rows: Iterator[Row], warnings: list[str]) -> Iterator[Row]:
    width = 0
    for row in rows:
        width = max(width, len(row))
        yield row
    if width > MAX_COLUMNS:
        warnings.append(f"columns after the first {MAX_COLUMNS:,} were left out")


FORMAT = Format(
    name="csv", label="CSV", extensions=(".csv", ".tsv"), read=read, check=check, is_text=True, markup="table"
)
