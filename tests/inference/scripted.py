"""The HTTP server over a scripted engine, without a socket and with one."""

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import httpx
import uvicorn

from inference.config import ModelConfig, ServerConfig
from inference.engines.fake import FakeEngine
from inference.registry import GROUP, Registry
from inference.server.app import create_app
from inference.server.loading import load_all

MODEL, EMBEDDING, RERANK = "m", "e", "r"
ADAPTER = "poet"
MESSAGES = [{"role": "user", "content": "Hi"}]
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
NOWHERE = Path("nowhere")
CONFIGS = (
    ModelConfig(id=MODEL, kind="chat", path=NOWHERE, engine="fake", adapters=((ADAPTER, NOWHERE),)),
    ModelConfig(id=EMBEDDING, kind="embedding", path=NOWHERE, engine="fake"),
    ModelConfig(id=RERANK, kind="rerank", path=NOWHERE, engine="fake"),
)


class Current:
    """The engine that the next registry loads."""

    engine = FakeEngine()


def fake_factory(config: ModelConfig) -> FakeEngine:
    """An entry point's target: one engine, which the test scripts, for chat, vectors and ranking alike."""
    engine = Current.engine
    match config.kind:
        case "chat":
            engine.chat_model, engine.adapters = config.id, tuple(name for name, _ in config.adapters)
        case "embedding":
            engine.embedding_model = config.id
        case "rerank":
            engine.rerank_model = config.id
    return engine


def fresh_engine() -> FakeEngine:
    Current.engine = FakeEngine()
    return Current.engine


def fake_registry(configs: tuple[ModelConfig, ...] = CONFIGS) -> Registry:
    point = EntryPoint(name="fake", value="tests.inference.scripted:fake_factory", group=GROUP)
    return Registry(configs, {"fake": point})


@contextlib.asynccontextmanager
async def registry_of(config: ModelConfig) -> AsyncIterator[Registry]:
    """A registry with one model, which is loaded."""
    registry = fake_registry((config,))
    await load_all(registry)
    yield registry
    await registry.aclose()


def make_client(host: str = "127.0.0.1", key: str | None = None) -> tuple[httpx.AsyncClient, Registry]:
    registry = fake_registry()
    config = ServerConfig(home=NOWHERE, host=host, api_key=key, models=CONFIGS)
    transport = httpx.ASGITransport(create_app(config, registry))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8001"), registry


@contextlib.asynccontextmanager
async def loaded_client() -> AsyncIterator[httpx.AsyncClient]:
    client, registry = make_client()
    await load_all(registry)
    async with client:
        yield client


@contextlib.contextmanager
def listening(config: ServerConfig, registry: Registry) -> Iterator[str]:
    """Serve on a free port of loopback in a thread of its own; yield the address once every model is loaded."""
    server = uvicorn.Server(
        uvicorn.Config(create_app(config, registry), port=0, log_level="error", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        while (health := httpx.get(f"{url}/health").json())["status"] == "loading":
            pass
        assert health["status"] == "ok", health
        yield url
    finally:
        server.should_exit = True
        thread.join()


async def chat(client: httpx.AsyncClient, **changes: object) -> httpx.Response:
    return await client.post("/v1/chat/completions", json={"model": MODEL, "messages": MESSAGES} | changes)


def events(response: httpx.Response) -> list[dict[str, object]]:
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


async def until_idle(engine: FakeEngine) -> None:
    async with asyncio.timeout(20):
        while engine.running:
            await asyncio.sleep(0.005)
