"""Conditions on the metadata of documents, as people and models write them."""

from dataclasses import dataclass
from typing import Literal

Operator = Literal[
    "is", "is not", "contains", "not contains", "starts with", "ends with", "in", "not in", "empty", "not empty",
    "=", "≠", ">", "<", "≥", "≤", "before", "after",
]  # fmt: skip
FieldType = Literal["string", "number", "time"]

BUILT_IN_FIELDS: dict[str, FieldType] = {
    "document_name": "string",
    "uploader": "string",
    "upload_date": "time",
    "last_update_date": "time",
    "source": "string",
}
"""Fields that every document has; the names are Dify's."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. Times are seconds since 1970; `value` is None for `empty` and `not empty`."""

    field: str
    operator: Operator
    value: str | float | tuple[str, ...] | tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that all hold, or of which one does."""

    conditions: tuple[Condition, ...]
    logic: Literal["and", "or"] = "and"
