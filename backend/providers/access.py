"""Models as runs and knowledge use them: found by id, bound to a workspace, asked over HTTP."""

import asyncio
import math
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal

import httpx
from django.conf import settings

from agents.ports import ChatModel
from backend.common.database import in_database
from backend.common.egress import client_for
from backend.providers.adapters import TEST, Endpoint, KeylessEngine, embedded_endpoint, engine_for, with_model
from backend.providers.models import Provider
from backend.providers.replicas import replicated
from backend.providers.selectors import ANY, ModelRecord, model_get, own_model, own_models, replica_records, served_as
from backend.providers.services import provider_api_key
from inference.errors import InferenceError
from inference.types import Delta, EmbedRequest, GenerateRequest, ModelInfo
from rag.ports import Embedder

EMBED_TEXTS = 32
STATE_TTL_S = 2.0
STATE_TIMEOUT_S = 1.0
INFO_TTL_S = 60.0
TEST_TIMEOUT_S = 15.0
ModelState = Literal["loaded", "loading", "available", "unreachable"]


@dataclass(frozen=True, slots=True)
class WorkspaceChatModel:
    """A chat model for one workspace: requests get the server's name of it and the workspace as tenant."""

    info: ModelInfo
    engine: KeylessEngine
    name: str
    workspace_id: str

    def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        """Yield deltas; closing the iterator stops the model."""
        return self.engine.generate(with_model(request, self.name, self.workspace_id))

    async def count_tokens(self, request: GenerateRequest) -> int:
        """Return what the prompt costs: exact for the embedded model, an estimate for others."""
        return await self.engine.count_tokens(with_model(request, self.name, self.workspace_id))


@dataclass(frozen=True, slots=True)
class WorkspaceEmbedder:
    """An embedding model for one workspace. It may be used in any loop: each has connections of its own."""

    model: str
    max_tokens: int
    endpoint: Endpoint
    name: str
    workspace_id: str

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return one unit-length vector per text, in order."""
        engine = await engine_for(self.endpoint)
        vectors: list[list[float]] = []
        for start in range(0, len(texts), EMBED_TEXTS):
            batch = tuple(texts[start : start + EMBED_TEXTS])
            made = await engine.embed(EmbedRequest(self.name, batch, tenant=self.workspace_id))
            vectors += [_unit(vector) for vector in made.vectors]
        return vectors

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text."""
        engine = await engine_for(self.endpoint)
        return await engine.count_texts(self.name, texts)

    async def tokens(self, text: str) -> list[int]:
        """Return the ids of the tokens of a text; none where the server does not show them."""
        engine = await engine_for(self.endpoint)
        return await engine.token_ids(self.name, text)


def _unit(vector: Sequence[float]) -> list[float]:
    norm = math.sqrt(sum(value * value for value in vector))
    return [value / norm for value in vector] if norm else list(vector)


def endpoint_of(workspace_id: str | uuid.UUID, record: ModelRecord) -> Endpoint:
    """Return where the model is served; one query for a provider, none for the embedded server."""
    if record.provider_id is None:
        return embedded_endpoint()
    provider = Provider.objects.within(workspace_id).get(id=record.provider_id)
    return Endpoint(str(provider.id), provider.base_url, provider_api_key(provider))


def _found(workspace_id: str, model_id: str) -> tuple[ModelRecord, Endpoint]:
    record = model_get(workspace_id, model_id, kind="chat")
    return record, endpoint_of(workspace_id, record)


# Of the embedded models only: (when it was asked, what the server said).
_INFOS: dict[str, tuple[float, ModelInfo]] = {}


async def _embedded_info(engine: KeylessEngine, record: ModelRecord) -> ModelInfo:
    """Return what the server says of a model of ours (the context it was started with), briefly remembered."""
    known = _INFOS.get(record.id)
    if known is None or time.monotonic() - known[0] > INFO_TTL_S:
        for info in await engine.models():
            _INFOS[info.id] = (time.monotonic(), info)
        known = _INFOS.get(record.id)
    return known[1] if known else _embedded_default(record)


def _embedded_default(record: ModelRecord) -> ModelInfo:
    """Return what our engine can do with every chat model, while its server does not say."""
    return ModelInfo(record.id, record.kind, record.context_tokens, supports_continuation=True, supports_schema=True)


async def chat_model(workspace_id: str, model_id: str) -> ChatModel:
    """Return the chat model of this id. Raises `ApiError` (model_not_found) for one that the workspace has not.

    The embedded model costs no query.
    """
    own = own_model(model_id)
    if own is not None and own.kind == "chat":
        engine = await engine_for(embedded_endpoint())
        return WorkspaceChatModel(await _embedded_info(engine, own), engine, own.name, str(workspace_id))
    if model_id.startswith(f"{ANY}/"):
        return await _replicated(str(workspace_id), model_id)
    record, endpoint = await in_database(_found, workspace_id, model_id)
    info = ModelInfo(
        id=record.id,
        kind="chat",
        context_tokens=record.context_tokens,
        supports_tools=record.supports_tools,
        supports_images=record.supports_images,
        supports_schema=True,  # not said by any list of models: a server that knows no schema refuses the run itself
    )
    return WorkspaceChatModel(info, await engine_for(endpoint), record.name, str(workspace_id))


async def _replicated(workspace_id: str, model_id: str) -> ChatModel:
    def find() -> list[tuple[ModelRecord, Endpoint]]:
        model_get(workspace_id, model_id, kind="chat")  # says which models there are
        records = replica_records(workspace_id, model_id.removeprefix(f"{ANY}/"))
        return [(record, endpoint_of(workspace_id, record)) for record in records]

    found = await in_database(find)
    engines = {record.id: (record, await engine_for(endpoint)) for record, endpoint in found}
    return replicated(workspace_id, model_id.removeprefix(f"{ANY}/"), engines)


def embedder(workspace_id: str, model_id: str) -> Embedder:
    """Return the embedding model of this id. Reads the database (from async code: `in_database(embedder, …)`).

    Raises `ApiError` (model_not_found) for one that the workspace has not.
    """
    record = model_get(workspace_id, model_id, kind="embedding")
    return WorkspaceEmbedder(
        record.id, record.context_tokens, endpoint_of(workspace_id, record), record.name, str(workspace_id)
    )


_STATES: dict[str, tuple[float, dict[str, ModelState]]] = {}


def embedded_states() -> dict[str, ModelState]:
    """Return the state of each embedded model, asked of the inference server at most every 2 s."""
    asked_at, states = _STATES.get("embedded", (-math.inf, {}))
    if time.monotonic() - asked_at > STATE_TTL_S:
        states = asyncio.run(_ask_states())
        _STATES["embedded"] = (time.monotonic(), states)
    return states


async def _ask_states() -> dict[str, ModelState]:
    url = settings.ENVIRONMENT.inference_url
    headers = (
        {"Authorization": f"Bearer {settings.ENVIRONMENT.inference_key}"} if settings.ENVIRONMENT.inference_key else {}
    )
    try:
        async with client_for(url) as client:
            answer = (await client.get(f"{url}/health", headers=headers, timeout=STATE_TIMEOUT_S)).json()
        found = {str(name): str(model["state"]) for name, model in answer["models"].items()}
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError):
        return dict.fromkeys(own_models(), "unreachable")
    return {name: _state(found.get(served_as(name))) for name in own_models()}


def _state(said: str | None) -> ModelState:
    match said:
        case "loaded":
            return "loaded"
        case "loading":
            return "loading"
        case "failed" | None:
            return "unreachable"
        case _:
            return "available"


@dataclass(frozen=True, slots=True)
class ProviderTest:
    """What a model server answered: the names of its models, or what to do."""

    ok: bool
    message: str
    latency_ms: int
    models: tuple[str, ...] = ()


def provider_test(*, base_url: str, api_key: str) -> ProviderTest:
    """Ask a server for its models. Never raises for what the server does, and never repeats the key."""
    start = time.monotonic()
    try:
        names = asyncio.run(_list_models(Endpoint(TEST, base_url, api_key)))
    except InferenceError as error:
        return ProviderTest(False, f"{error.message} {_advice(error)}".strip(), _since(start))
    except TimeoutError:
        return ProviderTest(
            False, "the server did not answer in 15 s: check the address and the network", _since(start)
        )
    if not names:
        return ProviderTest(True, "the server answers, but lists no models: enter their names by hand", _since(start))
    return ProviderTest(True, f"the server answers and lists {len(names)} models", _since(start), tuple(names))


async def _list_models(endpoint: Endpoint) -> list[str]:
    async with asyncio.timeout(TEST_TIMEOUT_S):
        return [info.id for info in await (await engine_for(endpoint)).models()]


def _since(start: float) -> int:
    return round((time.monotonic() - start) * 1000)


def _advice(error: InferenceError) -> str:
    match error.code:
        case "upstream_auth":
            return "Enter the key of this server again."
        case "upstream_unreachable":
            return "Start the server, or correct host and port of the address."
        case "model_not_found" | "invalid_request" | "upstream_bad_response":
            return "The address is probably wrong: it usually ends in /v1."
        case _:
            return "Try again later."
