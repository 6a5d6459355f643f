"""A real server process: the OpenAI SDK unmodified, clients that leave, signals, keys."""

import asyncio
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import httpx
import openai
import pytest

from inference.config import CHAT_MODEL, CHAT_MODEL_BASE, EMBEDDING_MODEL
from tests.inference.serving import end, free_port, home, server_url, start_server

pytestmark = pytest.mark.model


def sdk() -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server_url()}/v1", api_key="unused", max_retries=0)


def test_the_openai_sdk_chats_and_streams() -> None:
    with sdk() as client:
        whole = client.chat.completions.create(
            model=CHAT_MODEL, messages=[{"role": "user", "content": "Hello"}], max_tokens=5, temperature=0
        )
        assert whole.choices[0].message.content
        assert whole.usage is not None
        assert whole.usage.completion_tokens <= 5
        pieces = client.chat.completions.create(
            model=CHAT_MODEL,
            messages=[{"role": "user", "content": "Hello"}],
            max_tokens=5,
            temperature=0,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = list(pieces)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert text == whole.choices[0].message.content
        assert chunks[-1].usage is not None


def test_the_openai_sdk_embeds_lists_and_fails_as_it_should() -> None:
    with sdk() as client:
        vectors = client.embeddings.create(model=EMBEDDING_MODEL, input=["a cat", "a kitten", "the stock exchange"])
        cat, kitten, stock = (item.embedding for item in vectors.data)
        assert len(cat) == 384
        assert similarity(cat, kitten) > similarity(cat, stock)
        assert {model.id for model in client.models.list()} == {CHAT_MODEL, CHAT_MODEL_BASE, EMBEDDING_MODEL}
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("gpt-9")
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(model=CHAT_MODEL, messages=[{"role": "user", "content": "word " * 9000}])
        assert refused.value.code == "context_length_exceeded"


def similarity(first: list[float], second: list[float]) -> float:
    return sum(a * b for a, b in zip(first, second, strict=True))


async def test_a_client_that_leaves_frees_the_cache() -> None:
    body = {
        "model": CHAT_MODEL,
        "messages": [{"role": "user", "content": "Count."}],
        "max_tokens": 4000,
        "ignore_eos": True,
        "stream": True,
    }
    async with httpx.AsyncClient(base_url=server_url(), timeout=60) as client, asyncio.timeout(40):
        async with client.stream("POST", "/v1/chat/completions", json=body) as response:
            pieces = response.aiter_bytes()  # kept: once it is collected, the connection closes
            await anext(pieces)
            await until_kv_is(client, used=True)
        await until_kv_is(client, used=False)
        whole = asyncio.create_task(client.post("/v1/chat/completions", json=body | {"stream": False}))
        await until_kv_is(client, used=True)
        whole.cancel()
        await until_kv_is(client, used=False)


async def until_kv_is(client: httpx.AsyncClient, *, used: bool) -> None:
    """Wait for the engine's report, which is a tenth of a second old at most."""
    while (await kv_used(client) > 0) != used:
        await asyncio.sleep(0.01)


async def kv_used(client: httpx.AsyncClient) -> int:
    health = (await client.get("/health")).json()
    return int(health["models"][CHAT_MODEL]["kv_used"])


def test_hosts_are_checked() -> None:
    answer = httpx.get(f"{server_url()}/v1/models", headers={"Host": "rebound.example"})
    assert answer.status_code == 403


def test_another_bind_needs_a_key(tmp_path: Path) -> None:
    process = start_server("--host", "0.0.0.0", "--port", "0", "--home", str(tmp_path))
    assert process.wait(timeout=60) == 2


def test_the_port_answers_before_the_models_are_loaded_and_sigterm_ends_it(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("secret\n")
    port = free_port()
    process = start_server("--port", str(port), "--home", str(tmp_path), "--api-key-file", str(key))
    try:
        health = _first_answer(process, f"http://127.0.0.1:{port}/health")
        assert health["status"] in {"loading", "ok"}
        assert httpx.get(f"http://127.0.0.1:{port}/v1/models").status_code == 401
        authorized = {"Authorization": "Bearer secret"}
        assert httpx.get(f"http://127.0.0.1:{port}/v1/models", headers=authorized).status_code == 200
    finally:
        assert end(process) in {0, -15}


def _first_answer(process: subprocess.Popen[bytes], url: str) -> dict[str, object]:
    while True:
        assert process.poll() is None, "the server ended before it answered"
        try:
            return dict(json.loads(httpx.get(url).content))
        except httpx.TransportError:
            time.sleep(0.05)


def test_the_shared_home_has_the_converted_model() -> None:
    # Other tests of this process may have stored models in the same home.
    assert f"{EMBEDDING_MODEL}-f16.gguf" in {path.name for path in (home() / "models").iterdir()}


async def test_streams_over_http_survive_the_death_of_the_engine() -> None:
    async with openai.AsyncOpenAI(base_url=f"{server_url()}/v1", api_key="unused", max_retries=0) as client:

        async def counted(number: int) -> int:
            stream = await client.chat.completions.create(
                model=CHAT_MODEL,
                messages=[{"role": "user", "content": f"Tell a story about the number {number}."}],
                max_tokens=80,
                stream=True,
                stream_options={"include_usage": True},
                extra_body={"ignore_eos": True},
            )
            usage = [chunk.usage async for chunk in stream if chunk.usage is not None]
            return usage[-1].completion_tokens

        streams = [asyncio.create_task(counted(number)) for number in range(8)]
        async with httpx.AsyncClient(base_url=server_url(), timeout=60) as health, asyncio.timeout(60):
            while await kv_used(health) == 0:
                await asyncio.sleep(0.01)
            for child in engine_processes():
                os.kill(child, signal.SIGKILL)
            assert await asyncio.gather(*streams) == [80] * 8
            models = (await health.get("/health")).json()["models"]
            assert models[CHAT_MODEL]["restarts"] >= 1


def engine_processes() -> list[int]:
    """The engines of the shared server: children of the process that listens on its port."""
    port = server_url().rpartition(":")[2]
    lines = {int(p.parent.name): p.read_bytes().split(b"\0") for p in Path("/proc").glob("[0-9]*/cmdline")}
    (server,) = (pid for pid, line in lines.items() if b"inference.server" in line and port.encode() in line)
    return [pid for pid, line in lines.items() if b"inference.isolation.child" in line and str(server).encode() in line]
