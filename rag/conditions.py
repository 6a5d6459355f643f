"""What a condition compares: whether its operator and its value go together, and what each operator means."""

import operator as operators
from collections.abc import Callable, Mapping
from typing import Literal

from rag.errors import InvalidQueryError
from rag.filters import Condition

Comparison = Literal["presence", "membership", "text", "number"]


def comparison_of(condition: Condition) -> Comparison:
    """Return how a condition compares; raises InvalidQueryError where operator and value do not go together."""
    operator, value = condition.operator, condition.value
    if operator in ("empty", "not empty"):
        return "presence"
    if operator in ("in", "not in") and value is not None:
        return "membership"
    if operator in TEXT_OPERATORS and isinstance(value, str):
        return "text"
    if operator in NUMBER_OPERATORS and isinstance(value, int | float):
        return "number"
    raise InvalidQueryError(
        f"the condition on {condition.field!r} compares {operator!r} with {value!r}; "
        "texts and numbers have operators of their own"
    )


def text_of(value: object) -> str:
    """Return a value as the text that it is compared by: a number as JSON has it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


TEXT_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "is": str.__eq__,
    "=": str.__eq__,
    "is not": str.__ne__,
    "≠": str.__ne__,
    "contains": lambda value, wanted: wanted.lower() in value.lower(),
    "not contains": lambda value, wanted: wanted.lower() not in value.lower(),
    "starts with": lambda value, wanted: value.lower().startswith(wanted.lower()),
    "ends with": lambda value, wanted: value.lower().endswith(wanted.lower()),
}
NUMBER_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "is": operators.eq,
    "=": operators.eq,
    "is not": operators.ne,
    "≠": operators.ne,
    ">": operators.gt,
    "after": operators.gt,
    "<": operators.lt,
    "before": operators.lt,
    "≥": operators.ge,
    "≤": operators.le,
}
