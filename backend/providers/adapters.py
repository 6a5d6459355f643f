"""Engines over HTTP, one per event loop and model server; they close with their loop, or when the server changes."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

import httpx
from django.conf import settings

from backend.common.egress import client_for
from inference.engines.circuit import CircuitBreaker
from inference.engines.openai_http import OpenAIHttpEngine
from inference.engines.openai_wire import Dialect
from inference.errors import InferenceError
from inference.types import Delta, Embeddings, EmbedRequest, GenerateRequest, ModelInfo, Ranking, RerankRequest

TEST, EMBEDDED = "test", "embedded"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model server to speak to; two that differ in anything get clients of their own."""

    name: str
    base_url: str
    api_key: str = field(repr=False, default="")
    dialect: Dialect = "openai"


def embedded_endpoint() -> Endpoint:
    """Return the platform's own inference server."""
    environment = settings.ENVIRONMENT
    return Endpoint(EMBEDDED, f"{environment.inference_url}/v1", environment.inference_key, "atelier")


@asynccontextmanager
async def inference_client() -> AsyncIterator[tuple[httpx.AsyncClient, str, dict[str, str]]]:
    """Open the platform's own inference server: a client, its address, and the headers that it wants."""
    environment = settings.ENVIRONMENT
    headers = {"Authorization": f"Bearer {environment.inference_key}"} if environment.inference_key else {}
    async with client_for(environment.inference_url) as client:
        yield client, environment.inference_url, headers


class KeylessEngine:
    """Passes calls on to an engine, and cuts the key out of what its server says when it refuses."""

    def __init__(self, endpoint: Endpoint, client: httpx.AsyncClient, closer: AsyncIterator[None]) -> None:
        self.endpoint = endpoint
        self._key = endpoint.api_key
        self._closer = closer  # kept by whoever still generates, so that the client outlives its last use
        self._inner = OpenAIHttpEngine(
            client,
            endpoint.base_url,
            api_key=endpoint.api_key or None,
            dialect=endpoint.dialect,
            breaker=_breaker(endpoint),
        )

    def _cut(self, error: InferenceError) -> InferenceError:
        if self._key and self._key in error.message:
            error.message = error.message.replace(self._key, "[key]")
            error.args = (error.message,)
        return error

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        """Yield what the model says; closing this closes the request to the server."""
        try:
            async with aclosing(self._inner.generate(request)) as deltas:
                async for delta in deltas:
                    yield delta
        except InferenceError as error:
            raise self._cut(error) from None

    async def embed(self, request: EmbedRequest) -> Embeddings:
        """Return one vector per text."""
        try:
            return await self._inner.embed(request)
        except InferenceError as error:
            raise self._cut(error) from None

    async def rerank(self, request: RerankRequest) -> Ranking:
        """Return one score per document."""
        try:
            return await self._inner.rerank(request)
        except InferenceError as error:
            raise self._cut(error) from None

    async def count_tokens(self, request: GenerateRequest) -> int:
        """Return what the prompt would cost."""
        try:
            return await self._inner.count_tokens(request)
        except InferenceError as error:
            raise self._cut(error) from None

    async def count_texts(self, model: str, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, of our own server with few requests."""
        try:
            return await self._inner.count_texts(model, texts)
        except InferenceError as error:
            raise self._cut(error) from None

    async def models(self) -> list[ModelInfo]:
        """Return what the server offers."""
        try:
            return await self._inner.models()
        except InferenceError as error:
            raise self._cut(error) from None

    async def aclose(self) -> None:
        """Nothing to do: the client closes with its loop."""


_BREAKERS: dict[tuple[str, str], CircuitBreaker] = {}
_BREAKERS_LOCK = threading.Lock()


def _breaker(endpoint: Endpoint) -> CircuitBreaker | None:
    """Return what this process knows of the server's failures; a new address is a new server.

    The test button asks whatever happened before, and the platform's own server is watched already.
    """
    if endpoint.name in {TEST, EMBEDDED}:
        return None
    with _BREAKERS_LOCK:
        for known in [key for key in _BREAKERS if key[0] == endpoint.name and key[1] != endpoint.base_url]:
            del _BREAKERS[known]
        return _BREAKERS.setdefault((endpoint.name, endpoint.base_url), CircuitBreaker(endpoint.base_url))


_BY_LOOP: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, KeylessEngine]] = WeakKeyDictionary()


async def _closing(
    client: httpx.AsyncClient, engines: dict[str, KeylessEngine], endpoint: Endpoint
) -> AsyncIterator[None]:
    """Close the client at the end. A loop ends its generators before it closes, so short-lived loops leak nothing."""
    try:
        yield
    finally:
        await client.aclose()
        current = engines.get(endpoint.name)
        if current is not None and current.endpoint == endpoint:
            del engines[endpoint.name]


async def engine_for(endpoint: Endpoint) -> KeylessEngine:
    """Return the running loop's engine for this server. One whose address or key changed is opened anew.

    What runs on the old engine goes on; its client closes with the last of it.
    """
    engines = _BY_LOOP.setdefault(asyncio.get_running_loop(), {})
    current = engines.get(endpoint.name)
    if current is None or current.endpoint != endpoint:
        client = client_for(endpoint.base_url)
        closer = _closing(client, engines, endpoint)
        await anext(closer)
        current = engines[endpoint.name] = KeylessEngine(endpoint, client, closer)
    return current


def with_model(request: GenerateRequest, model: str, tenant: str) -> GenerateRequest:
    """Return the request for the server's own name of the model, its cache kept apart per workspace."""
    return replace(request, model=model, tenant=tenant)
