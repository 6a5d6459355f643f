"""Clients that leave: a real socket, a scripted engine that would go on for an hour."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from inference.config import ServerConfig
from inference.engines.fake import FakeEngine, Pause, Script
from inference.types import Delta
from tests.inference.scripted import (
    CONFIGS,
    MESSAGES,
    MODEL,
    NOWHERE,
    fake_registry,
    fresh_engine,
    listening,
    until_idle,
)

CHAT = ("/v1/chat/completions", {"model": MODEL, "messages": MESSAGES})
PLAIN = ("/v1/completions", {"model": MODEL, "prompt": "x"})
SILENT: Script = [Pause(3600)]
BEGUN: Script = [Delta("a"), Pause(3600)]


@pytest.fixture
async def served() -> AsyncIterator[tuple[FakeEngine, httpx.AsyncClient]]:
    engine = fresh_engine()
    with listening(ServerConfig(home=NOWHERE, models=CONFIGS), fake_registry()) as url:
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            yield engine, client


@pytest.mark.parametrize(("path", "body"), [CHAT, PLAIN])
@pytest.mark.parametrize("answers", [1, 3])
@pytest.mark.parametrize("script", [SILENT, BEGUN])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_ends_all_its_generations(
    served: tuple[FakeEngine, httpx.AsyncClient],
    path: str,
    body: dict[str, object],
    answers: int,
    script: Script,
    stream: bool,
) -> None:
    engine, client = served
    engine.scripts = [script]
    asked = asyncio.create_task(client.post(path, json=body | {"n": answers, "stream": stream}))
    async with asyncio.timeout(20):
        while engine.running < answers:
            await asyncio.sleep(0.005)
    asked.cancel()
    await until_idle(engine)
    assert len(engine.requests) == answers


async def test_a_stream_that_is_read_halfway_ends(served: tuple[FakeEngine, httpx.AsyncClient]) -> None:
    engine, client = served
    engine.scripts = [BEGUN]
    path, body = CHAT
    async with client.stream("POST", path, json=body | {"stream": True, "n": 2}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        await anext(response.aiter_bytes())
        assert engine.running == 2
    await until_idle(engine)
