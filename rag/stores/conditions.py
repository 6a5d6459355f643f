"""Turns what a query says about documents into SQL on the documents table `d`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.conditions import comparison_of, text_of
from rag.filters import BUILT_IN_FIELDS, Condition, Filter
from rag.stores.tables import ChunkTables, storable
from rag.types import Query


@dataclass(frozen=True, slots=True)
class Restriction:
    """A subquery that gives the ids of the documents that a query may search, with its parameters."""

    sql: str
    parameters: tuple[object, ...]


def restriction_of(query: Query, tables: ChunkTables) -> Restriction | None:
    """Return the documents that `query` is restricted to, or None where it searches whole datasets."""
    if query.document_ids is None and query.filter is None:
        return None
    clauses = ["d.workspace_id = %s::uuid", "d.dataset_id = ANY(%s::uuid[])"]
    parameters: list[object] = [query.scope, list(query.dataset_ids)]
    if query.document_ids is not None:
        clauses.append("d.id = ANY(%s::uuid[])")
        parameters.append(list(query.document_ids))
    if query.filter is not None and query.filter.conditions:
        sql, values = _filter_sql(query.filter, tables)
        clauses.append(sql)
        parameters += values
    selected = tables.sql("SELECT d.id FROM {document} AS d WHERE ")
    return Restriction(selected + " AND ".join(clauses), tuple(parameters))


def _filter_sql(given: Filter, tables: ChunkTables) -> tuple[str, list[object]]:
    parts: list[str] = []
    parameters: list[object] = []
    for condition in given.conditions:
        sql, values = _condition_sql(condition, tables)
        parts.append(f"coalesce({sql}, false)")
        parameters += values
    joined = f" {given.logic.upper()} ".join(parts)
    return f"({joined})", parameters


def _condition_sql(condition: Condition, tables: ChunkTables) -> tuple[str, list[object]]:
    """Return a condition that is null for a document without the field: only `empty` holds for those."""
    text, values = _text_of(condition.field, tables)
    match comparison_of(condition):
        case "presence":
            return f"coalesce({text}, '') {'=' if condition.operator == 'empty' else '<>'} ''", values
        case "membership":
            return _membership(condition, text, values)
        case "text":
            return _likeness(condition, text, values)
        case "number":
            number, values = _number_of(condition.field, tables)
            return f"{number} {_SIGNS[condition.operator]} %s::float8", [*values, condition.value]


_SIGNS = {
    "is": "=", "=": "=", "is not": "<>", "≠": "<>", ">": ">", "<": "<", "≥": ">=", "≤": "<=",
    "after": ">", "before": "<",
}  # fmt: skip
_LIKENESS: dict[str, Callable[[str], str]] = {
    "is": lambda text: f"{text} = %s::text",
    "=": lambda text: f"{text} = %s::text",
    "is not": lambda text: f"{text} <> %s::text",
    "≠": lambda text: f"{text} <> %s::text",
    "contains": lambda text: f"strpos(lower({text}), lower(%s::text)) > 0",
    "not contains": lambda text: f"strpos(lower({text}), lower(%s::text)) = 0",
    "starts with": lambda text: f"starts_with(lower({text}), lower(%s::text))",
    "ends with": lambda text: f"starts_with(reverse(lower({text})), reverse(lower(%s::text)))",
}


def _likeness(condition: Condition, text: str, values: Sequence[object]) -> tuple[str, list[object]]:
    sql = _LIKENESS[condition.operator](text)
    return sql, [*values, storable(str(condition.value))]


def _membership(condition: Condition, text: str, values: Sequence[object]) -> tuple[str, list[object]]:
    wanted = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    given = [storable(text_of(value)) for value in wanted]
    negation = "NOT " if condition.operator == "not in" else ""
    return f"{negation}{text} = ANY(%s::text[])", [*values, given]


_BUILT_IN_TEXTS = {
    "document_name": "d.name",
    "source": "CASE WHEN d.source_url = '' THEN 'file_upload' ELSE 'website' END",
}
_BUILT_IN_TIMES = {
    "upload_date": "extract(epoch FROM d.created_at)::float8",
    "last_update_date": "extract(epoch FROM d.updated_at)::float8",
}


def _text_of(field: str, tables: ChunkTables) -> tuple[str, list[object]]:
    """Return SQL for a field as text, with its parameters."""
    if field == "uploader":
        return f"({tables.uploader})", []
    if field in BUILT_IN_FIELDS:
        return _BUILT_IN_TEXTS.get(field) or f"({_BUILT_IN_TIMES[field]})::text", []
    return "(d.metadata ->> %s::text)", [storable(field)]


def _number_of(field: str, tables: ChunkTables) -> tuple[str, list[object]]:
    """Return SQL for a field as a number (times are seconds since 1970), null where it is none."""
    if field in _BUILT_IN_TIMES:
        return _BUILT_IN_TIMES[field], []
    if field in BUILT_IN_FIELDS:
        return "null::float8", []
    # The field is looked up apart from its type: a conversion that fails would end the query.
    return "(CASE WHEN jsonb_typeof(d.metadata -> %s::text) = 'number' THEN (d.metadata ->> %s::text)::float8 END)", [
        storable(field),
        storable(field),
    ]
