"""Writes to datasets and documents: what people ask for. Indexing itself is `indexing.py`."""

import hashlib
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.accounts.models import User
from backend.accounts.services.audit import audit_record
from backend.common.errors import Conflict, Invalid, NotFound
from backend.datasets.adapters import api_error, index_send
from backend.datasets.lease import RESEND_S, in_seconds
from backend.datasets.models import Chunk, Dataset, Document, DocumentStatus
from backend.datasets.ports import DATASET_USERS, EMBEDDERS
from backend.datasets.selectors import dataset_get, document_get
from backend.files.names import name_clean
from backend.files.services import file_delete, file_store, too_large
from rag.errors import InvalidSettingsError, RagError
from rag.extract.isolated import validate_upload
from rag.split import SplitSettings

DEFAULT_EMBEDDING_MODEL = "all-minilm-l6-v2"


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a deletion removed, or would remove."""

    documents: int
    chunks: int
    apps: int = 0


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
            f"the dataset is indexed with {dataset.embedding_model!r}: make a new dataset for {model!r}, "
            "or delete the documents first"
        )
    for field, value in values.items():
        setattr(dataset, field, value)
    _require_valid(dataset)
    _save(dataset, actor, "dataset.updated")
    return dataset_get(workspace_id, dataset_id)


def _require_valid(dataset: Dataset) -> None:
    EMBEDDERS.get()(str(dataset.workspace_id), dataset.embedding_model)
    try:
        SplitSettings(dataset.chunk_tokens, dataset.chunk_overlap_tokens)
    except InvalidSettingsError as error:
        field = "chunk_overlap_tokens" if "overlap" in error.message else "chunk_tokens"
        raise Invalid(error.message, fields={field: [error.message]}) from error


def _save(dataset: Dataset, actor: User | None, action: str) -> None:
    try:
        with transaction.atomic():
            dataset.save()
            _audit(actor, action, dataset, name=dataset.name)
    except IntegrityError as error:
        raise Conflict(f"a dataset named {dataset.name!r} exists already: choose another name") from error


def _audit(actor: User | None, action: str, row: Dataset | Document, **detail: object) -> None:
    audit_record(workspace_id=row.workspace_id, actor=actor, action=action, target=str(row.id), detail=detail)


def dataset_delete(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, actor: User | None = None, dry_run: bool = False
) -> Deleted:
    """Delete a dataset with documents, chunks and files; with `dry_run` only say what that would be."""
    apps = DATASET_USERS.get()(workspace_id, dataset_id)
    with transaction.atomic():
        dataset = dataset_get(workspace_id, dataset_id)
        # Both locks keep uploads and indexing from adding rows while the others go.
        Dataset.objects.within(workspace_id).select_for_update().get(id=dataset_id)
        documents = list(
            Document.objects.within(workspace_id)
            .filter(dataset_id=dataset_id)
            .select_for_update(of=("self",))
            .select_related("file")
        )
        chunks = Chunk.objects.within(workspace_id).filter(dataset_id=dataset_id)
        deleted = Deleted(len(documents), chunks.count(), apps)
        if not dry_run:
            _documents_remove(documents)
            Dataset.objects.within(workspace_id).filter(id=dataset_id).delete()
            _audit(actor, "dataset.deleted", dataset, name=dataset.name, documents=len(documents))
    return deleted


def document_delete(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    document_id: uuid.UUID,
    actor: User | None = None,
    dry_run: bool = False,
) -> Deleted:
    """Delete a document with its chunks and its file; with `dry_run` only say what that would be."""
    with transaction.atomic():
        document = document_get(workspace_id, dataset_id, document_id)
        rows = Document.objects.within(workspace_id).filter(id=document_id).select_related("file")
        documents = list(rows.select_for_update(of=("self",)))
        chunks = Chunk.objects.within(workspace_id).filter(document_id=document_id).count()
        if documents and not dry_run:
            _documents_remove(documents)
            _audit(actor, "document.deleted", document, name=document.name, dataset_id=dataset_id)
    return Deleted(len(documents), chunks)


def _documents_remove(documents: list[Document]) -> None:
    Document.unscoped.filter(id__in=[document.id for document in documents]).delete()
    for document in documents:
        file_delete(stored=document.file)


def document_upload(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, upload: UploadedFile, actor: User | None = None
) -> tuple[Document, bool]:
    """Store a file and have it indexed. Returns the document and whether it is new.

    Raises `FileTooLarge`, `UnsupportedFileType` and other 4xx; nothing is stored then.
    """
    dataset_get(workspace_id, dataset_id)
    if upload.size > settings.MAX_UPLOAD_BYTES:
        raise too_large()
    name = name_clean(upload.name or "")
    same = {"dataset_id": dataset_id, "name": name, "sha256": _sha256(upload)}
    documents = Document.objects.within(workspace_id)
    known = documents.filter(**same).first()
    if known is not None:
        return known, False
    try:
        with _on_disk(upload) as path:
            document_format = validate_upload(path, name)
    except RagError as error:
        raise api_error(error) from error
    stored = file_store(workspace_id=workspace_id, upload=upload, user=actor)
    try:
        with transaction.atomic():
            document = Document.objects.create(
                **same,
                workspace_id=workspace_id,
                file=stored,
                size_bytes=stored.size_bytes,
                mime_type=stored.mime_type,
                format=document_format.name,
                lease_expires_at=in_seconds(RESEND_S),
            )
            _audit(actor, "document.uploaded", document, name=name, dataset_id=dataset_id)
            # Without a broker the document still is there, and the sweep sends it later.
            transaction.on_commit(partial(index_send, document.id), robust=True)
    except IntegrityError:
        # Somebody was faster with the same file, or the dataset was deleted meanwhile.
        file_delete(stored=stored)
        known = documents.filter(**same).first()
        if known is None:
            raise NotFound(f"the dataset {str(dataset_id)!r} was deleted during the upload") from None
        return known, False
    document.refresh_from_db()
    return document, True


def _sha256(upload: UploadedFile) -> str:
    digest = hashlib.sha256()
    for part in upload.chunks():
        digest.update(part)
    upload.seek(0)
    return digest.hexdigest()


@contextmanager
def _on_disk(upload: UploadedFile) -> Iterator[Path]:
    """Give the upload a path: parsers read it in a process of their own."""
    if isinstance(upload, TemporaryUploadedFile):
        yield Path(upload.temporary_file_path())
        return
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
        for part in upload.chunks():
            file.write(part)
        file.flush()
        upload.seek(0)
        yield Path(file.name)


def document_retry(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, document_id: uuid.UUID, actor: User | None = None
) -> Document:
    """Have a failed document indexed again, with all its attempts; raises `Conflict` for any other."""
    document = document_get(workspace_id, dataset_id, document_id)
    with transaction.atomic():
        failed = Document.objects.within(workspace_id).filter(id=document_id, status=DocumentStatus.FAILED)
        if not failed.update(
            status=DocumentStatus.QUEUED,
            reason="",
            progress=0.0,
            attempts=0,
            stage_times={},
            finished_at=None,
            lease_token=None,
            lease_expires_at=in_seconds(RESEND_S),
            updated_at=timezone.now(),
        ):
            raise Conflict("only a failed document can be retried; this one is ready or on its way")
        _audit(actor, "document.retried", document, name=document.name)
        transaction.on_commit(partial(index_send, document_id), robust=True)
    return document_get(workspace_id, dataset_id, document_id)
