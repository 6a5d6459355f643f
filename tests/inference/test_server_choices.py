"""Several answers to one request, and log probabilities."""

from collections import defaultdict
from collections.abc import AsyncIterator

import httpx
import pytest

from inference.engines.fake import FakeEngine, say
from inference.errors import OverloadedError
from inference.types import Delta, TokenChance, TokenLogprob, Usage
from tests.inference.scripted import MODEL, chat, events, fresh_engine, loaded_client


@pytest.fixture
def engine() -> FakeEngine:
    return fresh_engine()


@pytest.fixture
async def client(engine: FakeEngine) -> AsyncIterator[httpx.AsyncClient]:
    async with loaded_client() as client:
        yield client


async def complete(client: httpx.AsyncClient, **body: object) -> httpx.Response:
    return await client.post("/v1/completions", json={"model": MODEL, "prompt": "Once"} | body)


async def test_n_answers_differ_in_their_seed_and_share_their_prompts_cost(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    answer = [Delta("a"), Delta(finish_reason="stop", usage=Usage(10, 2, cached_tokens=4))]
    engine.scripts = [answer]
    whole = (await chat(client, n=3, seed=2**63 - 1)).json()
    assert [choice["index"] for choice in whole["choices"]] == [0, 1, 2]
    assert [asked.sampling.seed for asked in engine.requests] == [2**63 - 1, -(2**63), -(2**63) + 1]
    assert (whole["usage"]["prompt_tokens"], whole["usage"]["completion_tokens"]) == (10, 6)
    assert whole["usage"]["prompt_tokens_details"] == {"cached_tokens": 4}


async def test_streamed_choices_are_told_apart_by_their_index(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    engine.scripts = [say("one two"), say("three four five"), say("six")]
    texts: dict[int, str] = defaultdict(str)
    ends: dict[int, str] = {}
    *chunks, last = events(await chat(client, n=3, stream=True, stream_options={"include_usage": True}))
    for chunk in chunks:
        choice = chunk["choices"][0]  # type: ignore[index]
        assert ("role" in choice["delta"]) == (choice["index"] not in texts), "the first piece of each names the role"
        texts[choice["index"]] += choice["delta"].get("content", "")
        if choice["finish_reason"]:
            ends[choice["index"]] = choice["finish_reason"]
    assert sorted(texts.values()) == ["one two", "six", "three four five"]
    assert ends == {0: "stop", 1: "stop", 2: "stop"}
    assert last["usage"]["completion_tokens"] == 6  # type: ignore[index]
    assert last["usage"]["prompt_tokens"] == 1  # type: ignore[index]


async def test_one_answer_that_fails_ends_them_all(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    engine.scripts = [say("fine"), [OverloadedError("Full.", retry_after_s=3)], say("fine")]
    refused = await chat(client, n=3)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
    assert engine.running == 0


async def test_every_prompt_of_a_list_gets_its_answers(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    engine.scripts = [[Delta("x", finish_reason="length", usage=Usage(5, 1))]]
    answer = (await complete(client, prompt=["one", "two"], n=2)).json()
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2, 3]
    assert [asked.prompt for asked in engine.requests] == ["one", "one", "two", "two"]
    assert (answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]) == (10, 4)
    await complete(client, prompt=[[1, 2], [3]])
    await complete(client, prompt=[4, 5])
    assert [asked.prompt_tokens for asked in engine.requests[4:]] == [(1, 2), (3,), (4, 5)]
    assert (await complete(client, prompt=["x"] * 33, n=2)).status_code == 400


async def test_a_chats_log_probabilities_have_openais_shape(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    cut = "é".encode()[:1]
    entry = TokenLogprob(TokenChance(cut, -0.25), (TokenChance(cut, -0.25), TokenChance(b"x", float("-inf"))))
    engine.scripts = [[Delta("", logprobs=(entry,)), Delta("é", finish_reason="stop", usage=Usage(1, 1))]]
    (choice,) = (await chat(client, logprobs=True, top_logprobs=2)).json()["choices"]
    first = choice["logprobs"]["content"][0]
    assert (first["token"], first["bytes"], first["logprob"]) == ("\ufffd", list(cut), -0.25)
    assert [item["logprob"] for item in first["top_logprobs"]] == [-0.25, -9999.0]
    assert engine.requests[0].sampling.top_logprobs == 2
    engine.scripts = [say("one two")]
    chunks = events(await chat(client, logprobs=True, stream=True))
    shown = [entry for chunk in chunks for entry in (chunk["choices"][0]["logprobs"] or {}).get("content", ())]  # type: ignore[index]
    assert [entry["token"] for entry in shown] == ["one", " two"]
    assert all(entry["top_logprobs"] == [] for entry in shown)


async def test_a_completions_log_probabilities_have_offsets_in_its_text(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    engine.scripts = [say("größe zwei drei")]
    (whole,) = (await complete(client, logprobs=1)).json()["choices"]
    written = whole["logprobs"]
    assert written["tokens"] == ["größe", " zwei", " drei"]
    assert [whole["text"][at:] for at in written["text_offset"]] == ["größe zwei drei", " zwei drei", " drei"]
    assert written["top_logprobs"][0] == {"größe": -0.5}
    chunks = events(await complete(client, logprobs=1, stream=True))
    offsets = [at for chunk in chunks for at in (chunk["choices"][0]["logprobs"] or {}).get("text_offset", ())]  # type: ignore[index]
    assert offsets == written["text_offset"]
