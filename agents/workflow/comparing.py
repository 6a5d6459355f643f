"""Whether one value stands in a relation to another: the comparison operators, which are Dify's. Knows no graphs.

A value that is null satisfies "empty", "null" and "not exists", and what is only said of the absent ("not contains",
"not in"). Numbers that are given as text compare as numbers.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal

from agents.errors import WrongType
from agents.types import JsonValue
from agents.workflow.expressions import as_text
from agents.workflow.variables import VAR_TYPES, VarType

Operator = Literal[
    "contains",
    "not contains",
    "start with",
    "end with",
    "is",
    "is not",
    "empty",
    "not empty",
    "in",
    "not in",
    "all of",
    "=",
    "≠",
    ">",
    "<",
    "≥",
    "≤",
    "before",
    "after",
    "null",
    "not null",
    "exists",
    "not exists",
]
SPELLINGS: Mapping[str, Operator] = {"==": "=", "!=": "≠", ">=": "≥", "<=": "≤"}
UNARY: frozenset[str] = frozenset({"empty", "not empty", "null", "not null", "exists", "not exists"})
ABSENT_SATISFIES: frozenset[str] = frozenset({"empty", "null", "not exists", "not contains", "not in"})
_NEGATIVE: frozenset[str] = frozenset({"not contains", "not in", "is not", "≠"})
_NUMBER = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?\s*", re.ASCII)
_MAX_DIGITS = 400
_SHOWN_CHARS = 80
_TRUTH: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}


def compare(value: JsonValue, operator: Operator, expected: JsonValue) -> bool:
    """Return whether `value` `operator` `expected` holds; raises `WrongType` that says what cannot be compared."""
    if operator in UNARY:
        return _UNARY[operator](value)
    if value is None:
        return operator in ABSENT_SATISFIES
    if expected is None:  # what was to be compared with is of a branch that did not run
        return operator in _NEGATIVE
    return _BINARY[operator](value, expected)


def takes(operator: Operator) -> tuple[VarType, ...]:
    """Return the types of the values that the operator can be asked about."""
    return _TAKES.get(operator, ("any",))


def number_of(value: JsonValue) -> int | float | None:
    """Return the number that a value is, or that a text spells; None for everything else."""
    match value:
        case bool():
            return None
        case int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case str() if len(value) <= _MAX_DIGITS and _NUMBER.fullmatch(value):
            number = float(value) if set(value) & set(".eE") else int(value)
            return number if isinstance(number, int) or math.isfinite(number) else None
        case _:
            return None


def boolean_of(value: JsonValue) -> bool | None:
    """Return what a value means as true or false; None when it means neither."""
    match value:
        case bool():
            return value
        case int() | float() | str():
            return _TRUTH.get(str(value).strip().lower())
        case _:
            return None


def time_of(value: JsonValue) -> datetime | None:
    """Return the time that a value names: ISO 8601 (UTC unless it says otherwise), or seconds since 1970."""
    seconds = number_of(value)
    try:
        if seconds is not None:
            return datetime.fromtimestamp(seconds, UTC)
        if isinstance(value, str):
            time = datetime.fromisoformat(value.strip())
            return time if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def is_empty(value: JsonValue) -> bool:
    """Whether there is nothing in a value; 0 and false are something."""
    return value is None or value in ("", [], {})


def shown(value: JsonValue) -> str:
    """Return a value as it stands in a message."""
    text = repr(value[:_SHOWN_CHARS] if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN_CHARS + 2 else f"{text[:_SHOWN_CHARS]}…"


def _is_same(value: JsonValue, expected: JsonValue) -> bool:
    match value:
        case bool():
            truth = boolean_of(expected)
            if truth is None:
                raise WrongType(f"{shown(expected)} is neither true nor false")
            return value == truth
        case int() | float():
            return _number(value) == _number(expected)
        case str():
            if isinstance(expected, int | float) and not isinstance(expected, bool) and number_of(value) is not None:
                return number_of(value) == expected
            return value == _text(expected)
        case _:
            raise WrongType(f"{shown(value)} is no text, number or boolean")


def _is_element(value: JsonValue, expected: JsonValue) -> bool:
    """Whether two values are the same; what cannot be compared is not."""
    if type(value) is type(expected):
        return value == expected
    try:
        return _is_same(value, expected)
    except WrongType:
        return False


def _contains(value: JsonValue, expected: JsonValue) -> bool:
    match value:
        case str():
            return _text(expected) in value
        case list():
            return any(_is_element(item, expected) for item in value)
        case _:
            raise WrongType(f"{shown(value)} is no text and no list")


def _contains_all(value: JsonValue, expected: JsonValue) -> bool:
    wanted = expected if isinstance(expected, list) else [expected]
    return all([_contains(value, item) for item in wanted])


def _is_in(value: JsonValue, expected: JsonValue) -> bool:
    if isinstance(value, list | dict):
        raise WrongType(f"{shown(value)} is no text, number or boolean")
    match expected:
        case list():
            return any(_is_element(value, item) for item in expected)
        case str():
            return as_text(value) in expected
        case _:
            raise WrongType(f"{shown(expected)} is no list and no text")


def _text(value: JsonValue) -> str:
    if isinstance(value, list | dict):
        raise WrongType(f"{shown(value)} is no text")
    return as_text(value)


def _own_text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise WrongType(f"{shown(value)} is no text")
    return value


def _number(value: JsonValue) -> int | float:
    number = number_of(value)
    if number is None:
        raise WrongType(f"{shown(value)} is no number")
    return number


def _equals(value: JsonValue, expected: JsonValue) -> bool:
    return _is_same(value, expected) if isinstance(value, bool) else _number(value) == _number(expected)


def _time(value: JsonValue) -> datetime:
    time = time_of(value)
    if time is None:
        raise WrongType(f"{shown(value)} is no time: write it as 2026-01-31T12:00:00Z, or in seconds since 1970")
    return time


def _declared(*types: VarType) -> tuple[VarType, ...]:
    assert set(types) <= VAR_TYPES
    return types


_UNARY: Mapping[str, Callable[[JsonValue], bool]] = {
    "empty": is_empty,
    "not empty": lambda value: not is_empty(value),
    "null": lambda value: value is None,
    "not exists": lambda value: value is None,
    "not null": lambda value: value is not None,
    "exists": lambda value: value is not None,
}
_BINARY: Mapping[str, Callable[[JsonValue, JsonValue], bool]] = {
    "contains": _contains,
    "not contains": lambda value, expected: not _contains(value, expected),
    "start with": lambda value, expected: _own_text(value).startswith(_text(expected)),
    "end with": lambda value, expected: _own_text(value).endswith(_text(expected)),
    "is": _is_same,
    "is not": lambda value, expected: not _is_same(value, expected),
    "in": _is_in,
    "not in": lambda value, expected: not _is_in(value, expected),
    "all of": _contains_all,
    "=": _equals,
    "≠": lambda value, expected: not _equals(value, expected),
    ">": lambda value, expected: _number(value) > _number(expected),
    "<": lambda value, expected: _number(value) < _number(expected),
    "≥": lambda value, expected: _number(value) >= _number(expected),
    "≤": lambda value, expected: _number(value) <= _number(expected),
    "before": lambda value, expected: _time(value) < _time(expected),
    "after": lambda value, expected: _time(value) > _time(expected),
}
_LISTS = _declared("array[any]", "array[string]", "array[number]", "array[boolean]", "array[object]", "array[file]")
_SCALARS = _declared("string", "number", "boolean")
_NUMERIC = _declared("string", "number")
_TAKES: Mapping[str, tuple[VarType, ...]] = {
    "contains": ("string", *_LISTS),
    "not contains": ("string", *_LISTS),
    "all of": ("string", *_LISTS),
    "start with": ("string",),
    "end with": ("string",),
    **dict.fromkeys(("is", "is not", "in", "not in", "=", "≠"), _SCALARS),
    **dict.fromkeys((">", "<", "≥", "≤", "before", "after"), _NUMERIC),
}
