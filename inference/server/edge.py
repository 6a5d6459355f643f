"""The HTTP edge: bodies read within bounds, answers and errors written, work ended when its client leaves."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from inference.errors import EngineFailedError, InferenceError, InvalidRequestError
from inference.server.metrics import Metrics
from inference.server.wire import Answer, Wire, dump, parse

_LOG = logging.getLogger(__name__)
MAX_BODY_BYTES = 4 * 2**20
_LONG_BODY_BYTES = 64 * 1024
_CLIENT_CLOSED = 499  # nginx's status for a client that left; nobody reads it

Body = TypeVar("Body", bound=Wire)
Result = TypeVar("Result")
Handler = Callable[[Request], Awaitable[Response]]


async def _read_body(request: Request) -> bytes:
    """Return the body. Raises InvalidRequestError when it is too large, without reading the rest."""
    declared = request.headers.get("content-length", "0")
    chunks: list[bytes] = []
    size = int(declared) if declared.isdigit() and len(declared) < 20 else 0
    if size <= MAX_BODY_BYTES:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                break
            chunks.append(chunk)
    if size > MAX_BODY_BYTES:
        raise InvalidRequestError(f"The body is larger than {MAX_BODY_BYTES // 2**20} MiB: send less at a time.")
    return b"".join(chunks)


async def read(request: Request, kind: type[Body]) -> Body:
    """Return the parsed body; a long one is parsed in a thread, so that running streams go on."""
    raw = await _read_body(request)
    return await asyncio.to_thread(parse, kind, raw) if len(raw) > _LONG_BODY_BYTES else parse(kind, raw)


async def unless_gone(receive: Receive, work: Awaitable[Result]) -> Result:
    """Await `work`; when the client leaves, cancel it and raise ClientDisconnect."""

    async def leave() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(leave())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, leaving):
            if not task.done():
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task


class EventStream(Response):
    """Sends server-sent events until they end or the client leaves; then the generator is closed at once."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ClientDisconnect):
            await unless_gone(receive, self._send_all(send))

    async def _send_all(self, send: Send) -> None:
        async with contextlib.aclosing(self._events) as events:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for event in events:
                await send({"type": "http.response.body", "body": event, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def event(answer: Answer) -> bytes:
    return b"data: " + dump(answer) + b"\n\n"


def answer_json(answer: Answer, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(dump(answer), status_code=status, media_type="application/json", headers=headers)


def described(problem: Exception) -> Answer:
    """Return OpenAI's error object; what is not of our tree is described without its message."""
    if not isinstance(problem, InferenceError):
        _LOG.error("a request failed", exc_info=problem)
        problem = EngineFailedError("The server failed on this request: see its log, then try again.")
    kind = "invalid_request_error" if problem.http_status < 500 else "server_error"
    kind = "rate_limit_error" if problem.http_status == 429 else kind
    return {"message": problem.message, "type": kind, "param": problem.param, "code": problem.code}


def guarded(handler: Handler, metrics: Metrics, route: str) -> Handler:
    """Turn every failure into OpenAI's error shape; no stack trace leaves the server."""

    async def answer(request: Request) -> Response:
        try:
            response = await handler(request)
        except ClientDisconnect:
            response = Response(status_code=_CLIENT_CLOSED)
        except Exception as problem:  # noqa: BLE001  # the HTTP edge: the client gets a code, the log the trace
            response = _failed(problem)
        metrics.count_request(route, response.status_code)
        return response

    return answer


def _failed(problem: Exception) -> Response:
    status, headers = 500, None
    if isinstance(problem, InferenceError):
        status = problem.http_status
        if problem.retry_after_s is not None:
            headers = {"Retry-After": str(max(1, round(problem.retry_after_s)))}
    return answer_json({"error": described(problem)}, status=status, headers=headers)


async def not_routed(_request: Request, problem: Exception) -> Response:
    """Answer for a path or method that is not served."""
    assert isinstance(problem, HTTPException)
    message = f"{problem.detail}: see /v1/models for what is served here."
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": "not_found"}
    return answer_json({"error": error}, status=problem.status_code)
