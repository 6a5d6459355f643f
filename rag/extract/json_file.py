"""JSON and JSON Lines as text that people can read: a line per value, a paragraph per record."""

import json
from collections.abc import Iterator
from pathlib import Path

from rag.errors import EmptyDocumentError, MalformedDocumentError
from rag.extract.format import Format, Reading, clean
from rag.extract.text import check, decode, read_bytes
from rag.types import Page

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]

RECORDS_PER_PAGE = 500
_MAX_DEPTH = 100
_SHORT_LIST = 120
"""A list of plain values that is shorter than this stays on one line."""


def read_json(path: Path) -> Reading:
    """Read a JSON file; each entry of a list at the top is a paragraph."""

    def pages() -> Iterator[Page]:
        text = _text(path)
        try:
            value = _loads(text)
        except ValueError as error:
            raise MalformedDocumentError(_position(error, 0)) from error
        yield from _pages(iter(value) if isinstance(value, list) else iter([value]))

    return Reading(pages())


def read_lines(path: Path) -> Reading:
    """Read a file with one JSON value in each line; each of them is a paragraph."""

    def records() -> Iterator[Value]:
        for number, line in enumerate(_text(path).split("\n"), start=1):
            if not line.strip():
                continue
            try:
                yield _loads(line)
            except ValueError as error:
                raise MalformedDocumentError(_position(error, number)) from error

    return Reading(_pages(records()))


def _text(path: Path) -> str:
    text = clean(decode(read_bytes(path)))
    if not text.strip():
        raise EmptyDocumentError("the file holds nothing but white space")
    return text


def _loads(text: str) -> Value:
    try:
        value: Value = json.loads(text, parse_int=_number)
    except RecursionError as error:
        raise MalformedDocumentError(f"the JSON is nested deeper than {_MAX_DEPTH} levels; flatten it") from error
    return value


def _number(digits: str) -> Value:
    # Python refuses to read a number of 5,000 digits; it is only shown here.
    return int(digits) if len(digits) < 1000 else digits


def _position(error: ValueError, line: int) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return f"the file is no JSON ({error}); correct it and try again"
    return (
        f"the file is no JSON: {error.msg} in line {line or error.lineno}, column {error.colno}; "
        "correct it and try again"
    )


def _pages(records: Iterator[Value]) -> Iterator[Page]:
    paragraphs: list[str] = []
    for record in records:
        paragraph = "\n".join(_lines(record, 0))
        if paragraph.strip():
            paragraphs.append(paragraph)
        if len(paragraphs) == RECORDS_PER_PAGE:
            yield Page("\n\n".join(paragraphs))
            paragraphs = []
    if paragraphs:
        yield Page("\n\n".join(paragraphs))


def _lines(value: Value, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        raise MalformedDocumentError(f"the JSON is nested deeper than {_MAX_DEPTH} levels; flatten it")
    indent = "  " * depth
    if isinstance(value, dict):
        for key, inner in value.items():
            if (short := _short(inner)) is not None:
                if short:
                    yield f"{indent}{key}: {short}"
            else:
                yield f"{indent}{key}:"
                yield from _lines(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            if (short := _short(inner)) is not None:
                yield f"{indent}- {short}"
            else:
                first, *others = list(_lines(inner, depth + 1)) or [""]
                yield f"{indent}- {first.strip()}"
                yield from others
    else:
        yield indent + _plain(value)


def _short(value: Value) -> str | None:
    """Return the value when it fits behind its name, "" where there is nothing to tell, else None."""
    match value:
        case dict():
            return None if value else ""
        case list():
            if any(isinstance(inner, (dict, list)) for inner in value):
                return None
            line = ", ".join(_plain(inner) for inner in value)
            return line if len(line) < _SHORT_LIST else None
        case _:
            return _plain(value)


def _plain(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


FORMATS = (
    Format(name="json", label="JSON", extensions=(".json", ".geojson"), read=read_json, check=check, is_text=True),
    Format(name="jsonl", label="JSONL", extensions=(".jsonl", ".ndjson"), read=read_lines, check=check, is_text=True),
)
