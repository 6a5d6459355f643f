"""The agent as a node of a graph: Dify's form of it, both ways of calling, its budget, and whom it must ask first."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.errors import ToolFailed
from agents.events import (
    AgentNoted,
    Body,
    NodeFailed,
    NodeFinished,
    RunFailed,
    RunFinished,
    RunPaused,
    ToolCalled,
    ToolResult,
)
from agents.loop.json_text import check_storable
from agents.nodes.agent_config import AgentConfig
from agents.tools.catalogue import TOOLS
from agents.tools.spec import ToolContext, ToolOutput
from agents.types import JsonObject, JsonValue, Turn
from inference.types import Delta, FinishReason, GenerateRequest, ModelInfo, ToolCallDelta, Usage
from tests.agents.fakes import (
    FakeModels,
    Reply,
    ScriptedModel,
    always,
    outputs_of,
    ports_of,
    shown_of,
)
from tests.agents.nodes.agents_of_tests import DONE, READ, Page, Send, agent, call, collect, obedient, tools
from tests.agents.nodes.cases import Case, end, saved_node, start
from tests.agents.nodes.spoken import SpokenCase, run_spoken

__all__ = ["tools"]
QUESTION = "What is 23 * 19, and what day is it in Shanghai?"
MODEL: JsonValue = {
    "provider": "openai",
    "model": "scripted",
    "mode": "chat",
    "model_type": "llm",
    "completion_params": {},
}


def difys(name: str, strategy: str, outputs: dict[str, JsonValue]) -> Case:
    """A workflow whose agent is written as Dify writes it."""
    parameters: JsonValue = {
        "model": {"type": "constant", "value": MODEL},
        "instruction": {"type": "constant", "value": "You compute for {{#start.name#}}."},
        "query": {"type": "variable", "value": ["start", "text"]},
        "maximum_iterations": {"type": "constant", "value": "4"},
        "tools": {
            "type": "constant",
            "value": [
                {
                    "enabled": True,
                    "provider_name": "math",
                    "tool_name": "calculator",
                    "parameters": {},
                    "type": "builtin",
                },
                {
                    "enabled": True,
                    "provider_name": "time",
                    "tool_name": "current_time",
                    "settings": {"x": {"value": 1}},
                },
                {"enabled": False, "provider_name": "x", "tool_name": "no such tool"},
            ],
        },
    }
    config: dict[str, JsonValue] = {
        "agent_strategy_name": strategy,
        "agent_strategy_provider_name": "langgenius/agent/agent",
        "agent_parameters": parameters,
        "version": "1",
    }
    nodes = [
        start(text="paragraph", name="text-input"),
        saved_node("agent", "agent", config),
        end(**{key: f"agent.{key}" for key in outputs}),
    ]
    return Case(name, nodes, ("start > agent", "agent > end"), {"text": QUESTION, "name": "Ada"}, outputs)


BOTH = (call("calculator", "a", expression="23 * 19"), call("current_time", "b", timezone="Asia/Shanghai"))
ANSWER: dict[str, JsonValue] = {"text": "It is 437, and Friday.", "steps": 1, "files": []}
SPOKEN_CASES = [
    SpokenCase(
        difys("agent that calls functions", "function_calling", ANSWER),
        [
            Reply(
                "",
                (call("calculator", "a", expression="23 * 19"), call("current_time", "b", timezone="Asia/Shanghai")),
                "tool_calls",
            ),
            Reply("It is 437, and Friday."),
        ],
        {"supports_tools": True},
        ("You compute for Ada.", "437"),
    ),
    SpokenCase(
        difys("agent that thinks and acts", "ReAct", {**ANSWER, "steps": 2}),
        [
            Reply('Thought: first the sum\nAction: calculator\nAction Input: {"expression": "23 * 19"}\n'),
            Reply('Thought: now the day\nAction: current_time\nAction Input: {"timezone": "Asia/Shanghai"}\n'),
            Reply("Thought: I know\nFinal Answer: It is 437, and Friday."),
        ],
        {"supports_tools": True},
        (QUESTION, "Observation: 437", "Asia/Shanghai (UTC+0800)"),
    ),
]


@pytest.mark.parametrize("spoken", SPOKEN_CASES, ids=lambda spoken: spoken.case.name)
async def test_an_agent_answers_by_calling_both_tools(spoken: SpokenCase) -> None:
    bodies, model = await run_spoken(spoken)
    results = {body.name: body.output for body in bodies if isinstance(body, ToolResult)}
    assert results["calculator"] == "437" and "Asia/Shanghai (UTC+0800)" in results["current_time"]
    told = outputs_of(bodies, "agent")["json"]
    assert isinstance(told, list) and [item["tool"] for item in told if isinstance(item, dict)] == [
        "calculator",
        "current_time",
    ]
    assert bool(model.requests[0].tools) is (spoken is SPOKEN_CASES[0])


async def test_ours_wins_over_what_dify_wrote() -> None:
    config = dict(difys("both", "ReAct", ANSWER).nodes[1]["data"])  # type: ignore[arg-type]  # it is an object
    mine = {**config, "model": {"id": "mine"}, "tools": [{"name": "calculator"}], "max_iterations": 9, "strategy": None}
    read = AgentConfig.model_validate(mine)
    assert (read.model.id, [tool.name for tool in read.tools], read.max_iterations) == ("mine", ["calculator"], 9)
    assert read.strategy == "react" and read.question == "{{#start.text#}}"


async def test_a_node_that_tries_again_repeats_no_call_that_was_made() -> None:
    replies = [Reply("", (call("send", "s", to="ann"),), "tool_calls"), Reply("x", finish_reason=None), DONE]
    model = ScriptedModel(lambda request: replies.pop(0))
    retry: JsonValue = {"retry_enabled": True, "max_retries": 1, "retry_interval": 0}
    bodies = await collect(agent(retry_config=retry), ports_of(model))
    assert isinstance(bodies[-1], RunFinished) and Send.sent == ["ann"] and shown_of(bodies) == "Done."


async def test_a_model_that_seldom_calls_can_be_made_to_call_in_its_first_turn() -> None:
    model = ScriptedModel(obedient(READ, DONE))
    await collect(agent(must_call=True), ports_of(model))
    assert [request.tool_choice for request in model.requests] == ["required", "auto"]
    without = ScriptedModel(always("Final Answer: x"), supports_tools=False)
    await collect(agent(must_call=True), ports_of(without))
    assert without.requests[0].tool_choice == "auto"


async def test_after_its_tokens_are_spent_only_an_answer_is_left() -> None:
    def script(request: GenerateRequest) -> Reply:
        return Reply("", (call("page"),), "tool_calls") if request.tools else Reply("Enough.")

    model = ScriptedModel(script)
    bodies = await collect(agent(token_budget=60, max_iterations=50), ports_of(model))
    assert shown_of(bodies) == "Enough." and 1 < len(model.requests) < 10
    [note] = [body for body in bodies if isinstance(body, AgentNoted)]
    assert note.note == "budget_spent" and "of 60 tokens" in note.text


async def test_turns_of_no_format_and_summaries_are_events() -> None:
    def script(request: GenerateRequest) -> Reply:
        if "Summarise" in request.messages[0].content:
            return Reply("They met.")
        return DONE if any("Your reply was empty" in message.content for message in request.messages) else Reply(" ")

    memory: JsonValue = {"summary": True, "window": {"enabled": True, "size": 1}}
    history = (Turn("user", "a"), Turn("assistant", "b"), Turn("user", "c"), Turn("assistant", "d"))
    model = ScriptedModel(script)
    bodies = await collect(replace(agent(memory=memory), history=history), ports_of(model))
    notes = [(body.note, body.text) for body in bodies if isinstance(body, AgentNoted)]
    assert notes == [("summary", "They met."), ("malformed", " ")]
    assert "They met." in model.last_messages[0].content and shown_of(bodies) == "Done."


async def test_a_call_that_a_small_model_wrote_as_text_is_made() -> None:
    written = Reply('```json\n{"name": "calculator", "arguments": {"expression": "2 * 21"}}\n```')
    bodies = await collect(agent(), ports_of(ScriptedModel(obedient(written, DONE))))
    assert [body.output for body in bodies if isinstance(body, ToolResult)] == ["42"] and shown_of(bodies) == "Done."
    for text in (
        '{"name": "rm", "arguments": {}}',
        '{"name": "calculator", "arguments": {}, "note": 1}',
        '{"name": 1}',
    ):
        bodies = await collect(agent(), ports_of(ScriptedModel(always(text))))
        assert shown_of(bodies) == text, "that is an answer"


@pytest.mark.parametrize("text", [
    "Action: Calculator\nAction Input: 6 * 7",
    "Action: calculator(6 * 7)",
    'Action: calculator["6 * 7"]',
    "Action: `calculator`\nAction Input: ```json\n{\"expression\": \"6 * 7\"}\n```",
])  # fmt: skip
async def test_a_step_that_is_nearly_right_is_repaired(text: str) -> None:
    def script(request: GenerateRequest) -> Reply:
        return Reply("Final Answer: 42") if "Observation: 42" in request.messages[-1].content else Reply(text)

    bodies = await collect(agent(("calculator",)), ports_of(ScriptedModel(script, supports_tools=False)))
    assert [body.output for body in bodies if isinstance(body, ToolResult)] == ["42"]


def _many(monkeypatch: pytest.MonkeyPatch, count: int) -> list[str]:
    names = [f"tool_{index}" for index in range(count)]
    for name in names:
        kind = type(name, (Page,), {"name": name, "description": f"Does the thing of number {name[5:]}"})
        monkeypatch.setitem(TOOLS._items, name, kind)
    return names


@pytest.mark.parametrize("by_tools", [True, False])
async def test_of_many_tools_those_that_fit_the_question_are_offered(
    monkeypatch: pytest.MonkeyPatch, by_tools: bool
) -> None:
    names = [*_many(monkeypatch, 40), "calculator", "send"]
    spec = replace(agent(names), query="Please evaluate an arithmetic expression.")
    first = Reply("", (call("tool_39", "x"),), "tool_calls")
    react = Reply("Action: tool_39\nAction Input: {}")

    def script(request: GenerateRequest) -> Reply:
        has_called = "page.html" in str(request) or any("IGNORE ALL" in m.content for m in request.messages)
        return Reply("Final Answer: ok" if not by_tools else "ok") if has_called else (first if by_tools else react)

    model = ScriptedModel(script, supports_tools=by_tools)
    bodies = await collect(spec, ports_of(model))
    assert isinstance(bodies[-1], RunFinished)
    before, after = model.requests
    offered = [tool.name for tool in before.tools] if by_tools else before.messages[0].content
    assert "calculator" in offered and "tool_39" not in offered
    assert "tool_39" in ([tool.name for tool in after.tools] if by_tools else after.messages[0].content)
    assert not by_tools or (len(before.tools), len(after.tools)) == (20, 21)
    [note] = [body for body in bodies if isinstance(body, AgentNoted)]
    assert note.note == "tools_offered" and "calculator" in note.text


class Babbling:
    """A model whose turns are whatever a test draws."""

    def __init__(self, turns: Sequence[Sequence[Delta]], *, by_tools: bool) -> None:
        self.info = ModelInfo("scripted", "chat", context_tokens=100_000, supports_tools=by_tools)
        self._turns = list(turns)

    async def generate(self, request: GenerateRequest):  # type: ignore[no-untyped-def]  # an async generator
        reason: FinishReason = "stop"
        for delta in self._turns.pop(0) if self._turns else ():
            yield delta
        yield Delta(finish_reason=reason, usage=Usage(1, 1))

    async def count_tokens(self, request: GenerateRequest) -> int:
        return 1


MARKS = [
    "Thought:", "Action:", "Action Input:", "Observation:", "Final Answer:", "<think>", "</think>", "\n", "{", "}", "[",
    "```", "calculator", "send", '{"expression": "1"}', '{"a": 1e999}', '{"a": "\u0000"}',
]  # fmt: skip
texts = st.lists(st.sampled_from(MARKS) | st.text(max_size=8), max_size=8).map("".join)
pieces = st.builds(
    ToolCallDelta, st.integers(-1, 3), texts, st.sampled_from(["", "calculator", "send", "x\0"]) | texts, texts
)
deltas = st.builds(Delta, text=texts, reasoning=texts, tool_calls=st.lists(pieces, max_size=2).map(tuple))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=st.lists(st.lists(deltas, max_size=4), max_size=6), by_tools=st.booleans())
async def test_no_garbage_of_a_model_is_ever_a_crash(turns: list[list[Delta]], by_tools: bool) -> None:
    model = Babbling(turns, by_tools=by_tools)
    ports = replace(ports_of(), models=FakeModels({"scripted": model}))
    bodies = await collect(agent(), ports)
    last = bodies[-1]
    assert isinstance(last, RunFinished | RunPaused) or (isinstance(last, RunFailed) and last.code == "agent_stuck"), (
        last
    )
    for body in bodies:
        if isinstance(body, ToolCalled | ToolResult | NodeFinished | NodeFailed):
            check_storable(json.loads(json.dumps(vars_of(body), allow_nan=False)))
    calls = [(body.step, body.call_id) for body in bodies if isinstance(body, ToolCalled)]
    assert len(calls) == len(set(calls))


def vars_of(body: Body) -> dict[str, object]:
    return {name: getattr(body, name) for name in body.__slots__}


async def test_a_failing_tool_is_told_with_what_no_database_keeps_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(self: Page, arguments: JsonObject, ctx: ToolContext) -> ToolOutput:
        raise ToolFailed("a\0b")

    monkeypatch.setattr(Page, "call", fail)
    bodies = await collect(agent(), ports_of(ScriptedModel(obedient(READ, DONE))))
    assert [body.output for body in bodies if isinstance(body, ToolResult)] == ["a\ufffdb"]
