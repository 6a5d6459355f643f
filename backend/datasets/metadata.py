"""The metadata of documents: the fields that a dataset has, and the values that its documents carry.

A field's values live in `Document.metadata` under its name, so renaming or deleting one rewrites its documents.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from django.db import IntegrityError, connection, transaction

from backend.accounts.models import User
from backend.accounts.services.audit import audit_record
from backend.common.errors import Conflict, Invalid, NotFound
from backend.datasets.models import Dataset, Document, MetadataField
from backend.datasets.selectors import dataset_get
from rag.filters import BUILT_IN_FIELDS, FieldType

MAX_FIELDS = 100
MAX_VALUE_CHARS = 2000
MAX_NUMBER = 1e15
NOT_STORED = re.compile("[\0\ud800-\udfff]")
# The ends of the years 1 and 9999: what Python and JavaScript call a time.
TIME_RANGE_S = (-62_135_596_800, 253_402_300_799)


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field and how many documents have a value for it; `id` is None for one that every document has."""

    id: uuid.UUID | None
    name: str
    type: FieldType
    count: int


def metadata_fields(workspace_id: uuid.UUID, dataset_id: uuid.UUID) -> list[FieldInfo]:
    """Return the dataset's own fields by name, then the built-in ones (unless it does without); raises `NotFound`."""
    dataset = dataset_get(workspace_id, dataset_id)
    rows = MetadataField.objects.within(workspace_id).filter(dataset_id=dataset_id).order_by("name")
    counts = _value_counts(workspace_id, dataset_id)
    own = [FieldInfo(row.id, row.name, row.type, counts.get(row.name, 0)) for row in rows]
    if not dataset.built_in_metadata:
        return own
    return own + [FieldInfo(None, name, kind, dataset.documents_total) for name, kind in BUILT_IN_FIELDS.items()]


def _value_counts(workspace_id: uuid.UUID, dataset_id: uuid.UUID) -> dict[str, int]:
    table = Document._meta.db_table
    sql = (
        f"SELECT key, count(*) FROM {table}, jsonb_object_keys(metadata) AS key "  # noqa: S608 - our own table's name
        "WHERE workspace_id = %s AND dataset_id = %s GROUP BY key"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [workspace_id, dataset_id])
        return dict(cursor.fetchall())


def field_types(workspace_id: uuid.UUID, dataset_ids: list[uuid.UUID]) -> dict[str, FieldType]:
    """Return the types of the fields that filters over these datasets may name, by name.

    A field that two of the datasets have with different types counts as a string, which every value can be read as.
    """
    types: dict[str, FieldType] = {}
    rows = MetadataField.objects.within(workspace_id).filter(dataset_id__in=dataset_ids)
    for name, kind in rows.values_list("name", "type"):
        types[name] = kind if types.get(name, kind) == kind else "string"
    return types | BUILT_IN_FIELDS


def field_get(workspace_id: uuid.UUID, dataset_id: uuid.UUID, field_id: uuid.UUID) -> MetadataField:
    """Return the field; raises `NotFound`."""
    fields = MetadataField.objects.within(workspace_id)
    found = fields.filter(dataset_id=dataset_id, id=field_id).first()
    if found is None:
        raise NotFound(f"there is no metadata field {str(field_id)!r} in this dataset")
    return found


def field_create(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, name: str, type: FieldType, actor: User | None = None
) -> MetadataField:
    """Add a field to a dataset; raises `Conflict` for a name that is taken or built in."""
    dataset_get(workspace_id, dataset_id)
    _require_free(name)
    if MetadataField.objects.within(workspace_id).filter(dataset_id=dataset_id).count() >= MAX_FIELDS:
        raise Conflict(f"the dataset has {MAX_FIELDS} metadata fields, the most there may be: delete one first")
    field = MetadataField(workspace_id=workspace_id, dataset_id=dataset_id, name=name, type=type)
    with _named_once(name), transaction.atomic():
        field.save(force_insert=True)
        _audit(field, actor, "metadata_field.created")
    return field


def field_update(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, field_id: uuid.UUID, name: str, actor: User | None = None
) -> MetadataField:
    """Rename a field, and its values in every document; raises `Conflict` for a name that is taken or built in."""
    field = field_get(workspace_id, dataset_id, field_id)
    if name == field.name:
        return field
    _require_free(name)
    before, field.name = field.name, name
    with _named_once(name), transaction.atomic():
        _dataset_lock(field)
        field.save(update_fields=["name", "updated_at"])
        _documents_rewrite(
            field, "(metadata - %s::text) || jsonb_build_object(%s::text, metadata -> %s::text)", [before, name, before]
        )
        _audit(field, actor, "metadata_field.renamed", before=before)
    return field


def field_delete(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, field_id: uuid.UUID, actor: User | None = None
) -> None:
    """Delete a field, and its values in every document."""
    field = field_get(workspace_id, dataset_id, field_id)
    with transaction.atomic():
        _dataset_lock(field)
        _documents_rewrite(field, "metadata - %s::text", [field.name])
        _audit(field, actor, "metadata_field.deleted")
        field.delete()


def metadata_clean(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, values: Mapping[str, object]
) -> dict[str, str | float]:
    """Return the values as documents of this dataset store them; raises `Invalid` that names every wrong one.

    None leaves a field out. To be called in the transaction that stores them: no field is renamed until it ends.
    """
    Dataset.objects.within(workspace_id).select_for_update(no_key=True).filter(id=dataset_id).first()
    rows = MetadataField.objects.within(workspace_id).filter(dataset_id=dataset_id)
    types: dict[str, FieldType] = dict(rows.values_list("name", "type"))
    cleaned: dict[str, str | float] = {}
    wrong: dict[str, list[str]] = {}
    for name, value in values.items():
        try:
            if value is not None:
                cleaned[name] = _value_clean(name, value, types)
        except ValueError as error:
            wrong[f"metadata.{name}"] = [str(error)]
    if wrong:
        raise Invalid(next(iter(wrong.values()))[0], fields=wrong)
    return cleaned


def _value_clean(name: str, value: object, types: Mapping[str, FieldType]) -> str | float:
    """Return one value as it is stored; raises `ValueError` that says what to do."""
    if name in BUILT_IN_FIELDS:
        raise ValueError(f"{name!r} is built in and cannot be set")
    if name not in types:
        known = ", ".join(repr(known) for known in sorted(types)) or "none yet"
        raise ValueError(f"the dataset has no metadata field {name[:100]!r} (there are {known}): add it first")
    match types[name]:
        case "string":
            return _string(name, value)
        case "number":
            return _number(name, value)
        case "time":
            return _time(name, value)
        case never:
            assert_never(never)


def _string(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name!r} takes a text, not {str(value)[:100]!r}")
    if len(value) > MAX_VALUE_CHARS or NOT_STORED.search(value):
        raise ValueError(
            f"{name!r} takes a text of at most {MAX_VALUE_CHARS:,} characters, without NUL and halves of pairs"
        )
    return value


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise ValueError(f"{name!r} takes a number up to ±{MAX_NUMBER:g}, not {str(value)[:100]!r}")
    return value


def _time(name: str, value: object) -> float:
    if isinstance(value, str):
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{name!r} takes seconds since 1970 or an ISO 8601 time, not {value[:100]!r}") from None
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    seconds = _number(name, value)
    if not TIME_RANGE_S[0] <= seconds <= TIME_RANGE_S[1]:
        raise ValueError(f"{name!r} takes seconds since 1970, and {seconds!r} is no such time: are these milliseconds?")
    return seconds


def _require_free(name: str) -> None:
    if name in BUILT_IN_FIELDS:
        raise Conflict(f"{name!r} is built in, every document has it already: choose another name")


@contextmanager
def _named_once(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise Conflict(f"the dataset has a metadata field {name!r} already: choose another name") from error


def _dataset_lock(field: MetadataField) -> None:
    """Keep documents from getting values (`metadata_clean`) while they are rewritten."""
    Dataset.objects.within(field.workspace_id).select_for_update(no_key=True).get(id=field.dataset_id)


def _documents_rewrite(field: MetadataField, expression: str, parameters: list[str]) -> None:
    """Set the metadata of all documents that have a value under the name in `parameters[0]`, in one statement."""
    sql = (
        f"UPDATE {Document._meta.db_table} SET metadata = {expression} "  # noqa: S608 - no part comes from outside
        "WHERE workspace_id = %s AND dataset_id = %s AND jsonb_exists(metadata, %s)"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, field.workspace_id, field.dataset_id, parameters[0]])


def _audit(field: MetadataField, actor: User | None, action: str, **detail: object) -> None:
    audit_record(
        workspace_id=field.workspace_id,
        actor=actor,
        action=action,
        target=str(field.id),
        detail={"name": field.name, "dataset_id": field.dataset_id, **detail},
    )
