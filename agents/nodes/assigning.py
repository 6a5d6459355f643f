"""What may be done to a variable: each operation, what it changes, what it takes, and what comes of it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from agents.errors import InvalidInput, WrongType
from agents.types import JsonValue
from agents.workflow.comparing import number_of
from agents.workflow.variables import VarType, element_of, empty_of, is_array, is_of

Operation = Literal[
    "over-write", "set", "clear", "append", "extend", "remove-first", "remove-last", "+=", "-=", "*=", "/="
]
ANY: tuple[VarType, ...] = ("any",)
NUMBERS: tuple[VarType, ...] = ("number",)
NUMERIC: tuple[VarType, ...] = ("number", "string")
LISTS: tuple[VarType, ...] = ("array[any]",)
MAX_BITS = 1024
"""Integers beyond the largest float are no JSON that others can read."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The types of the variables that an operation changes, and of the values that it takes."""

    changes: tuple[VarType, ...]
    takes: tuple[VarType, ...] = ANY


OPERATIONS: Mapping[Operation, Rule] = {
    "over-write": Rule(ANY),
    "set": Rule(ANY),
    "clear": Rule(ANY),
    "append": Rule(LISTS),
    "extend": Rule(LISTS, LISTS),
    "remove-first": Rule(LISTS),
    "remove-last": Rule(LISTS),
    "+=": Rule(NUMBERS, NUMERIC),
    "-=": Rule(NUMBERS, NUMERIC),
    "*=": Rule(NUMBERS, NUMERIC),
    "/=": Rule(NUMBERS, NUMERIC),
}
READS: frozenset[str] = frozenset(OPERATIONS) - {"clear", "remove-first", "remove-last"}
"""The operations that take a value."""


def apply(operation: Operation, current: JsonValue, value: JsonValue, kind: VarType) -> JsonValue:
    """Return what a variable of type `kind` becomes; raises `WrongType`, and `InvalidInput` for a division by 0."""
    match operation:
        case "over-write" | "set":
            return empty_of(kind) if value is None else _as(value, kind)
        case "clear":
            return empty_of(kind)
        case "append":
            return [*_list(current), _element(value, kind)]
        case "extend":
            return [*_list(current), *(_element(item, kind) for item in _list(value))]
        case "remove-first" | "remove-last":
            return _list(current)[1:] if operation == "remove-first" else _list(current)[:-1]
        case _:
            return _computed(operation, _number(0 if current is None else current), _number(value))


def _as(value: JsonValue, kind: VarType) -> JsonValue:
    """Return a value as the variable's type has it: a number that came as text is one."""
    number = number_of(value) if kind == "number" and isinstance(value, str) else None
    return value if number is None else number


def _list(value: JsonValue) -> list[JsonValue]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise WrongType(f"{str(value)[:80]!r} is no list")
    return value


def _element(value: JsonValue, kind: VarType) -> JsonValue:
    wanted = element_of(kind) if is_array(kind) else "any"
    found = _as(value, wanted)
    if found is None or not is_of(found, wanted):
        raise WrongType(f"{str(value)[:80]!r} cannot be an element of {kind}")
    return found


def _number(value: JsonValue) -> int | float:
    number = number_of(value)
    if number is None:
        raise WrongType(f"{str(value)[:80]!r} is no number")
    return number


def _divide(left: int | float, right: int | float) -> int | float:
    if right == 0:
        raise InvalidInput(f"{left!r} cannot be divided by 0: check the divisor before")
    if isinstance(left, int) and isinstance(right, int) and left % right == 0:
        return left // right
    return left / right


_ARITHMETIC: Mapping[str, Callable[[int | float, int | float], int | float]] = {
    "+=": lambda left, right: left + right,
    "-=": lambda left, right: left - right,
    "*=": lambda left, right: left * right,
    "/=": _divide,
}


def _computed(operation: str, left: int | float, right: int | float) -> int | float:
    try:
        result = _ARITHMETIC[operation](left, right)
        is_fine = result.bit_length() <= MAX_BITS if isinstance(result, int) else math.isfinite(result)
    except OverflowError:
        is_fine = False
    if not is_fine:
        raise WrongType("the result is too large for a number")
    return result
