"""The server over the real engine: overload, tenants' caches, what a client's leaving frees."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import httpx
import pytest

from inference.config import CHAT_MODEL, ModelConfig, ServerConfig
from inference.registry import Registry
from inference.types import EngineStats
from tests.inference.scripted import listening
from tests.inference.serving import home, model_config

pytestmark = pytest.mark.model
SYSTEM = "You answer questions about the history of the harbour. " * 40


class Served:
    """A server with one chat model, and a look into its engine."""

    def __init__(self, client: httpx.AsyncClient, registry: Registry) -> None:
        self.client = client
        self._registry = registry

    def stats(self) -> EngineStats:
        return self._registry.engine(CHAT_MODEL).stats()

    async def chat(self, **changes: object) -> httpx.Response:
        body = {"model": CHAT_MODEL, "messages": [{"role": "user", "content": "Count."}], "max_tokens": 4}
        return await self.client.post("/v1/chat/completions", json=body | changes)

    async def until(self, active: int, queued: int = 0) -> None:
        async with asyncio.timeout(60):
            while (self.stats().active, self.stats().queued) != (active, queued):
                await asyncio.sleep(0.005)


async def serve(config: ModelConfig) -> AsyncIterator[Served]:
    registry = Registry((config,))
    with listening(ServerConfig(home=home(), models=(config,)), registry) as url:
        async with httpx.AsyncClient(base_url=url, timeout=120) as client:
            yield Served(client, registry)


@pytest.fixture
async def small() -> AsyncIterator[Served]:
    """Two sequences at a time, two that wait."""
    config = replace(model_config(CHAT_MODEL, home()), max_sequences=2, max_queued=2, is_isolated=False)
    async for served in serve(config):
        yield served


async def test_r44_an_overload_is_429_with_retry_after_and_harms_nobody(small: Served) -> None:
    answers = await asyncio.gather(*(small.chat(max_tokens=24, ignore_eos=True) for _ in range(24)))
    taken = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert len(taken) >= 4, "what runs and what waits is admitted"
    assert refused
    assert {answer.status_code for answer in refused} == {429}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert all(answer.json()["error"]["type"] == "rate_limit_error" for answer in refused)
    assert all(answer.json()["usage"]["completion_tokens"] == 24 for answer in taken)
    assert (await small.chat()).status_code == 200
    assert small.stats().queued == 0


async def test_r44_values_that_only_the_engine_can_judge_are_refused(small: Served) -> None:
    wrong: list[dict[str, object]] = [
        {"logit_bias": {"999999": 1}},
        {"messages": [{"role": "user", "content": "word " * 9000}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x/y.png"}}]}]},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "nonsense"}}}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"$ref": "#/nowhere"}}}},
    ]
    for changes in wrong:
        response = await small.chat(**changes)
        assert response.status_code == 400, changes
        assert response.json()["error"]["message"]
    ids = {"model": CHAT_MODEL, "prompt": [999_999]}
    assert (await small.client.post("/v1/completions", json=ids)).status_code == 400


async def test_r18_a_tenant_finds_nothing_of_anothers_prompt_in_the_cache(small: Served) -> None:
    def cached(answer: httpx.Response) -> int:
        return int(answer.json()["usage"]["prompt_tokens_details"]["cached_tokens"])

    ask = partial(small.chat, messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": "When?"}])
    cold = await ask(cache_salt="a")
    warm = await ask(cache_salt="a")
    assert cached(cold) == 0
    assert cached(warm) > 300, "the cache works: the rest of this test means something"
    hits = small.stats().prefix_hit_tokens
    for salt in ("b", "c", ""):
        assert cached(await ask(cache_salt=salt)) == 0
    assert small.stats().prefix_hit_tokens == hits
    assert cached(await ask(cache_salt="b")) > 300


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("answers", [1, 3])
async def test_a_client_that_leaves_frees_the_engine(small: Served, path: str, stream: bool, answers: int) -> None:
    """Two sequences run and the third waits: all go when the client goes."""
    text = {"prompt": "Count."} if path == "/v1/completions" else {"messages": [{"role": "user", "content": "Count."}]}
    body = {"model": CHAT_MODEL, "max_tokens": 4000, "ignore_eos": True, "stream": stream, "n": answers} | text
    asked = asyncio.create_task(small.client.post(path, json=body))
    await small.until(active=min(2, answers), queued=max(0, answers - 2))
    asked.cancel()
    await small.until(active=0)
    assert (await small.chat()).status_code == 200
