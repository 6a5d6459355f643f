"""The routes: parse, ask the engine, answer in OpenAI's shapes."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inference.config import ServerConfig
from inference.errors import InvalidRequestError, UnknownModelError
from inference.registry import Registry
from inference.server import answers
from inference.server.admin import Admin
from inference.server.choices import Numbered, fan_out, merge
from inference.server.edge import (
    EventStream,
    Handler,
    answer_json,
    described,
    event,
    guarded,
    not_routed,
    read,
    unless_gone,
)
from inference.server.guard import Guard
from inference.server.metrics import Metrics
from inference.server.residency import Policy, Residency
from inference.server.schemas import ChatBody, CompletionBody, EmbeddingBody, RerankBody, TokenizeBody
from inference.server.wire import Answer
from inference.store.files import ModelStore
from inference.types import Delta


class Service:
    """The handlers, bound to one registry."""

    def __init__(self, registry: Registry, residency: Residency, metrics: Metrics) -> None:
        self._registry = registry
        self._residency = residency
        self._metrics = metrics
        self._started = int(time.time())

    async def chat(self, request: Request) -> Response:
        return await self._generate(request, await read(request, ChatBody), "chat.completion")

    async def complete(self, request: Request) -> Response:
        return await self._generate(request, await read(request, CompletionBody), "text_completion")

    async def embed(self, request: Request) -> Response:
        body = await read(request, EmbeddingBody)
        served = await self._residency.find(body.model)
        info = next(info for info in self._registry.infos() if info.id == served.model)
        if body.dimensions not in {None, info.dimensions}:
            raise InvalidRequestError(
                f"{body.model!r} makes {info.dimensions} dimensions, not {body.dimensions}: leave it out.",
                param="dimensions",
            )
        made = await unless_gone(request.receive, served.engine.embed(body.parsed()))
        self._metrics.count_prompt(served.model, made.usage.prompt_tokens)
        return answer_json(answers.embeddings(body.model, made, as_base64=body.encoding_format == "base64"))

    async def rerank(self, request: Request) -> Response:
        body = await read(request, RerankBody)
        served = await self._residency.find(body.model)
        made = await unless_gone(request.receive, served.engine.rerank(body.parsed()))
        self._metrics.count_prompt(served.model, made.usage.prompt_tokens)
        return answer_json(answers.ranking(body, made))

    async def tokenize(self, request: Request) -> Response:
        body = await read(request, TokenizeBody)
        served = await self._residency.find(body.model)
        asked = [served.request(each) for each in body.parsed()]
        limit = next(info.context_tokens for info in self._registry.infos() if info.id == served.model)
        if body.prompts is not None:
            counts = await unless_gone(request.receive, asyncio.gather(*map(served.engine.count_tokens, asked)))
            return answer_json({"counts": counts, "count": sum(counts), "max_model_len": limit})
        (only,) = asked
        tokens = await unless_gone(request.receive, served.engine.tokenize(only))
        return answer_json({"count": len(tokens), "max_model_len": limit, "tokens": tokens})

    async def list_models(self, _request: Request) -> Response:
        self._residency.refresh()
        return answer_json({"object": "list", "data": self._listed()})

    async def show_model(self, request: Request) -> Response:
        wanted = request.path_params["model"]
        for listed in self._listed():
            if listed["id"] == wanted:
                return answer_json(listed)
        await self._residency.find(wanted)
        raise UnknownModelError.of(wanted)

    def _listed(self) -> list[Answer]:
        return answers.models(self._registry.infos(), self._registry.configs, self._started)

    async def health(self, _request: Request) -> Response:
        isolated = {config.id: config.is_isolated for config in self._registry.configs}
        states = self._registry.states()
        models = {
            state.id: {
                "state": state.state,
                "reason": state.reason,
                "isolated": isolated[state.id],
                "confinement": state.confinement,
                "restarts": state.stats.restarts,
                "active": state.stats.active,
                "queued": state.stats.queued,
                "kv_used": state.stats.kv_used,
                "kv_total": state.stats.kv_total,
            }
            for state in states
        }
        # Models that were added come and go; what the platform needs are its own.
        found = {state.state for state in states if state.id in self._residency.builtin}
        status = "ok" if found <= {"loaded"} else "failed" if "failed" in found else "loading"
        return answer_json({"status": status, "models": models}, status=200 if status == "ok" else 503)

    async def metrics(self, _request: Request) -> Response:
        return Response(self._metrics.exposition(), media_type="text/plain; version=0.0.4")

    async def _generate(self, request: Request, body: ChatBody | CompletionBody, kind: answers.Kind) -> Response:
        served = await self._residency.find(body.model)
        asked = fan_out([served.request(each) for each in body.parsed()], body.answers)
        writer = answers.Writer(body.model, kind, served.fingerprint, choices_per_prompt=body.answers)
        watched = [self._metrics.watch(served.model, served.engine.generate(each)) for each in asked]
        deltas = merge(watched)
        if not body.streams:
            return answer_json(writer.whole(await unless_gone(request.receive, _collect(deltas, len(asked)))))
        # The first delta decides between an error's status and a stream.
        try:
            first = await unless_gone(request.receive, anext(deltas))
        except BaseException:
            await deltas.aclose()
            raise
        return EventStream(_events(writer, first, deltas, includes_usage=body.includes_usage))


async def _collect(deltas: AsyncGenerator[Numbered, None], choices: int) -> list[list[Delta]]:
    collected: list[list[Delta]] = [[] for _ in range(choices)]
    async with contextlib.aclosing(deltas):
        async for index, delta in deltas:
            collected[index].append(delta)
    return collected


async def _events(
    writer: answers.Writer, first: Numbered, rest: AsyncGenerator[Numbered, None], *, includes_usage: bool
) -> AsyncGenerator[bytes, None]:
    """Write server-sent events; an error after the start is an event, then the stream ends."""
    async with contextlib.aclosing(rest):
        try:
            yield event(writer.chunk(*first))
            async for index, delta in rest:
                yield event(writer.chunk(index, delta))
            if includes_usage:
                yield event(writer.usage_chunk())
            yield b"data: [DONE]\n\n"
        except Exception as problem:  # noqa: BLE001  # the HTTP edge: the status is sent already
            yield event({"error": described(problem)})


def create_app(config: ServerConfig, registry: Registry, policy: Policy | None = None) -> Starlette:
    """Return the server; its lifespan loads the models in the background and frees them at the end."""
    residency = Residency(registry, ModelStore(config.home), policy)
    metrics = Metrics(registry, residency)
    service = Service(registry, residency, metrics)
    admin = Admin(residency, config.home, is_loopback=config.is_loopback)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        loading = asyncio.create_task(residency.run())
        try:
            yield
        finally:
            loading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await loading
            await registry.aclose()

    def route(path: str, handler: Handler, method: str) -> Route:
        return Route(path, guarded(handler, metrics, path), methods=[method])

    routes = [
        route("/v1/chat/completions", service.chat, "POST"),
        route("/v1/completions", service.complete, "POST"),
        route("/v1/embeddings", service.embed, "POST"),
        route("/v1/rerank", service.rerank, "POST"),
        route("/rerank", service.rerank, "POST"),
        route("/v1/models", service.list_models, "GET"),
        route("/v1/models/{model:path}", service.show_model, "GET"),
        route("/tokenize", service.tokenize, "POST"),
        route("/health", service.health, "GET"),
        route("/metrics", service.metrics, "GET"),
        *admin.routes(metrics),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, config=config)],
        exception_handlers={HTTPException: not_routed},
        lifespan=lifespan,
    )
