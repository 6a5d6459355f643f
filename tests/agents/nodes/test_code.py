"""code: both languages, every type of output, every error strategy, each in a graph that runs real sandboxes."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import cast

import pytest

from agents.errors import CodeFailed, CodeUnavailable
from agents.events import NodeFailed, NodeFinished, NodeRetried, NodeStarted
from agents.nodes.code import CodeConfig, checked
from agents.nodes.registry import NODES
from agents.ports import Absent, Ports
from agents.sandbox.pool import SandboxPool
from agents.types import JsonObject, JsonValue
from agents.workflow.execute import graph_of_run
from agents.workflow.preflight import check_run
from tests.agents.fakes import ports_of
from tests.agents.nodes.cases import Case, bodies_of, end, run_case, saved_node, spec_of_case, start

_POOL = SandboxPool(warm=0)
_INPUT_TYPES = {str: "paragraph", int: "number", float: "number", bool: "checkbox", dict: "json_object"}


def code_node(
    code: str,
    outputs: Mapping[str, JsonValue] | None,
    arguments: Mapping[str, str] | None = None,
    language: str = "python3",
    **more: JsonValue,
) -> dict[str, JsonValue]:
    """Return the node `code`; outputs are types by name, arguments are dotted selectors by name."""
    declared: JsonValue = None
    if outputs is not None:
        declared = {
            name: {"type": kind, "children": None} if isinstance(kind, str) else kind for name, kind in outputs.items()
        }
    variables: list[JsonValue] = [
        {"variable": name, "value_selector": list(path.split("."))} for name, path in (arguments or {}).items()
    ]
    config: dict[str, JsonValue] = {"code_language": language, "code": code, "variables": variables}
    return saved_node("code", "code", {**config, "outputs": declared, **more})


def code_case(
    name: str,
    code: str,
    declared: Mapping[str, JsonValue] | None,
    outputs: JsonObject | None = None,
    *,
    inputs: JsonObject | None = None,
    error: str = "",
    language: str = "python3",
    **more: JsonValue,
) -> Case:
    """Return start → code → end; every input is an argument, every output of `outputs` is the run's."""
    given = dict(inputs or {})
    nodes = [
        start(**{key: _INPUT_TYPES[type(value)] for key, value in given.items()}),
        code_node(code, declared, {key: f"start.{key}" for key in given}, language, **more),
        end(**{key: f"code.{key}" for key in outputs or declared or {}}),
    ]
    return Case(f"code {name}", nodes, ("start > code", "code > end"), given, outputs, error)


def python_giving(value: str) -> str:
    return f"def main():\n    return {{'result': {value}}}"


def giving(name: str, value: str, kind: JsonValue, expected: JsonValue) -> Case:
    return code_case(f"gives {name}", python_giving(value), {"result": kind}, {"result": expected})


def refused(name: str, value: str, kind: JsonValue, **limits: int) -> Case:
    node = code_case(f"refuses {name}", python_giving(value), {"result": kind}, error="code_failed")
    for key, limit in limits.items():
        cast(dict[str, JsonValue], node.nodes[1]["data"])[key] = limit
    return node


def failing(name: str, code: str, language: str = "python3", timeout_s: float = 10) -> Case:
    return code_case(name, code, {"result": "string"}, error="code_failed", language=language, timeout_s=timeout_s)


POINT: JsonValue = {
    "type": "object",
    "children": {"x": {"type": "number", "children": None}, "name": {"type": "string"}},
}
POINTS: JsonValue = {"type": "array[object]", "children": {"x": {"type": "number"}}}
RETURNS_NAME = "import json\n\ndef main(arg1: str) -> dict:\n    return {'result': json.loads(arg1)['name']}"

CASES = [
    code_case(
        "python with arguments of every type",
        "def main(text, number, flag, thing):\n    return {'all': [text, number, flag, thing]}",
        {"all": "array[any]"},
        {"all": ["ß", 2, True, {"a": [1]}]},
        inputs={"text": "ß", "number": 2, "flag": True, "thing": {"a": [1]}},
    ),
    code_case(
        "javascript with arguments of every type",
        "function main({text, number, flag, thing}) { return {all: [text, number, flag, thing]} }",
        {"all": "array[any]"},
        {"all": ["ß", 2, True, {"a": [1]}]},
        inputs={"text": "ß", "number": 2, "flag": True, "thing": {"a": [1]}},
        language="javascript",
    ),
    code_case(
        "async javascript",
        "const main = async () => ({ result: 1 })",
        {"result": "number"},
        {"result": 1},
        language="javascript",
    ),
    code_case(
        "as it is exported by Dify",
        RETURNS_NAME,
        {"result": "string"},
        {"result": "Ann"},
        inputs={"arg1": '{"name": "Ann"}'},
    ),
    code_case(
        "whose text looks like a reference",
        "def main():\n    return {'result': '{{#nobody.text#}} {{name}}'}",
        {"result": "string"},
        {"result": "{{#nobody.text#}} {{name}}"},
    ),
    code_case(
        "that prints",
        "def main():\n    print('x' * 100_000)\n    return {'result': 1}",
        {"result": "number"},
        {"result": 1},
    ),
    code_case("without declared outputs", "def main():\n    return {'a': 1, 'b': [None]}", None, {"a": 1, "b": [None]}),
    giving("text", "'a'", "string", "a"),
    giving("empty text", "''", "string", ""),
    giving("an integer", "-3", "number", -3),
    giving("a fraction", "0.5", "number", 0.5),
    giving("a truth as a number", "True", "number", 1),
    giving("a truth", "False", "boolean", False),
    giving("an object", "{'a': {'b': [1]}}", "object", {"a": {"b": [1]}}),
    giving("an object with its parts", "{'x': 1, 'name': 'p'}", POINT, {"x": 1, "name": "p"}),
    giving("a list of texts", "['a', '']", "array[string]", ["a", ""]),
    giving("a list of numbers", "[1, 2.5]", "array[number]", [1, 2.5]),
    giving("a list of truths", "[True]", "array[boolean]", [True]),
    giving("a list of objects", "[{'a': 1}, {}]", "array[object]", [{"a": 1}, {}]),
    giving("a list of objects with their parts", "[{'x': 1}]", POINTS, [{"x": 1}]),
    giving("an empty list", "[]", "array[string]", []),
    giving("nothing", "None", "string", None),
    refused("a number for text", "1", "string"),
    refused("text for a number", "'1'", "number"),
    refused("a number for a truth", "1", "boolean"),
    refused("a list for an object", "[1]", "object"),
    refused("an object for a list", "{}", "array[object]"),
    refused("a list with another type in it", "['a', 1]", "array[string]"),
    refused("an object without one of its parts", "{'x': 1}", POINT),
    refused("a part of another type", "{'x': 'one', 'name': 'p'}", POINT),
    refused("a list that is too long", "['a'] * 4", "array[string]", max_array_items=3),
    refused("text that is too long", "'aaaa'", "string", max_string_chars=3),
    refused("text inside a list that is too long", "['aaaa']", "array[string]", max_string_chars=3),
    refused("a number of many digits", "10 ** 30", "number"),
    refused("what is no JSON", "{1, 2}", "object"),
    failing("without one output", "def main():\n    return {}"),
    failing("with an output too many", "def main():\n    return {'result': 'a', 'b': 1}"),
    failing("that returns no outputs by name", "def main():\n    return ['a']"),
    failing("that raises", "def main():\n    raise ValueError('no')"),
    failing("that is no code", "def main(:"),
    failing("without main", "x = 1"),
    failing(
        "that looks for the network", "import socket\ndef main():\n    socket.create_connection(('127.0.0.1', 80))"
    ),
    failing("that takes too long", "def main():\n    while True: pass", timeout_s=0.5),
    failing("javascript that throws", "const main = () => { throw new Error('no') }", "javascript"),
    code_case(
        "that fails and gives a default",
        "def main():\n    raise ValueError('no')",
        {"result": "string"},
        {"result": "instead", "error_type": "code_failed"},
        error_strategy="default-value",
        default_value=[{"key": "result", "type": "string", "value": "instead"}],
    ),
    Case(
        "code that fails and takes its other way",
        [
            start(),
            code_node("def main():\n    raise ValueError('no')", {"result": "string"}, error_strategy="fail-branch"),
            end(result="code.result"),
            {**end(type="code.error_type"), "id": "failed"},
        ],
        ("start > code", "code > end", "code.fail-branch > failed"),
        outputs={"type": "code_failed"},
    ),
]


@pytest.fixture
async def ports() -> AsyncIterator[Ports]:
    yield replace(ports_of(), code=_POOL)
    await _POOL.aclose()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_each_case_ends_as_it_must(case: Case, ports: Ports) -> None:
    await run_case(case, ports)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({}, "the output 'result' is missing: main returned nothing"),
        ({"other": 1}, "the output 'result' is missing: main returned other"),
        ({"result": "a", "other": 1}, "the output 'other' is not declared: declare it, or leave it out"),
        ({"result": 5}, "the output 'result' is declared as string, and main returned a number: 5"),
        ({"result": {"a": 1}}, "the output 'result' is declared as string, and main returned an object: {'a': 1}"),
        (["a"], "main returned an array: ['a']; it must return its outputs by name: 'result'"),
        (None, "main returned nothing; it must return its outputs by name: 'result'"),
        ({"result": "a" * 400_001}, "the output 'result' has 400001 characters; at most 400000 are taken"),
    ],
)
def test_an_output_that_is_wrong_is_named(value: JsonValue, told: str) -> None:
    config = CodeConfig.model_validate({"code": "x", "outputs": {"result": {"type": "string"}}})
    with pytest.raises(CodeFailed) as raised:
        checked(value, config)
    assert str(raised.value) == told


def test_the_place_of_a_wrong_value_inside_an_output_is_named() -> None:
    config = CodeConfig.model_validate({"code": "x", "outputs": {"points": POINTS}})
    with pytest.raises(
        CodeFailed, match=r"the output 'points\[1\].x' is declared as number, and main returned a string"
    ):
        checked({"points": [{"x": 1}, {"x": "a"}]}, config)
    with pytest.raises(CodeFailed, match=r"the output 'points\[0\].x' is missing"):
        checked({"points": [{}]}, config)
    assert checked({"points": [{"x": True}, {"x": None}]}, config) == {"points": [{"x": 1}, {"x": None}]}


async def test_a_failure_tells_the_line_of_the_authors_code(ports: Ports) -> None:
    case = code_case(
        "x", "import json\n\ndef main():\n    json.loads('{')\n", {"result": "string"}, error="code_failed"
    )
    failed = next(body for body in await bodies_of(case, ports) if isinstance(body, NodeFailed))
    assert "JSONDecodeError" in failed.message and "(line 4)" in failed.message
    assert "json.loads('{')" in failed.message and "decoder.py" not in failed.message


async def test_a_retry_runs_the_code_again(ports: Ports) -> None:
    retry: JsonValue = {"retry_enabled": True, "max_retries": 2, "retry_interval": 1}
    case = code_case(
        "x", "def main():\n    return 1 / 0", {"result": "string"}, error="code_failed", retry_config=retry
    )
    bodies = await run_case(case, ports)
    assert len([body for body in bodies if isinstance(body, NodeRetried)]) == 2


async def test_the_trace_shows_the_arguments(ports: Ports) -> None:
    case = code_case("x", "def main(a):\n    return {'b': a}", {"b": "string"}, {"b": "1"}, inputs={"a": "1"})
    bodies = await run_case(case, ports)
    began = next(body for body in bodies if isinstance(body, NodeStarted) and body.node_id == "code")
    ended = next(body for body in bodies if isinstance(body, NodeFinished) and body.node_id == "code")
    assert (began.inputs, ended.outputs) == ({"a": "1"}, {"b": "1"})


class CodeOff(Absent):
    reason_off = "bubblewrap is not installed"


async def test_where_no_code_runs_a_run_is_refused_before_it_begins() -> None:
    case = code_case("x", "def main():\n    return {}", None, {"a": 1})
    off = replace(ports_of(), code=CodeOff())
    with pytest.raises(CodeUnavailable, match="no code is run here: bubblewrap is not installed"):
        await check_run(spec_of_case(case), off)
    await check_run(spec_of_case(case), replace(ports_of(), code=_POOL))


def test_outputs_have_the_types_that_are_declared() -> None:
    case = code_case("x", "def main(): ...", {"a": "array[object]", "b": "array[any]", "c": "made up"}, {"a": 1})
    node = graph_of_run(spec_of_case(case), NODES).nodes["code"]
    assert NODES["code"].output_types(node.config) == {"a": "array[object]", "b": "array[any]", "c": "any"}
