"""Runs that began on the first release go on with this one, from any event that release stored."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from agents.events import Body, NodeFinished, RunFinished, decode
from agents.types import RunSpec
from agents.workflow.execute import run_graph
from inference.types import GenerateRequest, ToolCall
from tests.agents.fakes import (
    FakeKnowledge,
    Reply,
    ScriptedModel,
    always,
    finished,
    passage,
    ports_of,
    shown_of,
    started,
)

RELEASED = json.loads((Path(__file__).parent / "released" / "first.json").read_text("utf-8"))
KNOWLEDGE = FakeKnowledge((passage("c1", "The sky is blue."),))
CALL = ToolCall("c1", "calculator", '{"expression": "23*19"}')


def an_agent(request: GenerateRequest) -> Reply:
    """Call the calculator, and answer once its result is there."""
    if any(message.role == "tool" for message in request.messages):
        return Reply("It is 437.")
    return Reply("Let me see.", calls=(CALL,), finish_reason="tool_calls")


def model_of(name: str) -> ScriptedModel:
    return ScriptedModel(always("The sky is blue [1].") if name == "rag" else an_agent)


def stored(name: str) -> list[Body]:
    return [decode(item["kind"], item["data"]) for item in RELEASED[name]["events"]]


@pytest.mark.parametrize("name", ["rag", "agent"])
async def test_r13_a_run_of_the_first_release_ends_with_this_one_from_every_event(name: str) -> None:
    spec, whole = RunSpec.from_json(RELEASED[name]["spec"]), stored(name)
    last = whole[-1]
    assert isinstance(last, RunFinished)
    for cut in range(len(whole)):
        past = whole[:cut]
        rest = [body async for body in run_graph(spec, ports_of(model_of(name), knowledge=KNOWLEDGE), past)]
        end = rest[-1]
        assert isinstance(end, RunFinished), (cut, end)
        assert end.outputs == last.outputs, cut
        assert shown_of([*past, *rest]) == shown_of(whole), cut
        assert not set(started(rest)) & set(finished(past)), cut


@pytest.mark.parametrize("name", ["rag", "agent"])
def test_r13_what_the_first_release_did_not_know_has_its_default(name: str) -> None:
    ends = [body for body in stored(name) if isinstance(body, NodeFinished)]
    assert ends and all(body.failure == {} and body.given == "" and body.handle == "source" for body in ends)


async def test_r13_a_run_that_ended_stays_ended() -> None:
    for name in RELEASED:
        data: Mapping[str, object] = RELEASED[name]["spec"]
        assert [body async for body in run_graph(RunSpec.from_json(data), ports_of(), stored(name))] == []
