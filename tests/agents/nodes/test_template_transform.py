"""template-transform: texts of values, mistakes with their line, bombs that end, and error strategies."""

import asyncio

import pytest

from agents.events import RunFailed
from agents.types import JsonValue
from agents.workflow.execute import run_graph
from tests.agents.fakes import ports_of
from tests.agents.nodes.cases import (
    Case,
    SavedNode,
    end,
    run_case,
    saved_node,
    selector,
    spec_of_case,
    start,
    with_keys,
)

TYPES = {"name": "text-input", "number": "number", "data": "json_object"}
INPUTS: dict[str, JsonValue] = {"name": "Ann", "number": 3, "data": {"list": ["b", "a"], "word": "tea"}}
EDGES = ["start > text", "text > end"]
BOMB = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"


def template(source: str, **variables: str) -> SavedNode:
    named: list[JsonValue] = [{"variable": name, "value_selector": selector(path)} for name, path in variables.items()]
    return saved_node("text", "template-transform", {"template": source, "variables": named})


def case(name: str, node: SavedNode, output: JsonValue = None, **more: str) -> Case:
    outputs = None if more else {"text": output}
    return Case(name, [start(**TYPES), node, end(text="text.output")], EDGES, INPUTS, outputs, **more)  # type: ignore[arg-type]  # error and says


CASES = [
    case(
        "values stand in the text",
        template("Dear {{ who }}, {{ n + 1 }}!", who="start.name", n="start.number"),
        "Dear Ann, 4!",
    ),
    case("a name without a value is an empty text", template("[{{ nothing }}]"), "[]"),
    case(
        "a list is written by a loop",
        template("{% for x in l|sort %}{{ loop.index }}{{ x }}{% endfor %}", l="start.data.list"),
        "1a2b",
    ),
    case("a condition chooses", template("{% if n > 2 %}many{% else %}few{% endif %}", n="start.number"), "many"),
    case(
        "an object is read by its keys",
        template("{{ d.word|upper }} {{ d|tojson }}", d="start.data"),
        'TEA {"list": ["b", "a"], "word": "tea"}',
    ),
    case("Dify's references are text to Jinja", template("{% raw %}{{#start.name#}}{% endraw %}"), "{{#start.name#}}"),
    case(
        "a mistake while it runs names its line",
        template("\n{{ n / 0 }}", n="start.number"),
        error="template_failed",
        says="line 2: division by zero",
    ),
    case(
        "an attribute that is none of a value's is refused",
        template("{{ n['__class__'] }}", n="start.name"),
        error="template_failed",
        says="'__class__' of a value of type str may not be read",
    ),
    case("a loop without end ends", template(BOMB), error="template_failed", says="steps"),
    case(
        "a range without end ends",
        template("{% for i in range(10**9) %}{% endfor %}"),
        error="template_failed",
        says="Range too big",
    ),
    case(
        "an output that is too long is refused",
        template("{% for i in range(99999) %}0123456789{% endfor %}"),
        error="template_failed",
        says="more than 400000 characters",
    ),
    case(
        "a default stands for what failed",
        with_keys(
            template(BOMB),
            error_strategy="default-value",
            default_value=[{"key": "output", "type": "string", "value": "none"}],
        ),
        "none",
    ),
    Case(
        "what failed goes its own way",
        [
            start(**TYPES),
            with_keys(template("{{ 1 / 0 }}"), error_strategy="fail-branch"),
            saved_node(
                "sorry",
                "template-transform",
                {"template": "{{ e }}", "variables": [{"variable": "e", "value_selector": ["text", "error_type"]}]},
            ),
            end(text="sorry.output"),
        ],
        ["start > text", "text.fail-branch > sorry", "sorry > end"],
        INPUTS,
        {"text": "template_failed"},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_template_writes_what_its_case_says(case: Case) -> None:
    await run_case(case)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (template("a\n{% if %}"), "template: line 2: Expected an expression"),
        (template("a\n\n{{ x.__class__ }}"), "template: line 3: the attribute '__class__' may not be read"),
        (template("{% include 'other' %}"), "there are no other templates"),
        (template("{{ x|nosuch }}"), "No filter named 'nosuch'"),
        (template("{{ x }}", x="start.ghost"), "it reads 'start.ghost', but 'start' gives only"),
        (template("{{ x }}", x="ghost.text"), "there is no node 'ghost'"),
        (template("{{ x }}", x="start"), "variables.0.value_selector"),
    ],
)
async def test_a_template_that_can_never_be_rendered_is_refused_when_it_is_saved(node: SavedNode, message: str) -> None:
    refused = Case("refused", [start(**TYPES), node, end(text="text.output")], EDGES, INPUTS, error="invalid_graph")
    last = (await run_case(refused))[-1]
    assert isinstance(last, RunFailed) and message in last.message and "node 'text'" in last.message


async def test_a_bomb_holds_nobody_else_up() -> None:
    """The loop goes on turning while a template burns its fuel."""
    spec = spec_of_case(next(item for item in CASES if item.name == "a loop without end ends"))
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    turning = asyncio.create_task(turn())
    bodies = [body async for body in run_graph(spec, ports_of())]
    turning.cancel()
    assert isinstance(bodies[-1], RunFailed)
    assert turns > len(bodies) * 10
