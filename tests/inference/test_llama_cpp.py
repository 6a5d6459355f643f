"""The embedded engines with the real models."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.config import CHAT_MODEL, EMBEDDING_MODEL
from inference.errors import ContextOverflowError, InvalidRequestError, UnknownModelError
from inference.structured.calls import MAX_CALLS
from inference.types import (
    Delta,
    EmbedRequest,
    GenerateRequest,
    Image,
    Message,
    RerankRequest,
    SamplingParams,
    ToolSpec,
)
from tests.inference.serving import ask, chat_engine, embedding_engine

pytestmark = pytest.mark.model
REFERENCE = json.loads((Path(__file__).parent / "data" / "minilm_reference.json").read_text(encoding="utf-8"))


async def collect(deltas: AsyncIterator[Delta]) -> tuple[str, Delta]:
    """Return the text and the last delta."""
    seen = [delta async for delta in deltas]
    return "".join(delta.text for delta in seen), seen[-1]


async def generate(request: GenerateRequest) -> tuple[str, Delta]:
    return await collect(chat_engine().generate(request))


async def wait_until_idle() -> None:
    while chat_engine().stats() != replace(chat_engine().stats(), active=0, queued=0, queued_tokens=0, kv_used=0):
        await asyncio.sleep(0.005)


async def test_the_model_knows_the_capital_of_france() -> None:
    prompt = GenerateRequest(
        CHAT_MODEL, prompt="The capital of France is", sampling=SamplingParams(temperature=0, max_tokens=3)
    )
    text, last = await generate(prompt)
    assert "Paris" in text
    assert last.finish_reason == "length"
    assert last.usage is not None
    assert (last.usage.prompt_tokens, last.usage.completion_tokens) == (5, 3)


async def test_eight_requests_at_once_are_all_answered() -> None:
    requests = [ask(f"Tell me about the number {number}.", max_tokens=12) for number in range(8)]
    answers = await asyncio.gather(*map(generate, requests))
    assert all(text for text, _ in answers)
    assert all(last.usage is not None and last.usage.completion_tokens <= 12 for _, last in answers)
    await wait_until_idle()


async def test_closing_the_iterator_frees_the_cache() -> None:
    deltas = chat_engine().generate(ask("Count to a thousand.", max_tokens=2000))
    await anext(deltas)
    while not chat_engine().stats().kv_used:  # counted at the end of the step that brought the delta
        await asyncio.sleep(0.005)
    await deltas.aclose()  # type: ignore[attr-defined]  # it is a generator; the port promises less
    async with asyncio.timeout(10):
        await wait_until_idle()


async def test_cancelled_tasks_free_slots_and_queue() -> None:
    tasks = [asyncio.create_task(generate(ask(f"Count from {n} on.", max_tokens=2000))) for n in range(12)]
    while chat_engine().stats().active < 8:
        await asyncio.sleep(0.005)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(10):
        await wait_until_idle()


async def test_a_continued_message_goes_on_as_if_never_interrupted() -> None:
    """Alone in the engine, so that only the position of the cut differs; numerics may still part ways late."""
    whole_request = ask("Write one sentence about the sea.", max_tokens=20)
    whole, _ = await generate(whole_request)
    cut = whole.index(" ", len(whole) // 3)
    messages = (*whole_request.messages, Message("assistant", whole[:cut]))
    rest, last = await generate(replace(whole_request, messages=messages, continue_final_message=True))
    assert last.usage is not None
    assert (whole[:cut] + rest).startswith(whole[: cut + 8])


async def test_a_stop_string_ends_the_answer_and_is_not_shown() -> None:
    request = GenerateRequest(
        CHAT_MODEL, prompt="1, 2, 3, 4,", sampling=SamplingParams(temperature=0, max_tokens=40, stop=(" 7",))
    )
    text, last = await generate(request)
    assert text == " 5, 6,"
    assert last.finish_reason == "stop"


async def test_the_same_seed_gives_the_same_answer() -> None:
    """In deterministic mode: a prompt found in the cache has other last digits, and hot sampling shows them."""
    request = ask("Tell me something.", max_tokens=10)
    hot = replace(request.sampling, temperature=1.5, top_k=50, top_p=0.95, seed=7, deterministic=True)
    seeded = replace(request, sampling=hot)
    first, second = (await generate(seeded))[0], (await generate(seeded))[0]
    other = (await generate(replace(seeded, sampling=replace(seeded.sampling, seed=8))))[0]
    assert first == second
    assert other != first


async def test_penalties_break_a_loop() -> None:
    request = GenerateRequest(
        CHAT_MODEL, prompt="one two one two one two one two one", sampling=SamplingParams(temperature=0, max_tokens=6)
    )
    looping, _ = await generate(request)
    free, _ = await generate(replace(request, sampling=replace(request.sampling, repeat_penalty=10.0)))
    assert looping.count(" two") > free.count(" two")


async def test_a_prompt_that_does_not_fit_says_by_how_much() -> None:
    with pytest.raises(ContextOverflowError, match="8192"):
        await generate(ask("word " * 9000))


async def test_tokens_are_counted_exactly() -> None:
    request = ask("How many tokens is this — 漢字, emoji 😀 and all?", max_tokens=1)
    count = await chat_engine().count_tokens(request)
    _, last = await generate(request)
    assert last.usage is not None
    assert last.usage.prompt_tokens == count


async def test_a_required_tool_call_is_made_and_valid() -> None:
    parameters = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    tool = ToolSpec("add", "Adds numbers.", parameters)
    request = replace(ask("Add 1 and 2.", max_tokens=60), tools=(tool,), tool_choice="required")
    plain = replace(request, tool_choice="none")
    assert await chat_engine().count_tokens(request) > await chat_engine().count_tokens(plain)
    seen = [delta async for delta in chat_engine().generate(request)]
    assert seen[-1].finish_reason == "tool_calls"
    pieces = [call for delta in seen for call in delta.tool_calls if call.index == 0]
    assert pieces[0].name == "add"
    assert isinstance(json.loads("".join(call.arguments for call in pieces))["a"], int)


@pytest.mark.parametrize("named", [None, "add"])
async def test_calls_that_would_go_on_are_closed_before_the_last_token(named: str | None) -> None:
    parameters = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    tools = tuple(ToolSpec(name, "Adds a line.", parameters) for name in ("add", "put"))
    request = replace(ask("Add all you know.", max_tokens=120), tools=tools, tool_choice="required", tool_name=named)
    seen = [delta async for delta in chat_engine().generate(request)]
    calls: dict[int, str] = {}
    for call in (call for delta in seen for call in delta.tool_calls):
        calls[call.index] = calls.get(call.index, "") + call.arguments
    assert all(set(json.loads(arguments)) == {"text"} for arguments in calls.values())
    assert seen[-1].finish_reason == "tool_calls"
    assert 1 <= len(calls) <= (1 if named else MAX_CALLS)


async def test_an_answer_obeys_its_schema_even_with_few_tokens() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    text, last = await generate(replace(ask("Where is the Louvre?", max_tokens=14), response_schema=schema))
    assert set(json.loads(text)) == {"city"}
    assert last.finish_reason == "stop"


async def test_token_ids_are_a_prompt_too() -> None:
    sampling = SamplingParams(temperature=0, max_tokens=4, deterministic=True)
    written = GenerateRequest(CHAT_MODEL, prompt="The capital of France is", sampling=sampling)
    tokens = tuple(await chat_engine().tokenize(written))
    said = await generate(written)
    again = await generate(replace(written, prompt=None, prompt_tokens=tokens))
    # Tokens that wait for the reader come as one delta: how many the last one holds is chance.
    assert [(text, last.finish_reason, last.usage) for text, last in (said, again)] == [
        (said[0], "length", said[1].usage)
    ] * 2


async def test_deltas_carry_the_tokens_behind_them_and_their_log_probabilities() -> None:
    request = ask("Name a colour.", max_tokens=8)
    request = replace(request, sampling=replace(request.sampling, top_logprobs=2))
    seen = [delta async for delta in chat_engine().generate(request)]
    tokens = [token for delta in seen for token in delta.tokens]
    logprobs = [one for delta in seen for one in delta.logprobs]
    assert seen[-1].usage is not None
    assert len(tokens) == len(logprobs) == seen[-1].usage.completion_tokens
    assert b"".join(one.chosen.token for one in logprobs).decode() == "".join(delta.text for delta in seen)
    assert all(one.top[0] == one.chosen and one.top[1].logprob <= one.chosen.logprob < 0 for one in logprobs)


@pytest.mark.parametrize("kept", [1, 7, 15])
async def test_a_resumed_request_yields_only_what_is_new(kept: int) -> None:
    whole_request = ask("Write one sentence about the sea.", max_tokens=16)
    sampling = replace(whole_request.sampling, deterministic=True)
    whole_request = replace(whole_request, sampling=sampling)
    seen = [delta async for delta in chat_engine().generate(whole_request)]
    tokens = tuple(token for delta in seen for token in delta.tokens)
    resumed = [delta async for delta in chat_engine().generate(replace(whole_request, resume_tokens=tokens[:kept]))]
    text = "".join(delta.text for delta in seen)
    rest = "".join(delta.text for delta in resumed)
    shown = text[: len(text) - len(rest)]
    assert 0 < len(rest) < len(text)
    assert len(tokens) - kept == sum(len(delta.tokens) for delta in resumed)
    # Numerics may part ways after a while, for the prompt was computed in other pieces.
    assert (shown + rest)[: len(shown) + 3] == text[: len(shown) + 3] or kept == 1
    assert resumed[-1].usage is not None
    assert resumed[-1].usage.completion_tokens == 16
    assert resumed[-1].usage.prompt_tokens == await chat_engine().count_tokens(whole_request)


async def test_a_request_that_had_only_its_end_left_ends_at_once() -> None:
    request = replace(ask("Write one sentence about the sea.", max_tokens=3), resume_tokens=(504, 3457, 314))
    (only,) = [delta async for delta in chat_engine().generate(request)]
    assert (only.text, only.tokens, only.finish_reason) == ("", (), "length")
    counted = GenerateRequest(CHAT_MODEL, prompt="1, 2, 3,", sampling=SamplingParams(stop=(" 5",), max_tokens=9))
    stopped = replace(counted, resume_tokens=tuple(chat_engine()._model.tokenize(" 4, 5", special=False)))
    (only,) = [delta async for delta in chat_engine().generate(stopped)]
    assert (only.text, only.finish_reason) == ("", "stop")


async def test_a_prompt_that_begins_alike_is_not_computed_again_for_the_same_tenant_only() -> None:
    request = replace(ask(f"{uuid.uuid4()} " * 20 + "Sum it up.", max_tokens=2), tenant="a")
    usages = []
    for one in (request, request, replace(request, tenant="b")):
        _, last = await generate(one)
        assert last.usage is not None
        usages.append(last.usage)
    assert usages[0].cached_tokens < 64, "only the words of the template, if at all"
    assert usages[1].cached_tokens > usages[1].prompt_tokens * 0.9
    assert usages[2].cached_tokens == 0


async def test_eight_clients_share_their_steps() -> None:
    before = chat_engine().stats()
    await asyncio.gather(*(generate(ask(f"Tell me about the number {n}.", max_tokens=40)) for n in range(8)))
    after = chat_engine().stats()
    assert (after.step_sequences - before.step_sequences) / (after.steps - before.steps) >= 4


@pytest.mark.parametrize(
    "request_",
    [
        GenerateRequest(CHAT_MODEL),
        GenerateRequest(CHAT_MODEL, prompt=""),
        GenerateRequest(CHAT_MODEL, prompt_tokens=(1, 10_000_000)),
        GenerateRequest(CHAT_MODEL, prompt_tokens=(-1,)),
        GenerateRequest(CHAT_MODEL, prompt="x", sampling=SamplingParams(logit_bias=((10_000_000, 1.0),))),
        GenerateRequest(CHAT_MODEL, prompt="x", resume_tokens=(10_000_000,)),
        GenerateRequest(CHAT_MODEL, prompt="x", adapter="none"),
        GenerateRequest(CHAT_MODEL, (Message("user", "Look", images=(Image("data:,"),)),)),
    ],
)
async def test_what_cannot_be_asked_is_refused(request_: GenerateRequest) -> None:
    with pytest.raises(InvalidRequestError):
        await generate(request_)


async def test_vectors_equal_the_originals() -> None:
    made = await embedding_engine().embed(EmbedRequest(EMBEDDING_MODEL, tuple(REFERENCE["texts"])))
    ours, theirs = np.array(made.vectors), np.array(REFERENCE["vectors"])
    assert ours.shape == theirs.shape
    assert np.allclose(np.linalg.norm(ours, axis=1), 1.0, atol=1e-4)
    assert (ours * theirs).sum(axis=1).min() >= 0.999
    assert made.usage.prompt_tokens == sum(map(len, REFERENCE["tokens"]))


async def test_a_vector_does_not_depend_on_its_neighbours() -> None:
    texts = tuple(REFERENCE["texts"])
    (alone,) = (await embedding_engine().embed(EmbedRequest(EMBEDDING_MODEL, texts[:1]))).vectors
    together = (await embedding_engine().embed(EmbedRequest(EMBEDDING_MODEL, texts))).vectors[0]
    assert np.dot(alone, together) >= 0.9999


async def test_requests_at_once_get_their_own_vectors() -> None:
    texts = REFERENCE["texts"]
    made = await asyncio.gather(*(embedding_engine().embed(EmbedRequest(EMBEDDING_MODEL, (text,))) for text in texts))
    for embeddings, expected in zip(made, REFERENCE["vectors"], strict=True):
        assert np.dot(embeddings.vectors[0], expected) >= 0.999


async def test_each_engine_says_when_it_is_the_wrong_one() -> None:
    with pytest.raises(InvalidRequestError):
        await chat_engine().embed(EmbedRequest(CHAT_MODEL, ("a",)))
    with pytest.raises(InvalidRequestError):
        await collect(embedding_engine().generate(ask("Hi")))
    with pytest.raises(InvalidRequestError):
        await chat_engine().rerank(RerankRequest(CHAT_MODEL, "a", ("b",)))
    with pytest.raises(UnknownModelError):
        await generate(GenerateRequest("other", prompt="x"))
    with pytest.raises(UnknownModelError):
        await embedding_engine().embed(EmbedRequest("other", ("a",)))
