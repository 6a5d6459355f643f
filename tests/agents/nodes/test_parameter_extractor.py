"""parameter-extractor: values of every type, by a tool, by a schema or by reading what the model wrote."""

import json
import math
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import InvalidGraph
from agents.nodes.parameters import Parameter, schema_of, values_in
from agents.types import JsonValue
from agents.workflow.preflight import check_run
from inference.types import ToolCall
from tests.agents.fakes import Reply, ScriptedModel, always, ports_of
from tests.agents.nodes.cases import Case, saved_node, spec_of_case, start
from tests.agents.nodes.spoken import SpokenCase, run_spoken

TEXT = "Two tickets to Oslo for Ada and Bob, express, 19.5 kg, yes to insurance."
PARAMETERS: list[JsonValue] = [
    {"name": "city", "type": "string", "description": "where to", "required": True},
    {"name": "weight", "type": "number", "required": True},
    {"name": "insured", "type": "bool", "required": False},
    {"name": "speed", "type": "select", "options": ["normal", "express"], "required": True},
    {"name": "names", "type": "array[string]"},
    {"name": "counts", "type": "array[number]"},
    {"name": "flags", "type": "array[boolean]"},
    {"name": "people", "type": "array[object]"},
]
FOUND: dict[str, JsonValue] = {
    "city": "Oslo",
    "weight": 19.5,
    "insured": True,
    "speed": "express",
    "names": ["Ada", "Bob"],
    "counts": [2],
    "flags": [True, False],
    "people": [{"name": "Ada"}],
}
NOTHING: dict[str, JsonValue] = {
    "city": "", "weight": 0, "insured": False, "speed": "", "names": [], "counts": [], "flags": [], "people": [],
}  # fmt: skip
SLOPPY = {**FOUND, "weight": "19.50", "insured": "yes", "speed": "Express", "names": "Ada", "counts": ["2", None]}
READ: dict[str, JsonValue] = {**FOUND, "names": ["Ada"], "counts": [2]}
TOOLS: Mapping[str, object] = MappingProxyType({"supports_tools": True})
SCHEMA: Mapping[str, object] = MappingProxyType({"supports_schema": True})
EDGES = ("start > read", "read > end")


def reading(
    name: str,
    outputs: dict[str, JsonValue] | None,
    *,
    success: int = 1,
    reason: str = "",
    error: str = "",
    **config: JsonValue,
) -> Case:
    """A workflow that gives all that was extracted."""
    full: dict[str, JsonValue] = {
        "model": {"provider": "openai", "name": "scripted", "mode": "chat", "completion_params": {}},
        "query": ["start", "text"],
        "parameters": PARAMETERS,
        "reasoning_mode": "prompt",
        "variables": [],
        **config,
    }
    names = [*FOUND, "__is_success", "__reason"]
    listed: list[JsonValue] = [{"variable": one, "value_selector": ["read", one]} for one in names]
    nodes = [
        start(text="paragraph"),
        saved_node("read", "parameter-extractor", full),
        saved_node("end", "end", {"outputs": listed}),
    ]
    wanted = None if outputs is None else {**outputs, "__is_success": success, "__reason": reason}
    return Case(name, nodes, EDGES, {"text": TEXT}, wanted, error)


def said(value: object) -> Reply:
    return Reply(json.dumps(value))


def called(value: object) -> Reply:
    return Reply("", (ToolCall("c", "extract_parameters", json.dumps(value)),), "tool_calls")


MISSING = {key: value for key, value in FOUND.items() if key not in ("city", "names")}
MISSED = {**FOUND, "city": "", "names": []}
SPOKEN_CASES = [
    SpokenCase(reading("extractor by tool", FOUND, reasoning_mode="function_call"), [called(FOUND)], TOOLS, (TEXT,)),
    SpokenCase(reading("extractor by schema", FOUND), [said(FOUND)], SCHEMA),
    SpokenCase(reading("extractor by schema, no tools", FOUND, reasoning_mode="function_call"), [said(FOUND)], SCHEMA),
    SpokenCase(reading("extractor by prompt", FOUND), [Reply(f"Here:\n```json\n{json.dumps(FOUND)}\n```")], TOOLS),
    SpokenCase(reading("extractor reads what is nearly right", READ), [said(SLOPPY)]),
    SpokenCase(reading("extractor takes a list of one", FOUND), [said([FOUND])]),
    SpokenCase(
        reading("extractor fills in what is optional", {**FOUND, "names": []}), [said({**FOUND, "names": None})]
    ),
    SpokenCase(
        reading("extractor asks once more", FOUND), [said(MISSING), said(FOUND)], asked=("", "'city' is missing")
    ),
    SpokenCase(
        reading("extractor says what is missing", MISSED, success=0, reason="'city' is missing"), [said(MISSING)] * 2
    ),
    SpokenCase(
        reading(
            "extractor refuses what is no option",
            {**FOUND, "speed": ""},
            success=0,
            reason="'speed': 'light' is none of ['normal', 'express']",
        ),
        [said({**FOUND, "speed": "light"})] * 2,
    ),
    SpokenCase(
        reading(
            "extractor reads nothing from prose",
            NOTHING,
            success=0,
            reason="the model wrote no JSON object but 'I like trains.'",
        ),
        [Reply("I like trains.")] * 2,
    ),
    SpokenCase(
        reading("extractor is told more", FOUND, instruction="Weigh {{#start.text#}}"),
        [said(FOUND)],
        SCHEMA,
        (f"Weigh {TEXT}",),
    ),
    SpokenCase(
        reading("extractor fails with its model", None, error="model_stream_ended"), [Reply("", finish_reason=None)]
    ),
    SpokenCase(
        reading(
            "extractor's default",
            {**NOTHING, "city": "Rome"},
            success=1,
            error_strategy="default-value",
            default_value=[
                {"key": key, "type": "string", "value": value}
                for key, value in {**NOTHING, "city": "Rome", "__is_success": 1, "__reason": ""}.items()
            ],
        ),
        [Reply("", finish_reason=None)],
    ),
]


@pytest.mark.parametrize("case", SPOKEN_CASES, ids=lambda spoken: spoken.case.name)
async def test_case(case: SpokenCase) -> None:
    await run_spoken(case)


async def test_the_tool_must_be_called_and_the_schema_is_the_parameters() -> None:
    by_tool, by_schema, _, by_prompt, *_ = SPOKEN_CASES
    _, model = await run_spoken(by_tool)
    [request] = model.requests
    assert (request.tool_choice, request.tool_name) == ("required", request.tools[0].name)
    schema = request.tools[0].parameters
    _, model = await run_spoken(by_schema)
    assert model.requests[0].response_schema == schema and not model.requests[0].tools
    assert json.loads(json.dumps(schema))["properties"]["speed"]["enum"] == ["normal", "express"]
    _, model = await run_spoken(by_prompt)
    assert model.requests[0].response_schema is None and not model.requests[0].tools


async def test_outputs_have_the_types_of_the_parameters() -> None:
    case = reading("typed", FOUND)
    bad = saved_node("loop", "iteration", {"iterator_selector": ["read", "city"], "output_selector": ["read", "city"]})
    nodes = [*case.nodes, bad, saved_node("in", "iteration-start", {}, parent="loop")]
    wrong = Case("wrong", nodes, [*EDGES, "read > loop"], case.inputs)
    with pytest.raises(InvalidGraph, match=r"'read\.city', which is of type string"):
        await check_run(spec_of_case(wrong), ports_of(ScriptedModel(always("{}"))))


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ([], "parameters"),
        ([{"name": "a b"}], "pattern"),
        ([{"name": "a"}, {"name": "a"}], "used twice or reserved"),
        ([{"name": "__reason"}], "used twice or reserved"),
        ([{"name": "a", "type": "colour"}], "type"),
    ],
)
async def test_parameters_that_make_no_sense_are_refused(parameters: list[JsonValue], says: str) -> None:
    case = reading("refused", FOUND, parameters=parameters)
    with pytest.raises(InvalidGraph, match=says):
        await check_run(spec_of_case(case), ports_of(ScriptedModel(always("{}"))))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(found=st.dictionaries(st.sampled_from(sorted(FOUND)), json_values))
def test_whatever_a_model_gives_is_read_as_its_type_or_named_as_wrong(found: dict[str, JsonValue]) -> None:
    parameters = [Parameter.model_validate(item) for item in PARAMETERS]
    values, wrong = values_in(found, parameters)
    assert values.keys() == FOUND.keys() == schema_of(parameters)["properties"].keys()  # type: ignore[union-attr]  # an object
    assert all(isinstance(text, str) and text for text in wrong)
    assert isinstance(values["city"], str) and isinstance(values["insured"], bool)
    weight = values["weight"]
    assert isinstance(weight, int | float) and not isinstance(weight, bool) and math.isfinite(weight)
    assert values["speed"] in ("", "normal", "express")
    assert all(isinstance(values[name], list) for name in ("names", "counts", "flags", "people"))
