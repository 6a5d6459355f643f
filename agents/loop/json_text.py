"""JSON in what a model wrote: found, bounded, and only such as a database can keep."""

import json
import math
import re
from typing import cast

from agents.types import JsonObject, JsonValue

MAX_STARTS = 50
MAX_DEPTH = 64
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable_json(text: str) -> JsonValue:
    """Return the JSON that `text` is; raises `ValueError` for what is none, or what no database keeps."""
    try:
        value: JsonValue = json.loads(text, parse_constant=_refused_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    check_storable(value)
    return value


def json_object(text: str) -> JsonObject | None:
    """Return the JSON object that `text` is, or None when it is something else."""
    try:
        value = storable_json(text)
    except ValueError:
        return None
    return cast(JsonObject, value) if isinstance(value, dict) else None


def json_in(text: str) -> JsonValue:
    """Return the first JSON object or list in what a model wrote around it; None where there is none."""
    decoder = json.JSONDecoder(parse_constant=_refused_constant)
    starts = [index for index, char in enumerate(text) if char in "{["]
    for start in starts[:MAX_STARTS]:
        try:
            found: JsonValue = decoder.raw_decode(text, start)[0]
            check_storable(found)
        except (ValueError, RecursionError):
            continue
        return found
    return None


def _refused_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def check_storable(value: JsonValue) -> None:
    """Raise `ValueError` for what parses, but no database keeps."""
    pending: list[tuple[JsonValue, int]] = [(value, 0)]
    while pending:
        item, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")
        match item:
            case str() as text if not is_storable(text):
                raise ValueError("it has a NUL or half of a surrogate pair")
            case float() as number if not math.isfinite(number):
                raise ValueError("it has a number that is too large")
            case dict():
                pending += [(part, depth + 1) for part in (*item.keys(), *item.values())]
            case list():
                pending += [(part, depth + 1) for part in item]


def is_storable(text: str) -> bool:
    """Whether a database keeps the text: it has no NUL and no half of a surrogate pair."""
    return _UNSTORABLE.search(text) is None


def cleaned(text: str) -> str:
    """Return the text as a database keeps it."""
    return _UNSTORABLE.sub("\ufffd", text)
