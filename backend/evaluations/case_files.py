"""Reads uploaded cases: CSV with a header, or JSON lines; a broken line is named, and the rest is used."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agents.types import JsonValue
from backend.common.errors import Invalid

MAX_CASES = 2000
MAX_CHARS = 50_000
MAX_ITEMS = 50
MAX_LINE_CHARS = 500_000
LIST_MARK = "|"
KNOWN = ("query", "expected", "expected_sources", "expected_tools", "note", "inputs")
ALIASES = {
    "question": "query",
    "answer": "expected",
    "expected_answer": "expected",
    "sources": "expected_sources",
    "tools": "expected_tools",
}
INPUT = "inputs."


@dataclass(frozen=True, slots=True)
class CaseDraft:
    """A case as somebody wrote it down; raises `ValueError` for one that nothing can be asked with."""

    query: str = ""
    inputs: Mapping[str, JsonValue] = field(default_factory=dict)
    expected: str = ""
    expected_tools: tuple[Mapping[str, JsonValue], ...] = ()
    expected_sources: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if not self.query.strip() and not self.inputs:
            raise ValueError("there is neither a query nor an input: nothing would be asked")
        for name in ("query", "expected", "note"):
            if len(getattr(self, name)) > MAX_CHARS:
                raise ValueError(f"{name} is longer than {MAX_CHARS:,} characters")
        if len(json.dumps(dict(self.inputs))) > 4 * MAX_CHARS:
            raise ValueError("the inputs are too long")
        if len(self.expected_tools) > MAX_ITEMS or len(self.expected_sources) > MAX_ITEMS:
            raise ValueError(f"a case names at most {MAX_ITEMS} sources and {MAX_ITEMS} calls of tools")

    def columns(self) -> dict[str, object]:
        """Return what is stored."""
        return {
            "query": self.query,
            "inputs": dict(self.inputs),
            "expected": self.expected,
            "expected_tools": [dict(tool) for tool in self.expected_tools],
            "expected_sources": list(self.expected_sources),
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that is not a case, and why."""

    line: int
    reason: str


def case_draft(values: Mapping[str, object]) -> CaseDraft:
    """Return the case that the values say; raises `ValueError`."""
    inputs = values.get("inputs") or {}
    if not isinstance(inputs, dict):
        raise ValueError(f"inputs is an object, not {str(inputs)[:60]!r}")
    return CaseDraft(
        query=_text(values, "query"),
        inputs={str(name): value for name, value in inputs.items()},
        expected=_text(values, "expected"),
        expected_tools=tuple(_tool(item) for item in _list(values, "expected_tools")),
        expected_sources=tuple(str(item).strip() for item in _list(values, "expected_sources") if str(item).strip()),
        note=_text(values, "note"),
    )


def cases_read(data: bytes, name: str) -> tuple[list[CaseDraft], list[Refused]]:
    """Return the cases of a file and its broken lines; raises `Invalid` when it is no such file at all."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unusable(f"the file is not UTF-8 (byte {error.start}): save it as UTF-8 and send it again") from error
    is_json = name.lower().endswith((".jsonl", ".ndjson", ".json")) or text.lstrip()[:1] == "{"
    cases: list[CaseDraft] = []
    refused: list[Refused] = []
    for line, found in _json_lines(text) if is_json else _csv_lines(text):
        try:
            if isinstance(found, str):
                raise ValueError(found)
            cases.append(case_draft(found))
        except ValueError as error:
            refused.append(Refused(line, str(error)))
        if len(cases) + len(refused) > MAX_CASES:
            raise _unusable(f"the file has more than {MAX_CASES:,} lines: split it into several test sets")
    if not cases and not refused:
        raise _unusable("the file has no cases: write one per line, in CSV below a header")
    return cases, refused


def _unusable(message: str) -> Invalid:
    return Invalid(message, fields={"file": [message]})


Line = tuple[int, dict[str, object] | str]
"""A number with the values of the line, or with the reason why it has none."""


def _json_lines(text: str) -> Iterator[Line]:
    # Not splitlines(): U+2028 and its like may stand inside a JSON string.
    for number, raw in enumerate(text.split("\n"), start=1):
        if not raw.strip():
            continue
        try:
            if len(raw) > MAX_LINE_CHARS:
                raise ValueError(f"it is longer than {MAX_LINE_CHARS:,} characters")
            values = json.loads(raw)
        except (ValueError, RecursionError) as error:
            yield number, f"this is not JSON: {str(error)[:200]}"
            continue
        if not isinstance(values, dict):
            yield number, f"a case is a JSON object, not {raw.strip()[:60]!r}"
            continue
        named = {ALIASES.get(str(key), str(key)): value for key, value in values.items()}
        unknown = [key for key in named if key not in KNOWN]
        yield number, f"the key {unknown[0][:60]!r} is unknown: use {', '.join(KNOWN)}" if unknown else named


def _csv_lines(text: str) -> Iterator[Line]:
    header, _, _ = text.partition("\n")
    reader = csv.reader(io.StringIO(text.replace("\0", "")), delimiter=max(",;\t", key=header.count))
    names = [ALIASES.get(name.strip().lower(), name.strip()) for name in next(reader, [])]
    names = [name.lower() if name.lower() in KNOWN else name for name in names]
    if not any(names) or len(set(names)) < len(names) or not all(names):
        raise _unusable(
            f"the first line must name every column once, as query, expected and inputs; it says {header[:100]!r}"
        )
    line = reader.line_num + 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, f"this is not valid CSV: {error}"
            line = reader.line_num + 1
            continue
        if any(cell.strip() for cell in cells):
            yield line, _csv_values(names, cells)
        line = reader.line_num + 1


def _csv_values(names: Sequence[str], cells: Sequence[str]) -> dict[str, object] | str:
    if len(cells) != len(names):
        return f"there are {len(cells)} cells under {len(names)} columns: put quotes around texts with commas"
    values: dict[str, object] = {}
    inputs: dict[str, object] = {}
    for name, cell in zip(names, cells, strict=True):
        if name in ("inputs", "expected_tools") and cell.strip()[:1] in ("{", "["):
            try:
                values[name] = json.loads(cell)
            except (ValueError, RecursionError) as error:
                return f"{name} is not JSON: {str(error)[:200]}"
        elif name in ("expected_sources", "expected_tools"):
            values[name] = [part.strip() for part in cell.split(LIST_MARK) if part.strip()]
        elif name in KNOWN:
            values[name] = cell
        elif cell.strip():
            inputs[name.removeprefix(INPUT)] = cell
    given = values.get("inputs") or {}
    if not isinstance(given, dict):
        return f"inputs is a JSON object, not {str(given)[:60]!r}"
    return {**values, "inputs": {**given, **inputs}}


def _text(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text, not {str(value)[:60]!r}")
    if any("\ud800" <= char <= "\udfff" or char == "\0" for char in value):
        raise ValueError(f"{name} holds a character that no text has")
    return value.strip()


def _list(values: Mapping[str, object], name: str) -> list[object]:
    value = values.get(name)
    if value is None or value == "":
        return []
    if isinstance(value, str | dict):
        return [value]
    if not isinstance(value, list):
        raise ValueError(f"{name} is a list, not {str(value)[:60]!r}")
    return list(value)


def _tool(item: object) -> dict[str, JsonValue]:
    if isinstance(item, str) and item.strip():
        return {"name": item.strip()}
    if isinstance(item, dict) and isinstance(item.get("name"), str) and item["name"].strip():
        unknown = set(item) - {"name", "arguments"}
        if not unknown:
            return {key: item[key] for key in ("name", "arguments") if key in item}
    raise ValueError(f"an expected call of a tool is a name or {{name, arguments}}, not {str(item)[:60]!r}")
