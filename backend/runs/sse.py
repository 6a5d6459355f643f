"""Server-sent events over ASGI: the headers, the frames, and nothing held while a stream is open."""

import json
from collections.abc import AsyncIterator, Mapping

from django.http import StreamingHttpResponse


def sse_frame(data: Mapping[str, object], *, event: str = "", event_id: int | None = None) -> str:
    """Return one frame of an event stream."""
    head = f"id: {event_id}\n" if event_id is not None else ""
    head += f"event: {event}\n" if event else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n"


def event_stream(frames: AsyncIterator[str], headers: Mapping[str, str] | None = None) -> StreamingHttpResponse:
    """Return a streaming answer; the view must have given its database connection back before."""
    response = StreamingHttpResponse(frames, content_type="text/event-stream; charset=utf-8")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    for name, value in (headers or {}).items():
        response[name] = value
    return response
