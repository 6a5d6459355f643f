"""Writes to documents: uploaded, replaced, described, switched on and off, deleted. Their jobs are `jobs.py`."""

import hashlib
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.db import IntegrityError, transaction

from backend.accounts.models import User
from backend.accounts.services.audit import audit_record
from backend.common.errors import Conflict, Invalid, NotFound
from backend.datasets.adapters import api_error, chunk_store, document_ref, index_send
from backend.datasets.chunking import settings_json, settings_of
from backend.datasets.deleting import documents_rows_delete
from backend.datasets.lease import QUEUED_ANEW, RESEND_S, in_seconds
from backend.datasets.metadata import metadata_clean
from backend.datasets.models import Chunk, Document
from backend.datasets.selectors import document_get
from backend.datasets.services.datasets import Deleted, dataset_row
from backend.files.models import StoredFile
from backend.files.names import name_clean
from backend.files.services import file_delete, file_store, too_large
from rag.errors import RagError
from rag.extract.isolated import validate_upload

CHANGEABLE = ("name", "is_enabled", "is_archived", "metadata")


def document_upload(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    upload: UploadedFile,
    actor: User | None = None,
    batch: str = "",
    processing: Mapping[str, object] | None = None,
    read_as: str = "",
) -> tuple[Document, bool]:
    """Store a file and have it indexed. Returns the document and whether it is new.

    `processing` overrides the dataset's settings of chunks, `read_as` is a file name whose ending says the format in
    place of the upload's own. The same name and bytes give the document that is there.
    Raises `FileTooLarge`, `UnsupportedFileType` and other 4xx; nothing is stored then.
    """
    settings_of(dataset_row(workspace_id, dataset_id), processing)
    if upload.size > settings.MAX_UPLOAD_BYTES:
        raise too_large()
    name = name_clean(upload.name or "")
    same = {"dataset_id": dataset_id, "name": name, "sha256": sha256_of(upload)}
    documents = Document.objects.within(workspace_id)
    known = documents.filter(**same).first()
    if known is not None:
        return known, False
    stored, format_name = _store(workspace_id, upload, read_as or name, actor)
    try:
        with transaction.atomic():
            document = Document.objects.create(
                **same,
                workspace_id=workspace_id,
                file=stored,
                size_bytes=stored.size_bytes,
                mime_type=stored.mime_type,
                format=format_name,
                batch=batch,
                processing=settings_json(processing),
                uploaded_by=actor,
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


def document_replace(
    *,
    document: Document,
    upload: UploadedFile,
    batch: str = "",
    processing: Mapping[str, object] | None = None,
    read_as: str = "",
    actor: User | None = None,
) -> Document:
    """Give a document another file, and its name, and have it indexed; what it says now is found until then.

    The same bytes under the same name, with the same settings, change nothing. Takes and raises what
    `document_upload` does.
    """
    workspace_id, dataset_id, document_id = document.workspace_id, document.dataset_id, document.id
    settings_of(document.dataset, processing)
    if upload.size > settings.MAX_UPLOAD_BYTES:
        raise too_large()
    shown = name_clean(upload.name or document.name)
    sha256 = sha256_of(upload)
    overrides = settings_json(processing) or document.processing
    if (document.name, document.sha256, document.processing) == (shown, sha256, overrides):
        return document
    stored, format_name = _store(workspace_id, upload, read_as or shown, actor)
    values = {
        "file": stored,
        "name": shown,
        "sha256": sha256,
        "size_bytes": stored.size_bytes,
        "mime_type": stored.mime_type,
        "format": format_name,
        "processing": overrides,
        "batch": batch or document.batch,
        "source_url": "",
    }
    try:
        with transaction.atomic():
            rows = Document.objects.within(workspace_id).filter(id=document_id)
            before = rows.select_for_update(of=("self",)).select_related("file").first()
            if before is None:
                raise NotFound(f"the document {str(document_id)!r} was deleted during the upload")
            rows.update(**values, **QUEUED_ANEW, lease_expires_at=in_seconds(RESEND_S))
            if before.file is not None:
                file_delete(stored=before.file)
            _audit(actor, "document.replaced", document, name=shown, dataset_id=dataset_id)
            transaction.on_commit(partial(index_send, document_id), robust=True)
    except (IntegrityError, NotFound) as error:
        file_delete(stored=stored)
        if isinstance(error, NotFound):
            raise
        raise Conflict(f"a document {shown!r} with these bytes is in the dataset already: delete one of them") from None
    return document_get(workspace_id, dataset_id, document_id)


def _store(workspace_id: uuid.UUID, upload: UploadedFile, name: str, actor: User | None) -> tuple[StoredFile, str]:
    """Keep a file that can be read, and return it with the name of its format."""
    try:
        with on_disk(upload) as path:
            document_format = validate_upload(path, name)
    except RagError as error:
        raise api_error(error) from error
    return file_store(workspace_id=workspace_id, upload=upload, user=actor), document_format.name


def sha256_of(upload: UploadedFile) -> str:
    """Return the digest of the bytes, and go back to their beginning."""
    digest = hashlib.sha256()
    for part in upload.chunks():
        digest.update(part)
    upload.seek(0)
    return digest.hexdigest()


@contextmanager
def on_disk(upload: UploadedFile) -> Iterator[Path]:
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


def document_update(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    document_id: uuid.UUID,
    values: Mapping[str, object],
    actor: User | None = None,
) -> Document:
    """Rename, enable, disable or archive a document, or replace its metadata; searches see it at once.

    Raises `Invalid` for values that the dataset's metadata fields do not take, `Conflict` for a name with these bytes
    that is there already.
    """
    document = document_get(workspace_id, dataset_id, document_id)
    unknown = sorted(set(values) - set(CHANGEABLE))
    if unknown:
        raise Invalid(f"{unknown[0]!r} of a document cannot be changed; there are {', '.join(CHANGEABLE)}")
    changed = dict(values)
    if "name" in changed:
        changed["name"] = name_clean(str(changed["name"]))
    try:
        with transaction.atomic():
            if "metadata" in changed:
                given = changed["metadata"]
                if not isinstance(given, Mapping):
                    raise Invalid("metadata must be an object of field names and values")
                changed["metadata"] = metadata_clean(workspace_id=workspace_id, dataset_id=dataset_id, values=given)
            rows = Document.objects.within(workspace_id).filter(id=document_id)
            before = rows.select_for_update(of=("self",)).first()
            if before is None:
                raise NotFound(f"there is no document {str(document_id)!r} in this dataset")
            for field, value in changed.items():
                setattr(before, field, value)
            before.save(update_fields=[*changed, "updated_at"])
            if {"is_enabled", "is_archived"} & changed.keys():
                chunk_store().refresh(document_ref(document))
            _audit(actor, "document.updated", before, name=before.name, fields=sorted(changed))
    except IntegrityError as error:
        raise Conflict(
            f"a document {changed.get('name')!r} with the same bytes is in the dataset already: choose another name"
        ) from error
    return document_get(workspace_id, dataset_id, document_id)


def document_delete(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    document_id: uuid.UUID,
    actor: User | None = None,
    dry_run: bool = False,
) -> Deleted:
    """Delete a document with its chunks and its file; with `dry_run` only say what that would be."""
    document = document_get(workspace_id, dataset_id, document_id)
    if dry_run:
        return Deleted(1, Chunk.objects.within(workspace_id).filter(document_id=document_id).count())
    with transaction.atomic():
        return documents_remove(workspace_id=workspace_id, dataset_id=dataset_id, ids=[document.id], actor=actor)


def documents_remove(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, ids: list[uuid.UUID], actor: User | None = None
) -> Deleted:
    """Delete these documents of the dataset, with all that belongs to them, in one transaction."""
    with transaction.atomic():
        rows = Document.objects.within(workspace_id).filter(dataset_id=dataset_id, id__in=ids).select_related("file")
        documents = list(rows.select_for_update(of=("self",)).order_by("id"))
        chunks = Chunk.objects.within(workspace_id).filter(document_id__in=[document.id for document in documents])
        deleted = Deleted(len(documents), chunks.count())
        documents_rows_delete(documents)
        for document in documents:
            if document.file is not None:
                file_delete(stored=document.file)
            _audit(actor, "document.deleted", document, name=document.name, dataset_id=dataset_id)
    return deleted


def _audit(actor: User | None, action: str, row: Document, **detail: object) -> None:
    audit_record(workspace_id=row.workspace_id, actor=actor, action=action, target=str(row.id), detail=detail)
