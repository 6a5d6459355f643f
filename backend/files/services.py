"""Stores uploads: bytes under a name of ours, whole or not at all, readable by their owner alone."""

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from backend.accounts.models import User
from backend.common.errors import FileTooLarge, Invalid
from backend.files.models import StoredFile
from backend.files.names import HEAD_BYTES, name_clean, type_of

COPY_BYTES = 1024 * 1024


def too_large(limit_bytes: int | None = None) -> FileTooLarge:
    """Return the error for an upload over the limit."""
    limit_mb = (limit_bytes or settings.MAX_UPLOAD_BYTES) / 1024 / 1024
    return FileTooLarge(
        f"the file is larger than {limit_mb:g} MB: split it, or raise ATELIER_MAX_UPLOAD_MB and start again"
    )


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write that becomes `path` at the end; whatever goes wrong leaves neither."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def file_store(
    *,
    workspace_id: uuid.UUID | str,
    upload: UploadedFile,
    user: User | None = None,
    app_id: uuid.UUID | str | None = None,
    end_user: str = "",
) -> StoredFile:
    """Write an upload and its row. It belongs to `user`, or to `end_user` of an app.

    Raises `FileTooLarge` over the limit and `Invalid` for an empty file; nothing is left behind then.
    """
    key = uuid.uuid4().hex
    key = f"{key[:2]}/{key[2:4]}/{key}"
    path = settings.FILES_ROOT / key
    digest, size, head = hashlib.sha256(), 0, b""
    with _written(path) as file:
        upload.seek(0)
        for chunk in upload.chunks(COPY_BYTES):
            size += len(chunk)
            if size > settings.MAX_UPLOAD_BYTES:
                raise too_large()
            if len(head) < HEAD_BYTES:
                head += chunk[: HEAD_BYTES - len(head)]
            digest.update(chunk)
            file.write(chunk)
        if size == 0:
            raise Invalid("the file is empty: choose one with content", code="empty_file")
    name = name_clean(upload.name or "")
    found = type_of(head, name)
    try:
        with transaction.atomic():
            return StoredFile.objects.create(
                workspace_id=workspace_id,
                name=name,
                key=key,
                size_bytes=size,
                mime_type=found.mime_type,
                kind=found.kind,
                sha256=digest.hexdigest(),
                user=user,
                app_id=app_id,
                end_user=end_user,
            )
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def file_adopted(
    *, workspace_id: uuid.UUID | str, path: Path, name: str, mime_type: str, user: User | None = None
) -> Iterator[StoredFile]:
    """Take a file that we wrote ourselves, on the same disk, among the workspace's, in one transaction with the block.

    `path` is gone once that is certain; whatever goes wrong before leaves it as it was, and no other.
    """
    key = uuid.uuid4().hex
    key = f"{key[:2]}/{key[2:4]}/{key}"
    place = settings.FILES_ROOT / key
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    os.link(path, place)
    try:
        with transaction.atomic():
            yield StoredFile.objects.create(
                workspace_id=workspace_id,
                name=name_clean(name),
                key=key,
                size_bytes=path.stat().st_size,
                mime_type=mime_type,
                kind="document",
                sha256=digest,
                user=user,
            )
    except BaseException:
        place.unlink(missing_ok=True)
        raise
    path.unlink(missing_ok=True)


def file_delete(*, stored: StoredFile) -> None:
    """Remove the row, and the bytes once that is certain."""
    path = file_path(stored)
    stored.delete()
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def file_path(stored: StoredFile) -> Path:
    """Return where the bytes lie."""
    return settings.FILES_ROOT / stored.key


def file_open(stored: StoredFile) -> BinaryIO:
    """Open the bytes for reading; raises `FileNotFoundError` when somebody removed them from the disk."""
    return file_path(stored).open("rb")
