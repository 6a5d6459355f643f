"""What a store knows of a document beside its chunks, for people who use the library without the platform."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.conditions import NUMBER_OPERATORS, TEXT_OPERATORS, comparison_of, text_of
from rag.filters import Condition, Filter


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A document's name and what filters can ask of it; times are seconds since 1970."""

    name: str
    metadata: Mapping[str, str | float] = field(default_factory=dict)
    uploader: str = ""
    source_url: str = ""
    is_enabled: bool = True
    created_at: float = field(default_factory=time.time)
    updated_at: float = field(default_factory=time.time)


def is_kept(info: DocumentInfo, given: Filter) -> bool:
    """Whether a filter keeps a document: the reference for the conditions in SQL."""
    results = [_holds(info, condition) for condition in given.conditions]
    return not results or (all(results) if given.logic == "and" else any(results))


def _holds(info: DocumentInfo, condition: Condition) -> bool:
    value, comparison = _value_of(info, condition.field), comparison_of(condition)
    if comparison == "presence":
        return (value is None or value == "") == (condition.operator == "empty")
    if value is None:
        return False
    if comparison == "membership":
        among = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        return (text_of(value) in [text_of(one) for one in among]) == (condition.operator == "in")
    if isinstance(condition.value, str):
        return TEXT_OPERATORS[condition.operator](text_of(value), condition.value)
    assert isinstance(condition.value, int | float)
    return isinstance(value, int | float) and NUMBER_OPERATORS[condition.operator](value, condition.value)


def _value_of(info: DocumentInfo, name: str) -> str | float | None:
    match name:
        case "document_name":
            return info.name
        case "uploader":
            return info.uploader
        case "source":
            return "website" if info.source_url else "file_upload"
        case "upload_date":
            return info.created_at
        case "last_update_date":
            return info.updated_at
    return info.metadata.get(name)
