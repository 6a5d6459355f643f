"""The routes: parse, ask the engine, answer in OpenAI's shapes; errors too."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from inference.config import ServerConfig
from inference.errors import EngineFailedError, InferenceError, InvalidRequestError, UnknownModelError
from inference.registry import Registry
from inference.server import answers
from inference.server.guard import Guard
from inference.server.loading import load_all
from inference.server.metrics import Metrics
from inference.server.schemas import ChatBody, CompletionBody, EmbeddingBody, TokenizeBody, dump, parse
from inference.types import Delta, GenerateRequest, Usage

_LOG = logging.getLogger(__name__)
_MAX_BODY_BYTES = 16 * 2**20
_CLIENT_CLOSED = 499  # nginx's status for a client that left; nobody reads it

Result = TypeVar("Result")
Handler = Callable[[Request], Awaitable[Response]]


class Service:
    """The handlers, bound to one registry."""

    def __init__(self, registry: Registry, metrics: Metrics) -> None:
        self._registry = registry
        self._metrics = metrics
        self._started = int(time.time())

    async def chat(self, request: Request) -> Response:
        body = parse(ChatBody, await _read(request))
        head = answers.Head(body.model, "chat.completion")
        return await self._generate(request, body.parsed(), head, stream=body.stream, usage=body.includes_usage)

    async def complete(self, request: Request) -> Response:
        body = parse(CompletionBody, await _read(request))
        head = answers.Head(body.model, "text_completion")
        return await self._generate(request, body.parsed(), head, stream=body.stream, usage=body.includes_usage)

    async def embed(self, request: Request) -> Response:
        body = parse(EmbeddingBody, await _read(request))
        engine = self._registry.engine(body.model)
        made = await _unless_gone(request, engine.embed(body.parsed()))
        if body.dimensions is not None and made.vectors and body.dimensions != len(made.vectors[0]):
            raise InvalidRequestError(
                f"{body.model!r} makes {len(made.vectors[0])} dimensions, not {body.dimensions}: leave it out.",
                param="dimensions",
            )
        self._metrics.count_prompt(body.model, made.usage.prompt_tokens)
        return _json(answers.embeddings(body.model, made, as_base64=body.encoding_format == "base64"))

    async def tokenize(self, request: Request) -> Response:
        body = parse(TokenizeBody, await _read(request))
        engine = self._registry.engine(body.model)
        tokens = await engine.tokenize(body.parsed())
        limit = next(info.context_tokens for info in self._registry.infos() if info.id == body.model)
        return _json({"count": len(tokens), "max_model_len": limit, "tokens": tokens})

    async def list_models(self, _request: Request) -> Response:
        data = [answers.model(info, self._started) for info in self._registry.infos()]
        return _json({"object": "list", "data": data})

    async def show_model(self, request: Request) -> Response:
        wanted = request.path_params["model"]
        for info in self._registry.infos():
            if info.id == wanted:
                return _json(answers.model(info, self._started))
        self._registry.engine(wanted)
        raise UnknownModelError.of(wanted)

    async def health(self, _request: Request) -> Response:
        states = self._registry.states()
        models = {
            state.id: {
                "state": state.state,
                "reason": state.reason,
                "active": state.stats.active,
                "queued": state.stats.queued,
                "kv_used": state.stats.kv_used,
                "kv_total": state.stats.kv_total,
            }
            for state in states
        }
        found = {state.state for state in states}
        status = "failed" if "failed" in found else "loading" if "loading" in found else "ok"
        return _json({"status": status, "models": models}, status=200 if status == "ok" else 503)

    async def metrics(self, _request: Request) -> Response:
        return Response(self._metrics.exposition(), media_type="text/plain; version=0.0.4")

    async def _generate(
        self, request: Request, asked: GenerateRequest, head: answers.Head, *, stream: bool, usage: bool
    ) -> Response:
        deltas = self._metrics.watch(asked.model, self._registry.engine(asked.model).generate(asked))
        if not stream:
            return _json(head.whole(await _unless_gone(request, _collect(deltas))))
        # The first delta decides between an error's status and a stream.
        try:
            first = await _unless_gone(request, anext(deltas))
        except BaseException:
            await deltas.aclose()
            raise
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        events = _events(head, first, deltas, includes_usage=usage)
        return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def _collect(deltas: AsyncIterator[Delta]) -> list[Delta]:
    return [delta async for delta in deltas]


async def _events(
    head: answers.Head, first: Delta, rest: AsyncGenerator[Delta, None], *, includes_usage: bool
) -> AsyncIterator[bytes]:
    """Write server-sent events; an error after the start is an event, then the stream ends."""
    spent = first.usage
    try:
        yield _event(head.chunk(first, is_first=True))
        async for delta in rest:
            spent = delta.usage or spent
            yield _event(head.chunk(delta, is_first=False))
        if includes_usage:
            yield _event(head.usage_chunk(spent or Usage()))
        yield b"data: [DONE]\n\n"
    except InferenceError as problem:
        yield _event({"error": _described(problem)})
    finally:
        await rest.aclose()


def _event(answer: answers.Answer) -> bytes:
    return b"data: " + dump(answer) + b"\n\n"


def _json(answer: answers.Answer, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(dump(answer), status_code=status, media_type="application/json", headers=headers)


def _described(problem: InferenceError) -> answers.Answer:
    kind = "invalid_request_error" if problem.http_status < 500 else "server_error"
    kind = "rate_limit_error" if problem.http_status == 429 else kind
    return {"message": problem.message, "type": kind, "param": problem.param, "code": problem.code}


async def _read(request: Request) -> bytes:
    declared = request.headers.get("content-length", "0")
    chunks: list[bytes] = []
    size = int(declared) if declared.isdigit() else 0
    if size <= _MAX_BODY_BYTES:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > _MAX_BODY_BYTES:
                break
            chunks.append(chunk)
    if size > _MAX_BODY_BYTES:
        raise InvalidRequestError(f"The body is larger than {_MAX_BODY_BYTES // 2**20} MiB: send less at a time.")
    return b"".join(chunks)


async def _unless_gone(request: Request, work: Awaitable[Result]) -> Result:
    """Await `work`, and cancel it when the client leaves."""

    async def leave() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(leave())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if leaving.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, leaving):
            if not task.done():
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task


def _guarded(handler: Handler, metrics: Metrics, route: str) -> Handler:
    """Turn every failure into OpenAI's error shape; no stack trace leaves the server."""

    async def answer(request: Request) -> Response:
        try:
            response = await handler(request)
        except InferenceError as problem:
            response = _failed(problem)
        except ClientDisconnect:
            response = Response(status_code=_CLIENT_CLOSED)
        except Exception:  # noqa: BLE001  # the HTTP edge: the client gets a code, the log the trace
            _LOG.exception("%s failed", route)
            response = _failed(EngineFailedError("The server failed on this request: see its log, then try again."))
        metrics.count_request(route, response.status_code)
        return response

    return answer


def _failed(problem: InferenceError) -> Response:
    headers = {"Retry-After": str(max(1, round(problem.retry_after_s)))} if problem.retry_after_s is not None else None
    return _json({"error": _described(problem)}, status=problem.http_status, headers=headers)


async def _not_routed(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    message = f"{problem.detail}: see /v1/models for what is served here."
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": "not_found"}
    return _json({"error": error}, status=problem.status_code)


def create_app(config: ServerConfig, registry: Registry) -> Starlette:
    """Return the server; its lifespan loads the models in the background and frees them at the end."""
    metrics = Metrics(registry)
    service = Service(registry, metrics)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        loading = asyncio.create_task(load_all(registry))
        try:
            yield
        finally:
            loading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await loading
            await registry.aclose()

    def route(path: str, handler: Handler, method: str) -> Route:
        return Route(path, _guarded(handler, metrics, path), methods=[method])

    routes = [
        route("/v1/chat/completions", service.chat, "POST"),
        route("/v1/completions", service.complete, "POST"),
        route("/v1/embeddings", service.embed, "POST"),
        route("/v1/models", service.list_models, "GET"),
        route("/v1/models/{model:path}", service.show_model, "GET"),
        route("/tokenize", service.tokenize, "POST"),
        route("/health", service.health, "GET"),
        route("/metrics", service.metrics, "GET"),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, config=config)],
        exception_handlers={HTTPException: _not_routed},
        lifespan=lifespan,
    )
