"""What every engine keeps to: answers, ends, limits, refusals, and nothing left behind by those who went away."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
import pytest_asyncio

from inference.errors import ContextOverflowError, InvalidRequestError, UnknownModelError
from inference.types import Delta, GenerateRequest, Message, SamplingParams, ToolSpec
from tests.inference.conformance.subjects import COMPUTING, SUBJECTS, Opening, Subject

SCHEMA = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}
TOOL = ToolSpec("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})


pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(1800), pytest.mark.xdist_group("engines")]
Open = Callable[[Opening], Awaitable[Subject]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Open]:
    """Opens each engine at most once: some take minutes on a busy machine."""
    known: dict[Opening, Subject] = {}
    async with contextlib.AsyncExitStack() as stack:

        async def open_once(opening: Opening) -> Subject:
            if opening not in known:
                known[opening] = await stack.enter_async_context(opening(tmp_path_factory.mktemp("engine")))
            return known[opening]

        yield open_once


@pytest_asyncio.fixture(loop_scope="module", params=SUBJECTS)
async def subject(request: pytest.FixtureRequest, opened: Open) -> Subject:
    return await opened(request.param)


@pytest_asyncio.fixture(loop_scope="module", params=COMPUTING)
async def computing(request: pytest.FixtureRequest, opened: Open) -> Subject:
    """Those that compute what they are asked: a script says what it was told."""
    return await opened(request.param)


async def answer(subject: Subject, request: GenerateRequest) -> tuple[str, Delta]:
    seen = [delta async for delta in subject.engine.generate(request)]
    assert all(delta.finish_reason is None for delta in seen[:-1]), "only the last delta ends the answer"
    return "".join(delta.text for delta in seen), seen[-1]


async def test_a_chat_is_answered_with_a_reason_and_with_what_it_cost(subject: Subject) -> None:
    text, last = await answer(subject, subject.ask(ignore_eos=True) if subject.computes else subject.ask())
    assert text
    assert last.finish_reason in {"stop", "length"}
    assert last.usage is not None
    assert last.usage.prompt_tokens > 0
    assert 0 < last.usage.completion_tokens <= (12 if subject.computes else 16)


async def test_a_plain_completion_is_answered(subject: Subject) -> None:
    request = GenerateRequest(subject.model, prompt="One, two,", sampling=SamplingParams(temperature=0, max_tokens=5))
    _, last = await answer(subject, request)
    assert last.finish_reason is not None


async def test_the_same_greedy_question_has_the_same_answer(subject: Subject) -> None:
    request = subject.ask(deterministic=True)
    first, second = (await answer(subject, request))[0], (await answer(subject, request))[0]
    assert first == second


async def test_the_same_seed_has_the_same_answer_or_is_refused(subject: Subject) -> None:
    request = subject.ask(temperature=1.0, seed=7, deterministic=True)
    if not subject.has_seeds:
        with pytest.raises(InvalidRequestError, match="seed"):
            await answer(subject, request)
        return
    assert (await answer(subject, request))[0] == (await answer(subject, request))[0]


async def test_max_tokens_ends_with_length(computing: Subject) -> None:
    _, last = await answer(computing, computing.ask(max_tokens=3, ignore_eos=True))
    assert last.finish_reason == "length"
    assert last.usage is not None
    assert last.usage.completion_tokens == 3


async def test_a_stop_string_ends_the_answer_and_is_not_shown(computing: Subject) -> None:
    whole, _ = await answer(computing, computing.ask(ignore_eos=True, deterministic=True))
    stop = whole[len(whole) // 2 :][:2]
    stopped, last = await answer(computing, computing.ask(ignore_eos=True, deterministic=True, stop=(stop,)))
    assert stopped == whole[: whole.index(stop)]
    assert last.finish_reason == "stop"


async def test_pieces_of_characters_never_become_text(subject: Subject) -> None:
    """Byte tokens at random: what comes is valid text, whatever the model says."""
    seen = [delta.text async for delta in subject.engine.generate(subject.ask("語🦊é", ignore_eos=subject.computes))]
    assert "".join(seen).encode()  # a lone surrogate, half a character, would raise


async def test_a_prompt_beyond_the_context_is_refused(subject: Subject) -> None:
    with pytest.raises(ContextOverflowError):
        await answer(subject, subject.ask("word " * 20_000))


async def test_another_model_is_unknown(subject: Subject) -> None:
    with pytest.raises(UnknownModelError):
        await answer(subject, replace(subject.ask(), model="nobody"))


async def test_nothing_to_answer_is_refused(subject: Subject) -> None:
    with pytest.raises(InvalidRequestError):
        await answer(subject, GenerateRequest(subject.model))


async def test_tokens_are_counted_before_anything_is_computed(subject: Subject) -> None:
    short = await subject.engine.count_tokens(subject.ask("One"))
    longer = await subject.engine.count_tokens(subject.ask("One two three four five"))
    assert 0 < short < longer


async def test_the_model_says_what_it_can_do(subject: Subject) -> None:
    (info,) = [info for info in await subject.engine.models() if info.id == subject.model]
    assert info.kind == "chat"
    assert info.context_tokens > 0


async def test_the_model_does_not_promise_what_it_refuses(computing: Subject) -> None:
    (info,) = [info for info in await computing.engine.models() if info.id == computing.model]
    assert (info.supports_schema, info.supports_tools) == (computing.has_schemas, computing.has_schemas)


async def test_eight_at_once_are_all_answered(subject: Subject) -> None:
    requests = [subject.ask(f"Tell me about {number}.", max_tokens=6) for number in range(8)]
    answers = await asyncio.gather(*(answer(subject, request) for request in requests))
    assert all(last.finish_reason is not None for _, last in answers)
    await subject.settled()


async def test_closing_an_answer_frees_what_it_held(subject: Subject) -> None:
    deltas = subject.engine.generate(subject.ask(max_tokens=60, ignore_eos=subject.computes))
    await anext(deltas)
    await deltas.aclose()  # type: ignore[attr-defined]  # it is a generator; the port promises less
    await subject.settled()


async def test_one_that_is_cancelled_does_not_disturb_the_other(subject: Subject) -> None:
    alone, _ = await answer(subject, subject.ask(deterministic=True))
    kept = asyncio.create_task(answer(subject, subject.ask(deterministic=True)))
    gone = asyncio.create_task(answer(subject, subject.ask("Count.", max_tokens=60, ignore_eos=subject.computes)))
    await asyncio.sleep(0.01)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    assert (await kept)[0] == alone
    await subject.settled()


async def test_a_schema_is_kept_to_or_refused(computing: Subject) -> None:
    request = replace(computing.ask(max_tokens=40), response_schema=SCHEMA)
    if not computing.has_schemas:
        with pytest.raises(InvalidRequestError, match="schema"):
            await answer(computing, request)
        return
    text, _ = await answer(computing, request)
    assert isinstance(json.loads(text)["ok"], bool)


async def test_a_tool_that_must_be_called_is_called_or_refused(computing: Subject) -> None:
    request = replace(computing.ask(max_tokens=60), tools=(TOOL,), tool_choice="required")
    if not computing.has_schemas:
        with pytest.raises(InvalidRequestError, match="tools"):
            await answer(computing, request)
        return
    seen = [delta async for delta in computing.engine.generate(request)]
    calls = [call for delta in seen for call in delta.tool_calls]
    assert calls[0].name == "add"
    assert isinstance(json.loads("".join(call.arguments for call in calls if call.index == 0))["a"], int)
    assert seen[-1].finish_reason in {"tool_calls", "length"}


async def test_a_conversation_of_several_turns_is_answered(subject: Subject) -> None:
    turns = (
        Message("system", "Be short."),
        Message("user", "Hi"),
        Message("assistant", "Hello"),
        Message("user", "So"),
    )
    _, last = await answer(subject, replace(subject.ask(), messages=turns))
    assert last.finish_reason is not None
