"""The embedded engines with the real models."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.config import CHAT_MODEL, EMBEDDING_MODEL
from inference.errors import ContextOverflowError, InvalidRequestError, UnknownModelError
from inference.types import Delta, EmbedRequest, GenerateRequest, Image, Message, SamplingParams, ToolSpec
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
    assert chat_engine().stats().kv_used > 0
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
    request = ask("Tell me something.", max_tokens=10)
    seeded = replace(request, sampling=replace(request.sampling, temperature=1.5, top_k=50, top_p=0.95, seed=7))
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


async def test_a_required_tool_call_starts_inside_the_call() -> None:
    tool = ToolSpec("add", "Adds numbers.", {"type": "object", "properties": {"a": {"type": "number"}}})
    request = replace(ask("Add 1 and 2.", max_tokens=40), tools=(tool,), tool_choice="required")
    plain = replace(request, tool_choice="none")
    assert await chat_engine().count_tokens(request) > await chat_engine().count_tokens(plain)
    text, last = await generate(request)
    assert text.startswith("<tool_call>") or last.finish_reason in {"tool_calls", "length"}


@pytest.mark.parametrize(
    "request_",
    [
        GenerateRequest(CHAT_MODEL),
        GenerateRequest(CHAT_MODEL, prompt=""),
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
    with pytest.raises(UnknownModelError):
        await generate(GenerateRequest("other", prompt="x"))
    with pytest.raises(UnknownModelError):
        await embedding_engine().embed(EmbedRequest("other", ("a",)))
