"""Writes to datasets: made, changed, indexed anew and deleted."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from backend.accounts.models import User
from backend.accounts.services.audit import audit_record
from backend.common.errors import Conflict, Invalid, NotFound
from backend.datasets.chunking import settings_of
from backend.datasets.deleting import dataset_rows_delete
from backend.datasets.lease import documents_requeue
from backend.datasets.models import Chunk, ChunkMode, Dataset, Document, DocumentStatus, VectorIndex
from backend.datasets.ports import DATASET_USERS, EMBEDDERS, WRITERS
from backend.datasets.searches import settings_checked
from backend.datasets.selectors import dataset_get
from backend.files.models import StoredFile
from backend.files.services import file_path

DEFAULT_EMBEDDING_MODEL = "all-minilm-l6-v2"
CHANGEABLE = frozenset(field.name for field in Dataset._meta.concrete_fields) - {"id", "workspace", "created_at"}


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a deletion removed, or would remove."""

    documents: int
    chunks: int
    apps: int = 0


def dataset_row(workspace_id: uuid.UUID, dataset_id: uuid.UUID) -> Dataset:
    """Return the dataset without its counts; raises `NotFound`."""
    found = Dataset.objects.within(workspace_id).filter(id=dataset_id).first()
    if found is None:
        raise NotFound(f"there is no dataset {str(dataset_id)!r} in this workspace")
    return found


def dataset_create(*, workspace_id: uuid.UUID, values: Mapping[str, object], actor: User | None = None) -> Dataset:
    """Create a dataset; raises `ApiError` for an unknown embedding model, contradicting settings or a taken name."""
    dataset = Dataset(workspace_id=workspace_id, **{"embedding_model": DEFAULT_EMBEDDING_MODEL, **values})
    _require_valid(dataset)
    _save(dataset, actor, "dataset.created")
    return dataset_get(workspace_id, dataset.id)


def dataset_update(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, values: Mapping[str, object], actor: User | None = None
) -> Dataset:
    """Change a dataset. New chunk settings count for documents indexed from now on."""
    dataset = dataset_get(workspace_id, dataset_id)
    model = values.get("embedding_model", dataset.embedding_model)
    if model != dataset.embedding_model and dataset.documents_total:
        raise Conflict(
            f"the dataset is indexed with {dataset.embedding_model!r}: have it embedded anew with {model!r} instead, "
            "or delete the documents first"
        )
    for field, value in values.items():
        if field not in CHANGEABLE:
            raise Invalid(f"{field!r} of a dataset cannot be changed here")
        setattr(dataset, field, value)
    _require_valid(dataset)
    _save(dataset, actor, "dataset.updated")
    return dataset_get(workspace_id, dataset_id)


def _require_valid(dataset: Dataset) -> None:
    EMBEDDERS.get()(str(dataset.workspace_id), dataset.embedding_model)
    settings_of(dataset)
    settings_checked(dataset.workspace_id, dataset.retrieval)
    if dataset.qa_model and dataset.chunk_mode == ChunkMode.QA:
        WRITERS.get()(str(dataset.workspace_id), dataset.qa_model)


def _save(dataset: Dataset, actor: User | None, action: str) -> None:
    try:
        with transaction.atomic():
            dataset.save()
            _index_of(dataset)
            _audit(actor, action, dataset, name=dataset.name)
    except IntegrityError as error:
        raise Conflict(f"a dataset named {dataset.name!r} exists already: choose another name") from error


def _index_of(dataset: Dataset) -> None:
    """Make the index that searches use, or have the empty one take vectors of another model."""
    index, is_new = VectorIndex.objects.get_or_create(
        dataset=dataset, state=VectorIndex.State.ACTIVE, defaults={"model": dataset.embedding_model}
    )
    if not is_new and index.model != dataset.embedding_model:
        index.delete()
        VectorIndex.objects.create(dataset=dataset, state=VectorIndex.State.ACTIVE, model=dataset.embedding_model)


def _audit(actor: User | None, action: str, row: Dataset, **detail: object) -> None:
    audit_record(workspace_id=row.workspace_id, actor=actor, action=action, target=str(row.id), detail=detail)


def dataset_delete(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, actor: User | None = None, dry_run: bool = False
) -> Deleted:
    """Delete a dataset with documents, chunks and files; with `dry_run` only say what that would be."""
    apps = DATASET_USERS.get()(workspace_id, dataset_id)
    with transaction.atomic():
        dataset = dataset_get(workspace_id, dataset_id)
        documents = Document.objects.within(workspace_id).filter(dataset_id=dataset_id)
        chunks = Chunk.objects.within(workspace_id).filter(dataset_id=dataset_id)
        if dry_run:
            return Deleted(documents.count(), chunks.count(), apps)
        # Both locks keep uploads and indexing from adding rows while the others go.
        Dataset.objects.within(workspace_id).select_for_update().get(id=dataset_id)
        file_ids = list(documents.select_for_update(of=("self",)).values_list("file_id", flat=True))
        files = list(StoredFile.objects.within(workspace_id).filter(id__in=[file for file in file_ids if file]))
        deleted = Deleted(len(file_ids), dataset_rows_delete(dataset_id), apps)
        StoredFile.objects.within(workspace_id).filter(id__in=[file.id for file in files]).delete()
        _audit(actor, "dataset.deleted", dataset, name=dataset.name, documents=len(file_ids))
        transaction.on_commit(lambda: [file_path(file).unlink(missing_ok=True) for file in files])
    return deleted


def dataset_reindex(*, workspace_id: uuid.UUID, dataset_id: uuid.UUID, actor: User | None = None) -> int:
    """Have all finished documents indexed anew by the settings of today; return how many.

    What is searched now stays searchable until its successor is complete.
    """
    dataset = dataset_get(workspace_id, dataset_id)
    ends = (DocumentStatus.READY, DocumentStatus.FAILED)
    with transaction.atomic():
        documents = Document.objects.within(workspace_id).filter(dataset_id=dataset_id, status__in=ends)
        count = len(documents_requeue(documents))
        _audit(actor, "dataset.reindexed", dataset, name=dataset.name, documents=count)
    return count
