"""Filters on the metadata of documents as requests and graphs write them, checked against the datasets' fields."""

import uuid
from collections.abc import Mapping, Sequence

from backend.common.errors import Invalid
from backend.datasets.metadata import field_types
from rag.filters import Condition, FieldType, Filter

OPERATORS: dict[FieldType, frozenset[str]] = {
    "string": frozenset({"is", "is not", "contains", "not contains", "starts with", "ends with", "in", "not in"}),
    "number": frozenset({"=", "≠", ">", "<", "≥", "≤", "in", "not in", "is", "is not"}),
    "time": frozenset({"is", "is not", "=", "≠", ">", "<", "≥", "≤", "before", "after"}),
}
"""What may be asked of a field besides `empty` and `not empty`."""
WITHOUT_VALUE = frozenset({"empty", "not empty"})
WITH_LIST = frozenset({"in", "not in"})
MAX_VALUES = 1000
MAX_VALUE_CHARS = 2000
DIFY_OPERATORS: Mapping[str, str] = {"start with": "starts with", "end with": "ends with"}
"""Dify's words for operators that have another name here."""


def filter_of(
    workspace_id: uuid.UUID, dataset_ids: Sequence[uuid.UUID], body: Mapping[str, object] | None
) -> Filter | None:
    """Return the filter of a request's `{logic, conditions}`; raises `Invalid` that says which condition is wrong."""
    if not body or not body["conditions"]:
        return None
    types = field_types(workspace_id, list(dataset_ids))
    conditions = []
    for at, condition in enumerate(body["conditions"]):  # type: ignore[arg-type]  # the serializer checked it
        try:
            conditions.append(_condition(condition, types))
        except ValueError as error:
            raise Invalid(str(error), fields={f"filter.conditions.{at}": [str(error)]}) from error
    return Filter(tuple(conditions), body["logic"])  # type: ignore[arg-type]  # as above


def _condition(body: Mapping[str, object], types: Mapping[str, FieldType]) -> Condition:
    name, operator = str(body["field"]), str(body["operator"])
    if name not in types:
        known = ", ".join(repr(known) for known in sorted(types))
        raise ValueError(f"there is no metadata field {name[:100]!r}: filter by one of {known}")
    kind = types[name]
    if operator in WITHOUT_VALUE:
        return Condition(name, operator)  # type: ignore[arg-type]  # the serializer checked it
    if operator not in OPERATORS[kind]:
        known = ", ".join(sorted(OPERATORS[kind] | WITHOUT_VALUE))
        raise ValueError(f"{name!r} is a {kind}, and {operator!r} cannot be asked of one: use one of {known}")
    value = body.get("value")
    if operator in WITH_LIST:
        return Condition(name, operator, _list(name, kind, value))  # type: ignore[arg-type]  # as above
    return Condition(name, operator, _scalar(name, kind, value))  # type: ignore[arg-type]  # as above


def _list(name: str, kind: FieldType, value: object) -> tuple[str, ...] | tuple[float, ...]:
    items = value if isinstance(value, list) else [value]
    if not 1 <= len(items) <= MAX_VALUES:
        raise ValueError(f"the list of values for {name!r} has {len(items)} of them: give 1 to {MAX_VALUES:,}")
    return tuple(_scalar(name, kind, item) for item in items)  # type: ignore[return-value]  # all of one kind


def _scalar(name: str, kind: FieldType, value: object) -> str | float:
    if kind == "string":
        if not isinstance(value, str) or len(value) > MAX_VALUE_CHARS or "\0" in value:
            raise ValueError(f"{name!r} is compared with a text of at most {MAX_VALUE_CHARS:,} characters")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e15 <= value <= 1e15:
        unit = "seconds since 1970" if kind == "time" else "a number"
        raise ValueError(f"{name!r} is compared with {unit}, not {str(value)[:100]!r}")
    return float(value)


def comparable(value: object, operator: str, kind: FieldType) -> object:
    """Return the value as our fields take it: Dify's clients write numbers as text, and lists with commas."""
    if operator in WITH_LIST and isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, list):
        return [typed(item, kind) for item in value]
    return typed(value, kind)


def typed(value: object, kind: FieldType) -> object:
    """Return a number that was written as text as a number, and a number for a text field as text."""
    if kind == "string":
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return str(value) if is_number else value
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value
