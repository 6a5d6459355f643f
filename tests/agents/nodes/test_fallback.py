"""A fallback model: it answers when the first fails before its first word, and the trace says so."""

import pytest

from agents.events import Body, NodeFinished, PromptSent, RunFailed
from agents.types import JsonValue, RunSpec
from agents.workflow.execute import run_graph
from inference.errors import ContextOverflowError, InferenceError, UpstreamAuthError, UpstreamUnreachableError
from tests.agents.fakes import Reply, ScriptedModel, always, node, ports_of, spec_of

MODEL: JsonValue = {"id": "first", "fallback": "second", "parameters": {}}
GONE = UpstreamUnreachableError("The model server is not there.")


def spec(kind: str = "llm", **config: JsonValue) -> RunSpec:
    return spec_of([node("n", kind, {"model": MODEL, **config})], query="Why?", mode="chat")


def failing(error: InferenceError, text: str = "") -> ScriptedModel:
    return ScriptedModel(lambda request: Reply(text, error=error), id="first")


async def run(first: ScriptedModel | None, second: ScriptedModel | None, of: RunSpec | None = None) -> list[Body]:
    models = [model for model in (first, second) if model is not None]
    return [body async for body in run_graph(of or spec(), ports_of(*models))]


def finished(bodies: list[Body]) -> NodeFinished:
    return next(body for body in bodies if isinstance(body, NodeFinished))


@pytest.mark.parametrize("error", [GONE, UpstreamAuthError("The key is wrong.")])
async def test_the_second_model_answers_when_the_first_cannot(error: InferenceError) -> None:
    bodies = await run(failing(error), ScriptedModel(always("It is so."), id="second"))
    end = finished(bodies)
    assert end.outputs["text"] == "It is so."
    assert end.outputs["fallback"] == {"failed": "first", "used": "second", "reason": str(error)}
    assert [body.model for body in bodies if isinstance(body, PromptSent)] == ["first", "second"]


async def test_a_first_model_that_is_gone_altogether_is_replaced_too() -> None:
    end = finished(await run(None, ScriptedModel(always("ok"), id="second")))
    assert end.outputs["text"] == "ok"
    told = end.outputs["fallback"]
    assert isinstance(told, dict) and told["failed"] == "first"


async def test_an_answer_that_has_begun_is_not_begun_anew_by_another_model() -> None:
    second = ScriptedModel(always("ok"), id="second")
    bodies = await run(failing(GONE, "half an"), second)
    assert isinstance(bodies[-1], RunFailed) and not second.requests


async def test_a_request_that_is_wrong_is_wrong_for_both() -> None:
    second = ScriptedModel(always("ok"), id="second")
    bodies = await run(failing(ContextOverflowError("too long")), second)
    assert isinstance(bodies[-1], RunFailed) and not second.requests


async def test_a_model_that_answers_needs_no_other() -> None:
    second = ScriptedModel(always("second"), id="second")
    end = finished(await run(ScriptedModel(always("first"), id="first"), second))
    assert end.outputs["text"] == "first" and "fallback" not in end.outputs and not second.requests


async def test_when_both_fail_the_run_says_what_the_second_said() -> None:
    second = ScriptedModel(lambda request: Reply(error=UpstreamAuthError("no key either")), id="second")
    bodies = await run(failing(GONE), second)
    assert isinstance(bodies[-1], RunFailed) and "no key either" in bodies[-1].message


async def test_an_agent_falls_back_too_and_stays_there() -> None:
    first, second = failing(GONE), ScriptedModel(always("Done."), id="second")
    end = finished(await run(first, second, spec("agent", strategy="function_calling", tools=[])))
    assert end.outputs["text"] == "Done." and len(first.requests) == 1
    assert "fallback" in end.outputs
