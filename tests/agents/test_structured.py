"""Structured output: what the llm node asks for, and what becomes of the JSON that comes back."""

import json

import pytest

from agents.errors import SchemaUnsupported
from agents.events import Body, NodeFailed, RunFailed, RunFinished, TextDelta
from agents.nodes.structured import parsed_output
from agents.ports import Ports
from agents.types import JsonValue, RunSpec
from agents.workflow.execute import run_graph
from agents.workflow.preflight import check_run
from tests.agents.fakes import Reply, ScriptedModel, always, llm_config, node, outputs_of, ports_of, spec_of

SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "not a reference: {{#ghost.text#}}"}},
    "required": ["city"],
}
ANSWER = '{"city": "Oslo"}'


def asking(schema: dict[str, JsonValue] = SCHEMA, *, is_on: bool = True) -> RunSpec:
    config = llm_config(structured_output_enabled=is_on, structured_output={"schema": schema})
    return spec_of([node("llm", "llm", config)])


def model_of(script: Reply, **info: object) -> ScriptedModel:
    return ScriptedModel(lambda request: script, **({"supports_schema": True} | info))


async def run(spec: RunSpec, ports: Ports) -> list[Body]:
    return [body async for body in run_graph(spec, ports)]


@pytest.mark.parametrize("schema", [SCHEMA, {}], ids=["a schema", "any object"])
async def test_the_model_gets_the_schema_and_the_outputs_get_the_parsed_json(schema: dict[str, JsonValue]) -> None:
    model = model_of(Reply(ANSWER))
    bodies = await run(asking(schema), ports_of(model))
    assert model.requests[-1].response_schema == schema
    outputs = outputs_of(bodies, "llm")
    assert (outputs["structured_output"], outputs["text"]) == ({"city": "Oslo"}, ANSWER)
    assert "".join(body.text for body in bodies if isinstance(body, TextDelta)) == ANSWER


async def test_a_schema_that_is_switched_off_is_neither_sent_nor_parsed() -> None:
    model = model_of(Reply("Oslo."), supports_schema=False)
    bodies = await run(asking(is_on=False), ports_of(model))
    assert isinstance(bodies[-1], RunFinished) and model.requests[-1].response_schema is None
    assert "structured_output" not in outputs_of(bodies, "llm")


async def test_a_model_that_takes_no_schema_is_refused_before_the_run() -> None:
    with pytest.raises(SchemaUnsupported, match="cannot be held to a JSON schema"):
        await check_run(asking(), ports_of(ScriptedModel(always(ANSWER))))
    await check_run(asking(), ports_of(model_of(Reply(ANSWER))))


async def test_prose_instead_of_json_fails_the_run_and_is_quoted() -> None:
    bodies = await run(asking(), ports_of(model_of(Reply("It is Oslo."))))
    failed = next(body for body in bodies if isinstance(body, NodeFailed))
    assert failed.code == "output_invalid" and "It is Oslo." in failed.message
    assert isinstance(bodies[-1], RunFailed)


async def test_an_answer_that_the_limit_cut_off_keeps_its_text_and_has_no_object() -> None:
    bodies = await run(asking(), ports_of(model_of(Reply('{"city":', finish_reason="length"))))
    outputs = outputs_of(bodies, "llm")
    assert (outputs["structured_output"], outputs["text"]) == (None, '{"city":')
    assert isinstance(bodies[-1], RunFinished)


@pytest.mark.parametrize(
    "text",
    [r'{"a": "\u0000"}', r'{"a": "\ud800"}', r'{"\u0000": 1}', '{"a": 1e999}', '{"a": NaN}', "[" * 100_000],
    ids=["NUL", "surrogate", "NUL key", "infinite", "NaN", "deep"],
)
def test_json_that_no_database_keeps_fails_the_run(text: str) -> None:
    with pytest.raises(Exception, match="asked for JSON") as caught:
        parsed_output(text, "stop", "m")
    assert getattr(caught.value, "code", "") == "output_invalid"


def test_a_backslash_before_u0000_is_ordinary_text() -> None:
    value = {"a": r"\u0000", "b": "😀"}
    assert parsed_output(json.dumps(value), "stop", "m") == value


async def test_cached_tokens_stand_in_the_usage_of_node_and_run() -> None:
    bodies = await run(asking(), ports_of(model_of(Reply(ANSWER, cached_tokens=3))))
    end = bodies[-1]
    assert isinstance(end, RunFinished) and end.usage["cached_tokens"] == 3
