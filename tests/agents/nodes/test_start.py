"""start: every type of input with what it takes and refuses, what is required, defaults, and files of the caller."""

import base64

import pytest

from agents.errors import FileMissing, InvalidInput
from agents.events import RunFinished
from agents.types import JsonValue, NodeSpec
from agents.workflow.execute import run_graph
from agents.workflow.preflight import check_run
from tests.agents.fakes import FakeFiles, outputs_of, ports_of, spec_of
from tests.agents.nodes.cases import Case, bodies_of, end, run_case, saved_node, spec_of_case

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
FILES = {"a.txt": b"a text", "b.png": PIXEL, "c.csv": b"a,b"}
SCHEMA: JsonValue = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}


def asking(
    name: str, kind: str, given: JsonValue = None, found: JsonValue = None, error: str = "", **variable: JsonValue
) -> Case:
    """Return a case with one input `x`; `error` is a part of the message."""
    declared: JsonValue = {"variable": "x", "label": "X", "type": kind, **variable}
    nodes = [saved_node("start", "start", {"variables": [declared]}), end(x="start.x")]
    inputs: dict[str, JsonValue] = {} if given is None else {"x": given}
    code = "invalid_input" if error else ""
    return Case(name, nodes, ["start > end"], inputs, None if error else {"x": found}, error=code, says=error)


def refusing(kind: str, given: JsonValue, takes: str, **variable: JsonValue) -> Case:
    shown = f"the input 'x' {takes}"
    return asking(
        f"{kind} refuses {str(given)[:30]!r} {''.join(variable)}".rstrip(), kind, given, error=shown, **variable
    )


TAKEN = [
    asking("a short text", "text-input", "tea", "tea"),
    asking("a long text", "paragraph", "tea\nand cake", "tea\nand cake"),
    asking("a text given as a number", "text-input", 5, "5"),
    asking("a text as long as it may be", "text-input", "tea", "tea", max_length=3),
    asking("a choice", "select", "b", "b", options=["a", "b"]),
    asking("a number", "number", 2.5, 2.5),
    asking("a number as text", "number", "12", 12),
    asking("a number with a length, which counts characters of texts", "number", 123456, 123456, max_length=2),
    asking("a checkbox", "checkbox", True, True),
    asking("a checkbox as text", "checkbox", "false", False),
    asking("an object", "json_object", {"a": [1]}, {"a": [1]}),
    asking("an object as text", "json_object", '{"a": 1}', {"a": 1}),
    asking("an object of a schema", "json_object", {"n": 3}, {"n": 3}, json_schema=SCHEMA),
    asking("a schema as text", "json_object", {"n": 3}, {"n": 3}, json_schema='{"type": "object"}'),
    asking("an address", "url", "https://example.org/a?b", "https://example.org/a?b"),
    asking("an input of a kind that we do not know", "external_data_tool", "x", "x"),
    asking("a hidden input", "text-input", "tea", "tea", hide=True),
]
LEFT_OUT = [
    asking("a default", "text-input", None, "tea", default="tea"),
    asking("a default for an empty text", "text-input", "", "tea", default="tea", required=True),
    asking("a default of a number", "number", None, 3, default="3"),
    asking("a checkbox that was left out", "checkbox", None, False),
    asking("a text that was left out", "text-input", None, None),
    asking("files that were left out", "file-list", None, []),
    asking("what is required and left out", "text-input", None, error="the input 'x' is required", required=True),
    asking("what is required and empty", "paragraph", "", error="the input 'x' is required", required=True),
    asking("files that are required and none", "file-list", [], error="the input 'x' is required", required=True),
]
REFUSED_VALUES = [
    refusing("text-input", ["tea"], "takes text, not ['tea']"),
    refusing("text-input", True, "takes text, not True"),
    refusing("paragraph", "four", "takes at most 3 characters, not 4", max_length=3),
    refusing("select", "c", "takes one of 'a', 'b', not 'c'", options=["a", "b"]),
    refusing("number", "many", "takes a number, not 'many'"),
    refusing("number", True, "takes a number, not True"),
    refusing("number", "1e999", "takes a number"),
    refusing("number", 2**63, "takes a number"),
    refusing("checkbox", "maybe", "takes true or false, not 'maybe'"),
    refusing("json_object", "[1]", "takes a JSON object, not [1]"),
    refusing("json_object", "{", "takes a JSON object, not '{'"),
    refusing(
        "json_object", {"n": 0}, "does not fit its schema at $.n: 0 is less than the minimum of 1", json_schema=SCHEMA
    ),
    refusing("json_object", {}, "does not fit its schema at $: 'n' is a required property", json_schema=SCHEMA),
    refusing("url", "ftp://example.org", "takes an address"),
    refusing("url", "javascript:alert(1)", "takes an address"),
    refusing("url", "http://[", "takes an address"),
    refusing("text-input", {"a": "x" * 500}, "takes text, not {'a': 'xxxxx"),
]
NO_FILES = [
    refusing("file", ["a.txt", "b.png"], "takes one file"),
    refusing("file", {"transfer_method": "remote_url"}, "takes files that were uploaded"),
]
REFERENCES: list[JsonValue] = ["a.txt", {"upload_file_id": "b.png", "transfer_method": "local_file"}, {"id": "c.csv"}]


def files_case(
    name: str,
    kind: str,
    given: JsonValue,
    names: JsonValue = None,
    error: tuple[str, str] = ("", ""),
    **variable: JsonValue,
) -> Case:
    """Return a case whose output is the names of the files; ids of uploads are known only to who uploads."""
    declared: JsonValue = {"variable": "x", "type": kind, **variable}
    files = "x if x is sequence and x is not mapping else [x]"
    source = "{% for f in (" + files + ") %}{{ f.name }}:{{ f.type }}:{{ f.extension }} {% endfor %}"
    shown = saved_node(
        "text",
        "template-transform",
        {"template": source, "variables": [{"variable": "x", "value_selector": ["start", "x"]}]},
    )
    nodes = [saved_node("start", "start", {"variables": [declared]}), shown, end(names="text.output")]
    code, says = error
    outputs = None if code else {"names": names}
    return Case(name, nodes, ["start > text", "text > end"], {"x": given}, outputs, error=code, says=says, files=FILES)


OF_FILES = [
    files_case("a file by its id", "file", "a.txt", "a.txt:document:.txt "),
    files_case("a file by Dify's reference", "file", REFERENCES[1], "b.png:image:.png "),
    files_case("a list of files", "file-list", REFERENCES, "a.txt:document:.txt b.png:image:.png c.csv:document:.csv "),
    files_case("a file of an allowed type", "file", "b.png", "b.png:image:.png ", allowed_file_types=["image"]),
    files_case(
        "a file with an allowed extension",
        "file",
        "c.csv",
        "c.csv:document:.csv ",
        allowed_file_types=["custom"],
        allowed_file_extensions=["CSV"],
    ),
    files_case(
        "a file of another type",
        "file",
        "a.txt",
        error=("invalid_input", "takes image, not 'a.txt'"),
        allowed_file_types=["image"],
    ),
    files_case(
        "a file with another extension",
        "file",
        "a.txt",
        error=("invalid_input", "takes .csv, not 'a.txt'"),
        allowed_file_types=["custom"],
        allowed_file_extensions=["csv"],
    ),
    files_case(
        "more files than there may be",
        "file-list",
        REFERENCES,
        error=("invalid_input", "at most 2 files, not 3"),
        max_length=2,
    ),
]
NOT_THERE = files_case(
    "a file of somebody else", "file", "9d0ee3c6-3ea3-4bd6-bd95-d2c3f9ad3b3c", error=("file_not_found", "is not there")
)
CASES = [*TAKEN, *LEFT_OUT, *REFUSED_VALUES, *OF_FILES]


@pytest.mark.parametrize("case", [*CASES, *NO_FILES, NOT_THERE], ids=lambda case: case.name)
async def test_a_start_gives_or_refuses_what_its_case_says(case: Case) -> None:
    await run_case(case)


@pytest.mark.parametrize("case", [*REFUSED_VALUES, *NO_FILES, NOT_THERE], ids=lambda case: case.name)
async def test_wrong_inputs_are_known_before_the_run_begins(case: Case) -> None:
    with pytest.raises((InvalidInput, FileMissing)):
        await check_run(spec_of_case(case), ports_of(files=FakeFiles(case.files)))


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            [{"variable": "x", "type": "text-input"}, {"variable": "x", "type": "number"}],
            "several inputs are named 'x'",
        ),
        ([{"variable": "", "type": "text-input"}], "variables.0.variable"),
        ([{"variable": "x", "type": "json_object", "json_schema": "{"}], "it is no JSON"),
        ([{"variable": "x", "type": "json_object", "json_schema": {"type": "nothing"}}], "it is no JSON schema"),
        (
            [{"variable": "x", "type": "json_object", "json_schema": {"properties": {"a": {"pattern": "(a+)+$"}}}}],
            "pattern cannot be checked safely",
        ),
        (
            [{"variable": "x", "type": "json_object", "json_schema": {"$ref": "http://example.org/schema"}}],
            "$ref cannot be checked safely",
        ),
        ([{"variable": "y", "type": "text-input"}], "it reads 'start.x', but 'start' gives only y"),
    ],
)
async def test_a_start_that_makes_no_sense_is_refused(variables: list[JsonValue], message: str) -> None:
    nodes = [saved_node("start", "start", {"variables": variables}), end(x="start.x")]
    await run_case(Case("refused", nodes, ["start > end"], {}, error="invalid_graph", says=message))


async def test_a_value_too_large_for_its_schema_is_not_checked_for_ever() -> None:
    schema: JsonValue = {"properties": {"l": {"items": {"allOf": [{"minimum": 0}] * 300}}}}
    case = asking("large", "json_object", {"l": [1] * 10_000}, error="takes a smaller JSON object", json_schema=schema)
    await run_case(case)


async def test_the_trace_shows_the_inputs_as_they_came() -> None:
    bodies = await bodies_of(asking("text", "number", "12", 12))
    started = next(body for body in bodies if getattr(body, "node_id", "") == "start")
    assert getattr(started, "inputs", None) == {"x": "12"}


async def test_a_chat_goes_on_with_inputs_that_its_start_does_not_name() -> None:
    start = NodeSpec("start", "start", config={"variables": [{"variable": "name", "type": "text"}]})
    spec = spec_of([start], inputs={"name": "Ann", "more": 1})
    bodies = [body async for body in run_graph(spec, ports_of())]
    assert isinstance(bodies[-1], RunFinished) and outputs_of(bodies, "start") == {"name": "Ann", "more": 1}
