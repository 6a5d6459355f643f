"""The llm node: what a model is sent, and what becomes of its answer."""

import pytest

from agents.errors import ContextOverflow, FileMissing, ImagesUnsupported, InvalidInput, ModelNotFound, UnknownVariable
from agents.events import Body, NodeFailed, RunFailed, RunFinished, Sources, TextDelta
from agents.ports import Ports
from agents.types import FileRef, JsonValue, RunSpec, Turn
from agents.workflow.execute import run_graph
from agents.workflow.preflight import check_run
from inference.types import Message
from tests.agents.fakes import (
    FakeFiles,
    FakeKnowledge,
    Reply,
    ScriptedModel,
    always,
    finished,
    llm_config,
    node,
    outputs_of,
    passage,
    ports_of,
    spec_of,
)

HISTORY = (Turn("user", "Hello"), Turn("assistant", "Hi!"))
MEMORY: JsonValue = {"window": {"enabled": False, "size": 50}}
KNOWLEDGE = FakeKnowledge((passage("c1", "The sky is blue.", 3), passage("c2", "Grass is green.", 7)))


async def run(spec: RunSpec, ports: Ports) -> list[Body]:
    return [body async for body in run_graph(spec, ports)]


def chat(prompt: str = "Be brief.", **more: object) -> RunSpec:
    return spec_of([node("llm", "llm", llm_config(prompt, memory=MEMORY))], (), **more)


def rag(prompt: str = "Be brief.", **model: JsonValue) -> RunSpec:
    config = llm_config(prompt, memory=MEMORY, context={"enabled": True, "variable_selector": ["know", "result"]})
    config["model"] = {"id": "scripted", "parameters": model}
    search: dict[str, JsonValue] = {"dataset_ids": ["d1"], "multiple_retrieval_config": {"top_k": 2}}
    return spec_of([node("know", "knowledge-retrieval", search), node("llm", "llm", config)], ["know > llm"])


async def sent_for(spec: RunSpec, knowledge: FakeKnowledge | None = None, **info: object) -> tuple[Message, ...]:
    model = ScriptedModel(always("ok"), **info)
    bodies = await run(spec, ports_of(model, knowledge=knowledge))
    assert isinstance(bodies[-1], RunFinished), bodies[-1]
    return model.last_messages


async def test_a_chat_sends_prompt_instructions_history_and_question_in_this_order() -> None:
    spec = chat("You help {{name}}.", inputs={"name": "Ada"}, history=HISTORY, instructions="Speak Latin.")
    assert await sent_for(spec) == (
        Message("system", "You help Ada.\n\nSpeak Latin."),
        Message("user", "Hello"),
        Message("assistant", "Hi!"),
        Message("user", "Why?"),
    )


async def test_an_empty_prompt_sends_no_system_message() -> None:
    assert await sent_for(chat("")) == (Message("user", "Why?"),)


async def test_a_completion_app_says_its_prompt_as_the_user() -> None:
    spec = spec_of([node("llm", "llm", llm_config("Translate {{t}}."))], query="", inputs={"t": "dog"}, history=HISTORY)
    assert await sent_for(spec) == (Message("user", "Translate dog."),)


EXAMPLES: JsonValue = [
    {"user": "{{t}}?", "assistant": "Woof."},
    {"user": "Nobody answers this.", "assistant": " "},
]


async def test_examples_stand_between_the_prompt_and_the_conversation() -> None:
    config = llm_config("You help {{t}}.", memory=MEMORY, examples=EXAMPLES)
    spec = spec_of([node("llm", "llm", config)], (), inputs={"t": "dog"}, history=HISTORY)
    assert await sent_for(spec) == (
        Message("system", "You help dog."),
        Message("user", "dog?"),
        Message("assistant", "Woof."),
        Message("user", "Hello"),
        Message("assistant", "Hi!"),
        Message("user", "Why?"),
    )


async def test_examples_are_not_taken_for_what_a_user_says() -> None:
    spec = spec_of([node("llm", "llm", llm_config("Say {{t}}.", examples=EXAMPLES))], query="", inputs={"t": "dog"})
    asked = Message("user", "Say dog.")
    assert await sent_for(spec) == (Message("user", "dog?"), Message("assistant", "Woof."), asked)
    lone = spec_of([node("llm", "llm", llm_config("Say {{t}}.", examples=EXAMPLES))], query="Now.", inputs={"t": "dog"})
    assert (await sent_for(lone))[-1] == Message("user", "Now.")


async def test_examples_are_told_in_a_prompt_in_one_piece() -> None:
    config = llm_config("", examples=EXAMPLES) | {"prompt_template": {"text": "Q: {{#query#}}"}}
    spec = spec_of([node("llm", "llm", config)], query="Why?", inputs={"t": "dog"})
    assert await sent_for(spec) == (Message("user", "Human: dog?\nAssistant: Woof.\n\nQ: Why?"),)


async def test_nothing_to_say_is_an_error() -> None:
    bodies = await run(chat("", query=" "), ports_of(ScriptedModel(always("ok"))))
    assert isinstance(bodies[-1], RunFailed) and bodies[-1].code == "invalid_input"


async def test_start_fills_in_defaults_and_refuses_a_missing_input() -> None:
    start = node(
        "s", "start", {"variables": [{"variable": "tone", "default": "kind"}, {"variable": "x", "required": True}]}
    )
    spec = spec_of([start, node("llm", "llm", llm_config("Be {{tone}} to {{x}}."))], ["s > llm"], inputs={"x": "all"})
    assert (await sent_for(spec))[0] == Message("system", "Be kind to all.")
    lacking = spec_of([start, node("llm", "llm", llm_config())], ["s > llm"])
    with pytest.raises(InvalidInput, match="'x' is required"):
        await check_run(lacking, ports_of(ScriptedModel(always("ok"))))
    assert isinstance((await run(lacking, ports_of(ScriptedModel(always("ok")))))[-1], RunFailed)


async def test_passages_follow_the_prompt_or_stand_where_it_marks_them() -> None:
    system = (await sent_for(rag(), KNOWLEDGE))[0].content
    assert system.startswith("Be brief.\n\n")
    assert system.endswith("[1] The sky is blue.\n[2] Grass is green.")
    marked = (await sent_for(rag("Facts: {{#context#}}. Be brief."), KNOWLEDGE))[0].content
    assert marked == "Facts: [1] The sky is blue.\n[2] Grass is green.. Be brief."


async def test_no_passage_is_said_and_the_answer_goes_on() -> None:
    assert "no passage about this question" in (await sent_for(rag(), FakeKnowledge()))[0].content


async def test_sources_come_after_retrieval_and_again_saying_what_was_cited() -> None:
    bodies = await run(rag(), ports_of(ScriptedModel(always("Green [2], and [9].")), knowledge=KNOWLEDGE))
    first, second = (body for body in bodies if isinstance(body, Sources))
    assert (first.node_id, second.node_id) == ("know", "llm")
    assert [source.cited for source in first.sources] == [False, False]
    assert [(source.position, source.page, source.cited) for source in second.sources] == [(1, 3, False), (2, 7, True)]
    assert bodies.index(second) > max(i for i, body in enumerate(bodies) if isinstance(body, TextDelta))
    assert [source.chunk_id for source in second.sources] == ["c1", "c2"]


async def test_a_passage_that_did_not_fit_cannot_be_cited() -> None:
    long = FakeKnowledge((passage("c1", "sky " * 30), passage("c2", "grass " * 30)))
    model = ScriptedModel(always("Green [2], blue [1]."), context_tokens=100)
    bodies = await run(rag(max_tokens=30), ports_of(model, knowledge=long))
    cited = [body for body in bodies if isinstance(body, Sources)][-1]
    assert [source.cited for source in cited.sources] == [True, False]
    assert outputs_of(bodies, "llm")["left_out"] == {"messages": 0, "passages": 1}


async def test_the_outputs_say_text_reasoning_reason_and_usage() -> None:
    script = lambda request: Reply(" Two words", reasoning="hm", finish_reason="length")  # noqa: E731
    bodies = await run(chat(), ports_of(ScriptedModel(script)))
    usage = {"prompt_tokens": 15, "completion_tokens": 2}
    assert outputs_of(bodies, "llm") == {
        "text": " Two words",
        "reasoning_content": "hm",
        "finish_reason": "length",
        "usage": usage,
        "files": [],
    }
    end = bodies[-1]
    assert isinstance(end, RunFinished)
    assert end.outputs == {"answer": " Two words"} and end.usage == usage


async def test_parameters_reach_the_model_with_tenant_and_priority() -> None:
    spec = spec_of(
        [
            node(
                "llm",
                "llm",
                {"model": {"id": "scripted", "parameters": {"temperature": 0.1, "stop": "END", "max_tokens": 9}}},
            )
        ],
        priority="batch",
    )
    model = ScriptedModel(always("ok"))
    await run(spec, ports_of(model))
    request = model.requests[0]
    assert (request.sampling.temperature, request.sampling.stop, request.sampling.max_tokens) == (0.1, ("END",), 9)
    assert (request.tenant, request.priority, request.model) == ("workspace-1", "batch", "scripted")


async def test_images_go_along_when_the_model_reads_them() -> None:
    files = (FileRef("f1", "cat.png", "image/png", 3), FileRef("f2", "notes.pdf", "application/pdf", 3))
    ports = ports_of(ScriptedModel(always("ok"), supports_images=True), files=FakeFiles({"f1": b"abc"}))
    assert isinstance((await run(chat(files=files), ports))[-1], RunFinished)
    model = await ports.models.chat("scripted")
    assert isinstance(model, ScriptedModel)
    assert [image.url for image in model.last_messages[-1].images] == ["data:image/png;base64,YWJj"]
    with pytest.raises(FileMissing, match=r"cat\.png"):
        await check_run(chat(files=files), ports_of(model))
    with pytest.raises(ImagesUnsupported, match=r"cat\.png"):
        await check_run(chat(files=files), ports_of(ScriptedModel(always("ok"))))


async def test_a_check_before_the_run_finds_what_the_run_would_fail_on() -> None:
    good, small = ScriptedModel(always("ok")), ScriptedModel(always("ok"), context_tokens=20)
    await check_run(rag("{{#context#}}"), ports_of(good))
    assert not good.requests
    with pytest.raises(ModelNotFound):
        await check_run(chat(), ports_of())
    with pytest.raises(UnknownVariable):
        await check_run(chat("{{nope}}"), ports_of(good))
    with pytest.raises(ContextOverflow, match="holds 20"):
        await check_run(chat("word " * 30), ports_of(small))


async def test_history_that_does_not_fit_is_trimmed_and_never_a_reason_to_refuse() -> None:
    history = tuple(turn for _ in range(40) for turn in (Turn("user", "one two three"), Turn("assistant", "four five")))
    model = ScriptedModel(always("ok"), context_tokens=100)
    await check_run(chat(history=history), ports_of(model))
    bodies = await run(chat(history=history), ports_of(model))
    assert finished(bodies) == ["llm"]
    assert model.last_messages[1].content == "one two three" and 4 < len(model.last_messages) < 20


async def test_an_overflow_fails_the_run_with_its_code() -> None:
    bodies = await run(chat("word " * 30), ports_of(ScriptedModel(always("ok"), context_tokens=20)))
    failed = [body for body in bodies if isinstance(body, NodeFailed)]
    assert failed[0].code == "context_length_exceeded" == bodies[-1].code  # type: ignore[union-attr]  # it is RunFailed


async def test_a_stream_that_stops_without_a_reason_is_a_failure() -> None:
    bodies = await run(chat(), ports_of(ScriptedModel(lambda request: Reply("half an", finish_reason=None))))
    assert isinstance(bodies[-1], RunFailed) and bodies[-1].code == "model_stream_ended"


async def test_user_messages_of_a_template_take_the_place_of_the_question() -> None:
    config: dict[str, JsonValue] = {
        "model": {"id": "scripted"},
        "prompt_template": [{"role": "system", "text": "S"}, {"role": "user", "text": "Say {{#sys.query#}}"}],
    }
    assert await sent_for(spec_of([node("llm", "llm", config)])) == (
        Message("system", "S"),
        Message("user", "Say Why?"),
    )
