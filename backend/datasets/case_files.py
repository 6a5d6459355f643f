"""Reads uploaded test cases: CSV with a header, or JSON lines; what is wrong is named by its line."""

import csv
import io
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backend.common.errors import Invalid

MAX_CASES = 10_000
MAX_QUESTION_CHARS = 10_000
MAX_ANSWERS = 100
LIST_MARK = "|"
"""Parts names in a cell; no stored document has it in its name."""
COLUMNS = ("question", "documents", "chunks", "phrase")


@dataclass(frozen=True, slots=True)
class CaseDraft:
    """A question and what answers it, as somebody wrote it down."""

    question: str
    documents: tuple[str, ...] = ()
    chunks: tuple[str, ...] = ()
    phrase: str = ""

    def __post_init__(self) -> None:
        if not self.question.strip():
            raise ValueError("there is no question")
        if len(self.question) > MAX_QUESTION_CHARS or len(self.phrase) > MAX_QUESTION_CHARS:
            raise ValueError(f"question and phrase have at most {MAX_QUESTION_CHARS:,} characters each")
        if not (self.documents or self.chunks or self.phrase.strip()):
            raise ValueError("nothing says what answers it: give documents, chunks or a phrase")
        if len(self.documents) > MAX_ANSWERS or len(self.chunks) > MAX_ANSWERS:
            raise ValueError(f"a case names at most {MAX_ANSWERS} documents and {MAX_ANSWERS} chunks")
        for chunk in self.chunks:
            try:
                uuid.UUID(chunk)
            except ValueError:
                raise ValueError(f"{chunk[:60]!r} is no id of a chunk") from None


@dataclass(frozen=True, slots=True)
class Refused:
    """A line of an upload that is not a case, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """What stands in one line: a case, or the reason why it is none."""

    line: int
    case: CaseDraft | None
    reason: str = ""


def cases_read(data: bytes, name: str) -> list[Row]:
    """Return the rows of a file; raises `Invalid` when it is no such file at all."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unusable(f"the file is not UTF-8 (byte {error.start}): save it as UTF-8 and send it again") from error
    if "\0" in text:
        raise _unusable("the file holds NUL characters: send CSV or JSON lines in UTF-8")
    is_json = name.lower().endswith((".jsonl", ".ndjson", ".json")) or text.lstrip()[:1] == "{"
    rows: list[Row] = []
    for row in _json_rows(text) if is_json else _csv_rows(text):
        rows.append(row)
        if len(rows) > MAX_CASES:
            raise _unusable(f"the file has more than {MAX_CASES:,} cases: split it into several test sets")
    if not rows:
        raise _unusable("the file has no cases: write one per line, in CSV below a header")
    return rows


def _unusable(message: str) -> Invalid:
    return Invalid(message, fields={"file": [message]})


def _csv_rows(text: str) -> Iterator[Row]:
    header, _, _ = text.partition("\n")
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if "question" not in names or not set(names) & set(COLUMNS[1:]):
            raise _unusable(
                f"the first line must name the columns: question and at least one of {', '.join(COLUMNS[1:])}; "
                f"it says {header.strip()[:100]!r}"
            )
        unknown = [name for name in names if name not in COLUMNS]
        if unknown:
            raise _unusable(f"the column {unknown[0][:60]!r} is unknown: use {', '.join(COLUMNS)}")
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _csv_row(line, names, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise _unusable(f"line {reader.line_num} is not valid CSV: {error}") from error


def _csv_row(line: int, names: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) > len(names):
        return Row(line, None, f"there are {len(cells)} cells under {len(names)} columns: quote texts with commas")
    values: dict[str, object] = dict(zip(names, cells, strict=False))
    for name in ("documents", "chunks"):
        values[name] = [part for part in str(values.get(name, "")).split(LIST_MARK) if part.strip()]
    return _row(line, values)


def _json_rows(text: str) -> Iterator[Row]:
    # Not splitlines(): U+2028 and its like may stand inside a JSON string.
    for line, raw in enumerate(text.split("\n"), start=1):
        if not raw.strip():
            continue
        try:
            values = json.loads(raw)
        except (ValueError, RecursionError) as error:
            yield Row(line, None, f"this is not JSON: {str(error)[:200]}")
            continue
        if isinstance(values, dict):
            yield _row(line, values)
        else:
            yield Row(line, None, f"a case is a JSON object, not {raw.strip()[:60]!r}")


def _row(line: int, values: dict[str, object]) -> Row:
    try:
        unknown = [name for name in values if name not in COLUMNS]
        if unknown:
            raise ValueError(f"the key {unknown[0][:60]!r} is unknown: use {', '.join(COLUMNS)}")
        case = CaseDraft(
            question=_text(values, "question"),
            documents=_texts(values, "documents"),
            chunks=_texts(values, "chunks"),
            phrase=_text(values, "phrase"),
        )
    except ValueError as error:
        return Row(line, None, str(error))
    return Row(line, case)


def _text(values: dict[str, object], name: str) -> str:
    value = values.get(name, "")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text, not {str(value)[:60]!r}")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError(f"{name} holds half of a surrogate pair")
    return value.strip()


def _texts(values: dict[str, object], name: str) -> tuple[str, ...]:
    value = values.get(name) or []
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError(f"{name} is a list of texts, not {str(value)[:60]!r}")
    return tuple(dict.fromkeys(_text({name: item}, name) for item in items))
