"""Values that can be stored and sent, whatever a node, a model or a tool gave.

Text has no NUL and no half of a surrogate pair, and no number is infinite or none at all: JSON has none of them.
"""

import math
import re
from dataclasses import fields, replace
from typing import TypeVar

from agents.events import Body
from agents.types import JsonValue

INSTEAD = "\ufffd"
_ODD = re.compile("[\0\ud800-\udfff]")
BodyT = TypeVar("BodyT", bound=Body)


def storable(value: JsonValue) -> JsonValue:
    """Return the value with U+FFFD, or null, for what PostgreSQL and most readers refuse; the same object if it can."""
    match value:
        case str():
            return _ODD.sub(INSTEAD, value) if _ODD.search(value) else value
        case float():
            return value if math.isfinite(value) else None
        case list():
            items = [storable(item) for item in value]
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        case dict():
            pairs = {str(storable(name)): storable(item) for name, item in value.items()}
            is_same = all(name in value and pairs[name] is value[name] for name in pairs)
            return value if is_same else pairs
        case _:
            return value


def storable_body(body: BodyT) -> BodyT:
    """Return the event with text that can be stored; passages come from the database and are not looked into."""
    changed: dict[str, JsonValue] = {}
    for item in fields(body):
        value = getattr(body, item.name)
        if isinstance(value, str | list | dict) and (clean := storable(value)) is not value:
            changed[item.name] = clean
    return replace(body, **changed) if changed else body  # type: ignore[arg-type]  # the names are the body's own
