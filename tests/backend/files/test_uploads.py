"""The limit of bodies, before Django takes them in."""

from collections.abc import MutableMapping
from typing import Any

import pytest

from backend.config.asgi import application
from backend.files.uploads import MULTIPART_SLACK_BYTES, BodyLimit

LIMIT = 1000


class Reader:
    """An ASGI application that reads the whole body and answers its length, as Django does."""

    def __init__(self) -> None:
        self.read_bytes = 0
        self.calls = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            self.read_bytes += len(message["body"])
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def post(app: Any, pieces: list[bytes], **headers: str) -> tuple[int, int]:
    """Send the pieces and return the status and how many of them were asked for."""
    waiting = list(pieces)
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        piece = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await app({"type": "http", "path": "/", "method": "POST", "headers": encoded}, receive, send)
    return sent[0]["status"], len(pieces) - len(waiting)


@pytest.mark.parametrize(("size", "status"), [(LIMIT, 200), (LIMIT + 1, 413)])
async def test_an_announced_length_over_the_limit_is_refused_unread(size: int, status: int) -> None:
    reader = Reader()
    app = BodyLimit(reader, upload_bytes=LIMIT, other_bytes=LIMIT)
    answered, taken = await post(app, [b"x" * size], content_length=str(size), content_type="application/json")
    assert answered == status
    assert (reader.calls, taken) == ((1, 1) if status == 200 else (0, 0))


async def test_a_body_without_a_length_is_cut_off_at_the_limit() -> None:
    reader = Reader()
    app = BodyLimit(reader, upload_bytes=LIMIT, other_bytes=LIMIT)
    answered, taken = await post(app, [b"x" * 400] * 50, content_type="application/json")
    assert (answered, taken, reader.read_bytes) == (413, 3, 800)


async def test_a_length_that_lies_does_not_help() -> None:
    app = BodyLimit(Reader(), upload_bytes=LIMIT, other_bytes=LIMIT)
    answered, _ = await post(app, [b"x" * 400] * 50, content_length="10", content_type="application/json")
    assert answered == 413


async def test_files_may_be_larger_than_other_bodies() -> None:
    app = BodyLimit(Reader(), upload_bytes=LIMIT * 10, other_bytes=LIMIT)
    form = "multipart/form-data; boundary=x"
    assert (await post(app, [b"x" * LIMIT * 5], content_type=form))[0] == 200
    assert (await post(app, [b"x" * (LIMIT * 10 + MULTIPART_SLACK_BYTES + 1)], content_type=form))[0] == 413
    assert (await post(app, [b"x" * LIMIT * 5], content_type="text/plain"))[0] == 413


async def test_the_web_process_itself_refuses_by_length_before_it_reads(settings: Any) -> None:
    form = "multipart/form-data; boundary=x"
    too_long = str(settings.MAX_UPLOAD_BYTES + 2 * MULTIPART_SLACK_BYTES)
    answered, taken = await post(application, [b"x"] * 5, content_type=form, content_length=too_long)
    assert (answered, taken) == (413, 0)
    answered, taken = await post(application, [b"x" * 2**20] * 50, content_type="application/json")
    assert answered == 413 and taken == settings.DATA_UPLOAD_MAX_MEMORY_SIZE / 2**20 + 1
