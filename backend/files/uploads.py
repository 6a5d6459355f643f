"""Refuses uploads over the limit while they come in, before they fill memory or disk."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from backend.common.http import error_body
from backend.files.services import too_large

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
# The borders and fields of a multipart body, beside the file itself.
MULTIPART_SLACK_BYTES = 256 * 1024


class LimitedUploadHandler(TemporaryFileUploadHandler):
    """Writes the file to disk as it comes, and stops the request at the limit."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Take one piece."""
        if start + len(raw_data) > settings.MAX_UPLOAD_BYTES:
            self.upload_interrupted()
            raise too_large()
        super().receive_data_chunk(raw_data, start)


class UploadViewMixin:
    """For views that take files: `parser_classes` and a handler that knows the limit."""

    parser_classes = [MultiPartParser]

    def initialize_request(self, request: HttpRequest, *args: object, **kwargs: object) -> Request:
        """Put the limit in place before anything reads the body."""
        request.upload_handlers = [LimitedUploadHandler(request)]
        return super().initialize_request(request, *args, **kwargs)  # type: ignore[misc]  # a mixin of APIView

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Refuse by the announced length, once the caller is known, without reading on."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]  # a mixin of APIView
        announced = request.META.get("CONTENT_LENGTH") or "0"
        if announced.isdigit() and int(announced) > settings.MAX_UPLOAD_BYTES + MULTIPART_SLACK_BYTES:
            raise too_large()


class BodyLimit:
    """ASGI wrapper: Django takes in a whole body before any view runs, so its size is bounded here.

    Files may be as large as the upload limit, any other body 5 MB. An answer is 413 as soon as the
    announced or the received length is over it.
    """

    def __init__(self, app: App, *, upload_bytes: int | None = None, other_bytes: int | None = None) -> None:
        self._app = app
        self._upload_bytes = (upload_bytes or settings.MAX_UPLOAD_BYTES) + MULTIPART_SLACK_BYTES
        self._other_bytes = other_bytes or settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Pass the request on, up to its limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        is_upload = headers.get(b"content-type", b"").lower().startswith(b"multipart/form-data")
        limit = self._upload_bytes if is_upload else self._other_bytes
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > limit:
            await _refuse(send, is_upload=is_upload, limit_bytes=limit)
            return
        received, over = 0, False

        async def receive_limited() -> Message:
            nonlocal received, over
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                over = True
                return {"type": "http.disconnect"}
            return message

        await self._app(scope, receive_limited, send)
        if over:
            await _refuse(send, is_upload=is_upload, limit_bytes=limit)


async def _refuse(send: Send, *, is_upload: bool, limit_bytes: int) -> None:
    if is_upload:
        error = too_large(limit_bytes - MULTIPART_SLACK_BYTES)
        code, message = error.code, error.message
    else:
        code = "too_large"
        message = f"the body is larger than {limit_bytes / 1024 / 1024:g} MB: send files with an upload route"
    body = json.dumps(error_body(code, message)).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
