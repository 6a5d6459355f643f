"""Sends a stored file so that a browser saves it and never runs it."""

import asyncio
from collections.abc import AsyncIterator

from django.http import FileResponse

from backend.common.errors import NotFound
from backend.files.models import StoredFile
from backend.files.services import file_open

SANDBOX = "sandbox; default-src 'none'"
# Types that a browser might run if some header were lost on the way.
ACTIVE_TYPES = frozenset({"text/html", "image/svg+xml", "application/xml"})


class StoredFileResponse(FileResponse):
    """A file, read in pieces on a thread under ASGI, where Django's own would be read whole into memory."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces."""
        while piece := await asyncio.to_thread(self.file_to_stream.read, self.block_size):
            yield piece


def file_response(stored: StoredFile) -> StoredFileResponse:
    """Return the file as an attachment; raises `NotFound` when its bytes are gone."""
    try:
        file = file_open(stored)
    except FileNotFoundError as error:
        raise NotFound(f"the bytes of {stored.name!r} are gone from the disk: upload it again") from error
    mime_type = "application/octet-stream" if stored.mime_type in ACTIVE_TYPES else stored.mime_type
    response = StoredFileResponse(file, as_attachment=True, filename=stored.name, content_type=mime_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    response["Cache-Control"] = "private, no-store"
    return response
