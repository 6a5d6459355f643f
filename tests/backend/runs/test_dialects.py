"""Dify's and OpenAI's dialects as pure translators: events in, chunks out; resets leave the text whole."""

import json
import random
import uuid
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

import pytest

from agents.events import (
    Body,
    Event,
    NodeFinished,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunStarted,
    Sources,
    TextDelta,
    TextReset,
    ToolCalled,
    ToolResult,
)
from agents.types import Source
from backend.common.errors import ApiError
from backend.runs.dialects import dify, openai

RUN = str(uuid.UUID(int=7))
PRICES = dify.Prices(Decimal(1000), Decimal(2000))
CHAT = dify.MessageFacts(run_id=RUN, mode="chat", created_at=1_700_000_000, conversation_id="c-1", prices=PRICES)
COMPLETION = openai.CompletionFacts(run_id=RUN, model="helper", created=1_700_000_000)
FINISHED = NodeFinished("llm", "llm", {"finish_reason": "stop"}, {"prompt_tokens": 1033, "completion_tokens": 128})


def numbered(bodies: Sequence[Body]) -> list[Event]:
    return [Event(number, 0.0, body) for number, body in enumerate(bodies, 1)]


async def told(bodies: Sequence[Body]) -> AsyncIterator[Event | None]:
    for event in numbered(bodies):
        yield None
        yield event


def end(answer: str) -> RunFinished:
    return RunFinished({"answer": answer}, {}, 768.4, "0.001289")


def chunks(bodies: Sequence[Body], facts: dify.MessageFacts = CHAT) -> list[dify.Chunk]:
    translator = dify.DifyMessages(facts)
    return [chunk for event in numbered(bodies) for chunk in translator.translate(event)]


def text_of(found: Sequence[dify.Chunk]) -> str:
    text = ""
    for chunk in found:
        if chunk["event"] in ("message", "agent_message"):
            text += str(chunk["answer"])
        elif chunk["event"] == "message_replace":
            text = str(chunk["answer"])
    return text


def test_a_chat_is_told_in_the_contracts_chunks() -> None:
    found = chunks([RunStarted("", "", {}), TextDelta("llm", " I"), FINISHED, end(" I")])
    assert found[0] == {
        "event": "message",
        "conversation_id": "c-1",
        "message_id": RUN,
        "created_at": 1_700_000_000,
        "task_id": RUN,
        "id": RUN,
        "answer": " I",
        "from_variable_selector": None,
    }
    assert found[1]["metadata"]["usage"] == {
        "prompt_tokens": 1033,
        "prompt_unit_price": "1000",
        "prompt_price_unit": "0.000001",
        "prompt_price": "1.0330000",
        "completion_tokens": 128,
        "completion_unit_price": "2000",
        "completion_price_unit": "0.000001",
        "completion_price": "0.2560000",
        "total_tokens": 1161,
        "total_price": "0.0012890",
        "currency": "USD",
        "latency": 0.768,
    }


def test_a_reset_that_changes_nothing_is_silent_and_one_that_does_replaces() -> None:
    same = [TextDelta("llm", "Hel"), TextReset("llm", "Hel"), TextDelta("llm", "lo"), end("Hello")]
    assert [chunk["event"] for chunk in chunks(same)] == ["message", "message", "message_end"]
    other = [TextDelta("llm", "Hel"), TextReset("llm", ""), TextDelta("llm", "Bye"), end("Bye")]
    found = chunks(other)
    assert [chunk["event"] for chunk in found] == ["message", "message_replace", "message", "message_end"]
    assert list(found[1])[-3:] == ["task_id", "answer", "reason"]


def test_any_course_of_a_run_leaves_the_answer_that_is_stored() -> None:
    dice = random.Random(3)
    for _ in range(300):
        shown, bodies = "", []
        for _ in range(dice.randint(0, 12)):
            if dice.random() < 0.25:
                shown = shown[: dice.randint(0, len(shown))]
                bodies.append(TextReset("llm", shown))
            else:
                piece = dice.choice(["a", "bc", " ", "漢", ""])
                shown += piece
                bodies.append(TextDelta("llm", piece))
        assert text_of(chunks([*bodies, end(shown)])) == shown


def test_an_answer_that_was_never_streamed_is_told_at_the_end() -> None:
    assert text_of(chunks([end("All at once.")])) == "All at once."


def test_sources_are_told_once_as_they_were_last() -> None:
    source = Source(1, "d1", "doc", "iPhone List", "s1", 3, 0.98, "content", dataset_name="iPhone")
    found = chunks([Sources("knowledge", (source,)), Sources("llm", (source,)), end("")])
    (resource,) = found[-1]["metadata"]["retriever_resources"]
    wanted = {
        "position": 1,
        "dataset_id": "d1",
        "dataset_name": "iPhone",
        "document_id": "doc",
        "document_name": "iPhone List",
        "segment_id": "s1",
        "score": 0.98,
        "content": "content",
        "page": 3,
    }
    assert resource == {**resource, **wanted}


def test_two_calls_of_one_step_are_one_thought() -> None:
    facts = dify.MessageFacts(run_id=RUN, mode="agent-chat", created_at=1, conversation_id="c")
    found = chunks(
        [
            ToolCalled("agent", 0, "1", "add", {"a": 1}, "Let me see."),
            ToolCalled("agent", 0, "2", "now", {}, "Let me see."),
            ToolResult("agent", 0, "1", "add", "2"),
            ToolResult("agent", 0, "2", "now", "noon"),
            ToolCalled("agent", 1, "1", "add", {"a": 2}),
            end("Done."),
        ],
        facts,
    )
    thoughts = [chunk for chunk in found if chunk["event"] == "agent_thought"]
    assert [thought["position"] for thought in thoughts] == [1, 1, 1, 1, 2]
    assert (thoughts[3]["tool"], json.loads(thoughts[3]["observation"])) == ("add;now", {"add": "2", "now": "noon"})
    assert len({thought["id"] for thought in thoughts}) == 2
    payload = "task_id id position thought observation tool tool_labels tool_input message_files"
    assert list(thoughts[0])[4:] == payload.split()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("context_length_exceeded", ("completion_request_error", 400)),
        ("model_not_found", ("model_currently_not_support", 400)),
        ("upstream_auth", ("provider_not_initialize", 400)),
        ("upstream_rate_limit", ("provider_quota_exceeded", 400)),
        ("internal_error", ("internal_server_error", 500)),
    ],
)
async def test_a_failure_ends_a_stream_as_an_event_and_a_blocking_answer_as_an_error(
    code: str, expected: tuple[str, int]
) -> None:
    bodies = [TextDelta("llm", "a"), RunFailed(code, "what happened")]
    last = chunks(bodies)[-1]
    assert (last["event"], last["code"], last["status"]) == ("error", *expected) and "task_id" not in last
    with pytest.raises(ApiError) as caught:
        await dify.collect(CHAT, told(bodies))
    assert (caught.value.code, caught.value.http_status) == expected


async def test_a_stopped_run_ends_well_with_what_there_is() -> None:
    bodies = [TextDelta("llm", "Half"), RunCancelled()]
    assert [chunk["event"] for chunk in chunks(bodies)] == ["message", "message_end"]
    assert (await dify.collect(CHAT, told(bodies)))["answer"] == "Half"


async def test_silence_is_a_ping_of_two_lines() -> None:
    lines = [line async for line in dify.lines(CHAT, told([end("x")]))]
    assert lines[0] == "event: ping\n\n"


def openai_text(bodies: Sequence[Body]) -> tuple[str, str]:
    translator = openai.ChatCompletion(COMPLETION)
    found = [chunk for event in numbered(bodies) for chunk in translator.translate(event)]
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in found if "choices" in chunk)
    error = next((chunk["error"]["code"] for chunk in found if "error" in chunk), "")
    return text, error


def test_openai_hears_a_restarted_answer_once_when_it_repeats_itself() -> None:
    bodies = [TextDelta("llm", "Hello"), TextReset("llm", ""), TextDelta("llm", "Hel"), TextDelta("llm", "lo you")]
    assert openai_text([*bodies, end("Hello you")]) == ("Hello you", "")


def test_openai_is_told_when_a_restarted_answer_differs() -> None:
    bodies = [TextDelta("llm", "Hello"), TextReset("llm", ""), TextDelta("llm", "Bye")]
    assert openai_text([*bodies, end("Bye")]) == ("Hello", "answer_restarted")
    shorter = [TextDelta("llm", "Hello"), TextReset("llm", ""), TextDelta("llm", "Hel")]
    assert openai_text([*shorter, end("Hel")]) == ("Hello", "answer_restarted")


def test_openai_says_length_when_the_answer_was_cut() -> None:
    translator = openai.ChatCompletion(COMPLETION)
    cut = NodeFinished("llm", "llm", {"finish_reason": "length"}, {})
    found = [
        chunk for event in numbered([TextDelta("llm", "a"), cut, end("a")]) for chunk in translator.translate(event)
    ]
    assert found[-1]["choices"][0]["finish_reason"] == "length"


async def test_an_openai_stream_ends_with_done_even_after_an_error() -> None:
    lines = [line async for line in openai.lines(COMPLETION, told([RunFailed("upstream_error", "gone")]))]
    assert lines[-1] == "data: [DONE]\n\n" and '"code":"upstream_error"' in lines[-2]
