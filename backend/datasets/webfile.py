"""Puts a page that was fetched under its document as a file, in the place of what was fetched before."""

import asyncio
import tempfile
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from backend.common.database import in_database
from backend.datasets.lease import Lease, LeaseLost
from backend.datasets.models import Document
from backend.datasets.web import WebPage, page_fetch, url_shown
from backend.files.names import NAME_CHARS, name_clean
from backend.files.services import file_delete, file_store
from rag.extract.isolated import validate_upload


async def page_store(lease: Lease, document: Document) -> Document:
    """Fetch the document's page and store it; raises `FetchError`, `RagError` and `LeaseLost`."""
    page = await page_fetch(document.source_url, workspace_id=document.workspace_id)
    format_name = await asyncio.to_thread(_format_of, page)
    return await in_database(_put, lease, page, format_name)


def _format_of(page: WebPage) -> str:
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
        file.write(page.body)
        file.flush()
        return validate_upload(Path(file.name), f"page{page.suffix}").name


def _put(lease: Lease, page: WebPage, format_name: str) -> Document:
    try:
        return _put_as(lease, page, format_name, name_clean(page.name))
    except IntegrityError:
        # Another address of the dataset has the same page under the same title.
        return _put_as(lease, page, format_name, "")


def _put_as(lease: Lease, page: WebPage, format_name: str, name: str) -> Document:
    with transaction.atomic():
        document = lease.row().select_for_update(of=("self",)).select_related("dataset", "file").first()
        if document is None:
            raise LeaseLost(str(lease.document_id))
        before = document.file
        upload = SimpleUploadedFile(f"page{page.suffix}", page.body, page.content_type)
        stored = file_store(workspace_id=document.workspace_id, upload=upload, user=document.uploaded_by)
        document.file, document.sha256, document.size_bytes = stored, stored.sha256, stored.size_bytes
        document.name = name or name_clean(f"{page.name} ({url_shown(document.source_url)})")[:NAME_CHARS]
        document.format, document.mime_type = format_name, stored.mime_type
        lease.write(
            file=stored,
            sha256=stored.sha256,
            size_bytes=stored.size_bytes,
            name=document.name,
            format=format_name,
            mime_type=stored.mime_type,
        )
        if before is not None:
            file_delete(stored=before)
    return document
