"""The files of a run: those of its owner, and those that it makes for them."""

import asyncio
import io
import uuid

from django.core.files.uploadedfile import UploadedFile

from agents.errors import InvalidInput
from agents.types import FileRef, RunSpec
from backend.accounts.models import User
from backend.common.database import in_database
from backend.common.errors import ApiError, NotFound
from backend.files.models import StoredFile
from backend.files.selectors import file_get
from backend.files.services import file_path, file_store
from backend.runs.models import RunFile


class OwnedFiles:
    """Reads the files of whoever started the run, and keeps new ones for them.

    `read` takes references that were checked when the run was planned, or by `find`.
    """

    def __init__(self, spec: RunSpec) -> None:
        self._workspace_id = spec.scope
        self._run_id = uuid.UUID(spec.run_id)
        owner = {"app_id": spec.app_id, "end_user": spec.user}
        self._owner = {"user": User(id=uuid.UUID(spec.user))} if spec.is_member else owner

    async def read(self, ref: FileRef) -> bytes:
        """Return the bytes; raises `FileNotFoundError`."""
        stored = await in_database(self._stored, ref.id)
        if stored is None:
            raise FileNotFoundError(f"the file {ref.name!r} is gone: upload it again")
        return await asyncio.to_thread(file_path(stored).read_bytes)

    async def find(self, file_id: str) -> FileRef:
        """Return the owner's file; raises `FileNotFoundError` for any other."""
        try:
            stored = await in_database(self._mine, file_id)
        except NotFound as error:
            raise FileNotFoundError(error.message) from error
        return _ref(stored)

    async def create(self, name: str, mime_type: str, content: bytes) -> FileRef:
        """Keep a file for the owner; raises `InvalidInput` for an empty or too large one.

        What it is, its first bytes and its name say: `mime_type` does not make a page of a text.
        """
        upload = UploadedFile(io.BytesIO(content), name=name, content_type=mime_type, size=len(content))
        try:
            return _ref(await in_database(self._store, upload))
        except ApiError as error:
            raise InvalidInput(f"the file {name!r} cannot be kept: {error.message}") from error

    def _stored(self, file_id: str) -> StoredFile | None:
        return StoredFile.objects.within(self._workspace_id).filter(id=uuid.UUID(file_id)).first()

    def _mine(self, file_id: str) -> StoredFile:
        return file_get(workspace_id=self._workspace_id, file_id=file_id, **self._owner)

    def _store(self, upload: UploadedFile) -> StoredFile:
        stored = file_store(workspace_id=self._workspace_id, upload=upload, **self._owner)
        RunFile.objects.create(run_id=self._run_id, file_id=stored.id)
        return stored


def _ref(stored: StoredFile) -> FileRef:
    return FileRef(str(stored.id), stored.name, stored.mime_type, stored.size_bytes)
