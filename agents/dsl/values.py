"""Reads of JSON values whose shape a file may have wrong: each gives the wanted type or its empty value."""

from collections.abc import Iterator

from agents.types import JsonValue

Object = dict[str, JsonValue]


def as_object(value: JsonValue) -> Object:
    """Return the object itself, so that it can be changed in place; a new one for anything else."""
    return value if isinstance(value, dict) else {}


def as_objects(value: JsonValue) -> list[Object]:
    """Return the objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_list(value: JsonValue) -> list[JsonValue]:
    """Return the list itself."""
    return value if isinstance(value, list) else []


def as_text(value: JsonValue) -> str:
    """Return a text as it is and a number as it is written; nothing for the rest."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def objects_in(value: JsonValue) -> Iterator[Object]:
    """Yield every object in a value, outer ones first."""
    pending: list[JsonValue] = [value]
    while pending:
        match pending.pop():
            case dict() as found:
                yield found
                pending += reversed(list(found.values()))
            case list() as items:
                pending += reversed(items)
            case _:
                pass
