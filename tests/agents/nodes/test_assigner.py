"""assigner: every operation of both versions, on variables of a conversation and of a loop; types, and a slow twin."""

from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import AgentsError, InvalidInput, WrongType
from agents.events import NodeFinished, VariableAssigned
from agents.nodes.assigning import OPERATIONS, Operation, apply
from agents.types import JsonValue, VariableSpec
from agents.workflow.execute import run_graph
from agents.workflow.variables import VarType, empty_of, fits, is_of
from tests.agents.fakes import ports_of
from tests.agents.nodes.cases import (
    Case,
    SavedNode,
    answer,
    bodies_of,
    end,
    run_case,
    saved_node,
    selector,
    spec_of_case,
    start,
    with_keys,
)

TYPES = {"n": "number", "word": "text-input", "data": "json_object", "flag": "checkbox"}
INPUTS: dict[str, JsonValue] = {
    "n": 4,
    "word": "tea",
    "data": {"list": ["x", "y"], "zero": 0, "text": "12"},
    "flag": True,
}
VARIABLES = (
    VariableSpec("count", "number", 6),
    VariableSpec("words", "array[string]", ["a", "b"]),
    VariableSpec("numbers", "array[number]", [1]),
    VariableSpec("name", "string", "Ann"),
    VariableSpec("yes", "boolean", False),
    VariableSpec("thing", "object", {"k": 1}),
    VariableSpec("unset", "array[string]", None),
)
EDGES = ["start > set", "set > answer"]


def item(name: str, operation: str, value: JsonValue = None) -> JsonValue:
    """Return an operation with a constant, or with the variable that a text beginning with @ names."""
    item: dict[str, JsonValue] = {"variable_selector": ["conversation", name], "operation": operation}
    if isinstance(value, str) and value.startswith("@"):
        return {**item, "input_type": "variable", "value": selector(value[1:])}
    return {**item, "input_type": "constant", "value": value}


def assigner(*items: JsonValue) -> SavedNode:
    return saved_node("set", "assigner", {"version": "2", "items": list(items)})


def old(name: str, mode: str, source: str = "") -> SavedNode:
    config: dict[str, JsonValue] = {"assigned_variable_selector": ["conversation", name], "write_mode": mode}
    return saved_node("set", "assigner", {**config, "input_variable_selector": selector(source) if source else []})


def case(name: str, node: SavedNode, shows: str, expected: str = "", **more: str) -> Case:
    """Return a chat whose answer shows a variable of the conversation after the node."""
    return Case(
        name,
        [start(**TYPES), node, answer(f"{{{{#conversation.{shows}#}}}}")],
        EDGES,
        INPUTS,
        None if more else {"answer": expected},
        conversation=VARIABLES,
        mode="chatflow",
        query="go on",
        **more,  # type: ignore[arg-type]  # error and says
    )


def one(name: str, operation: str, value: JsonValue, expected: str) -> Case:
    return case(f"{operation} {name} {value!r}", assigner(item(name, operation, value)), name, expected)


def failing(name: str, operation: str, value: JsonValue, code: str, says: str) -> Case:
    node = assigner(item(name, operation, value))
    return case(f"{operation} {name} {value!r} fails", node, name, error=code, says=says)


OPERATIONS_OF_NOW = [
    one("count", "over-write", "@start.n", "4"),
    one("words", "over-write", "@start.data.list", '["x", "y"]'),
    one("count", "over-write", "@start.data.text", "12"),
    one("count", "set", 1, "1"),
    one("count", "set", "2.5", "2.5"),
    one("name", "set", "Bo", "Bo"),
    one("name", "set", "{{#start.word#}}", "{{#start.word#}}"),
    one("yes", "set", True, "true"),
    one("thing", "set", '{"a": [1]}', '{"a": [1]}'),
    one("thing", "set", "", "{}"),
    one("words", "set", '["z"]', '["z"]'),
    one("words", "set", "", "[]"),
    one("count", "clear", None, "0"),
    one("words", "clear", None, "[]"),
    one("name", "clear", None, ""),
    one("yes", "clear", None, "false"),
    one("thing", "clear", None, "{}"),
    one("words", "append", "@start.word", '["a", "b", "tea"]'),
    one("words", "append", "c", '["a", "b", "c"]'),
    one("numbers", "append", "7", "[1, 7]"),
    one("unset", "append", "c", '["c"]'),
    one("words", "extend", "@start.data.list", '["a", "b", "x", "y"]'),
    one("words", "extend", ["c"], '["a", "b", "c"]'),
    one("count", "+=", 2, "8"),
    one("count", "+=", "@start.n", "10"),
    one("count", "-=", "1.5", "4.5"),
    one("count", "*=", 3, "18"),
    one("count", "/=", 3, "2"),
    one("count", "/=", "@start.n", "1.5"),
    one("words", "remove-first", None, '["b"]'),
    one("words", "remove-last", None, '["a"]'),
    one("unset", "remove-first", None, "[]"),
]
OLD_ONES = [
    case("version 1: over-write", old("name", "over-write", "start.word"), "name", "tea"),
    case("version 1: append", old("words", "append", "start.word"), "words", '["a", "b", "tea"]'),
    case("version 1: clear", old("words", "clear"), "words", "[]"),
]
SEVERAL = [
    case(
        "each item sees what those before it did",
        assigner(item("count", "+=", 1), item("numbers", "append", "@conversation.count"), item("count", "*=", 2)),
        "numbers",
        "[1, 7]",
    ),
    case(
        "the last word of several items counts",
        assigner(item("count", "+=", 1), item("numbers", "append", "@conversation.count"), item("count", "*=", 2)),
        "count",
        "14",
    ),
    case("no item at all is fine", assigner(), "count", "6"),
]
ERRORS = [
    failing("count", "/=", 0, "invalid_input", "6 cannot be divided by 0"),
    failing("count", "/=", "@start.data.zero", "invalid_input", "cannot be divided by 0"),
    failing("count", "+=", "many", "wrong_type", "'+=' on 'conversation.count': 'many' is no number"),
    failing("count", "set", "many", "wrong_type", "'conversation.count' is of type number and cannot become 'many'"),
    failing("count", "over-write", "@start.data", "wrong_type", "is of type number and cannot become"),
    failing("yes", "set", "maybe", "wrong_type", "write it as JSON"),
    failing("thing", "set", "[1]", "wrong_type", "is of type object and cannot become"),
    failing("words", "append", 5, "wrong_type", "cannot be an element of array[string]"),
    failing("words", "extend", "@start.data.text", "wrong_type", "'12' is no list"),
    failing("words", "extend", [1], "wrong_type", "cannot be an element of array[string]"),
    failing("numbers", "append", "seven", "wrong_type", "cannot be an element of array[number]"),
    case(
        "an item that fails leaves the others undone",
        with_keys(
            assigner(item("count", "set", 99), item("words", "append", 5)),
            error_strategy="default-value",
            default_value=[],
        ),
        "count",
        "6",
    ),
]


def looping(*items: JsonValue) -> list[SavedNode]:
    """Return a loop of three rounds whose variable starts at 1."""
    variable: JsonValue = {"label": "n", "var_type": "number", "value_type": "constant", "value": 1}
    return [
        start(**TYPES),
        saved_node("again", "loop", {"loop_count": 3, "loop_variables": [variable]}),
        saved_node("begin", "loop-start", parent="again"),
        saved_node("set", "assigner", {"items": list(items)}, "again"),
        end(n="again.n"),
    ]


def loop_item(operation: str, value: JsonValue) -> JsonValue:
    return {"variable_selector": ["again", "n"], "operation": operation, "input_type": "constant", "value": value}


LOOPS = [
    Case(
        "a variable of the loop around it",
        looping(loop_item("+=", 2), loop_item("*=", 2)),
        ["start > again", "begin > set", "again > end"],
        INPUTS,
        {"n": 36},
    ),
    Case(
        "a variable of a loop has its type too",
        looping(loop_item("set", "many")),
        ["start > again", "begin > set", "again > end"],
        INPUTS,
        error="wrong_type",
        says="'again.n' is of type number and cannot become 'many'",
    ),
]
CASES = [*OPERATIONS_OF_NOW, *OLD_ONES, *SEVERAL, *ERRORS, *LOOPS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_an_assigner_does_what_its_case_says(case: Case) -> None:
    await run_case(case)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (assigner(item("ghost", "set", 1)), "it writes 'conversation.ghost', but there is no such variable"),
        (assigner(item("count", "append", 1)), "'conversation.count', which is of type number; it takes array[any]"),
        (assigner(item("words", "+=", 1)), "'conversation.words', which is of type array[string]; it takes number"),
        (
            assigner(item("words", "extend", "@start.word")),
            "'start.word', which is of type string; it takes array[any]",
        ),
        (assigner(item("count", "+=", "@start.flag")), "'start.flag', which is of type boolean; it takes number"),
        (assigner(item("count", "+=", "@start.ghost")), "it reads 'start.ghost'"),
        (assigner(item("count", "squared", 1)), "operation"),
        (assigner({"variable_selector": ["conversation"], "operation": "clear"}), "variable_selector"),
        (assigner({"variable_selector": ["start", "n"], "operation": "clear"}), "only conversation variables"),
        (
            assigner({"variable_selector": ["conversation", "count"], "operation": "+=", "value": 1}),
            "needs a variable as its value, not 1",
        ),
        (old("ghost", "clear"), "there is no such variable"),
        (old("name", "over-write"), "needs a variable as its value"),
        (old("name", "multiply", "start.word"), "operation"),
    ],
)
async def test_an_assigner_that_makes_no_sense_is_refused(node: SavedNode, message: str) -> None:
    await run_case(case("refused", node, "count", error="invalid_graph", says=message))


async def test_nothing_is_assigned_when_an_item_fails() -> None:
    broken = next(item for item in ERRORS if item.name.startswith("an item that fails"))
    assert not [body for body in await bodies_of(broken) if isinstance(body, VariableAssigned)]


async def test_each_variable_is_assigned_once() -> None:
    assigned = [body for body in await bodies_of(SEVERAL[0]) if isinstance(body, VariableAssigned)]
    assert [(body.selector[1], body.value) for body in assigned] == [("count", 14), ("numbers", [1, 7])]


async def test_an_assigner_that_was_interrupted_adds_once() -> None:
    """A run that stops at any body and goes on from there ends with the same value."""
    whole = await bodies_of(SEVERAL[1])
    for cut in range(len(whole)):
        bodies = [*whole[:cut], *[body async for body in run_graph(spec_of_case(SEVERAL[1]), ports_of(), whole[:cut])]]
        ends = [body for body in bodies if isinstance(body, NodeFinished) and body.node_id == "answer"]
        assert [body.outputs["answer"] for body in ends] == ["14"], cut


VALUES: st.SearchStrategy[JsonValue] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.floats(-9, 9),
    st.sampled_from(["", "a", "4", "1e400", "-2.5"]),
    st.lists(st.one_of(st.integers(-3, 3), st.sampled_from(["a", "4"])), max_size=3),
    st.just({"k": 1}),
)
KINDS: Sequence[VarType] = ("number", "string", "boolean", "object", "array[string]", "array[number]", "any")


@given(st.sampled_from(sorted(OPERATIONS)), st.sampled_from(KINDS), VALUES, VALUES)
def test_any_operation_ends_with_a_value_or_a_reason(
    operation: Operation, kind: VarType, current: JsonValue, value: JsonValue
) -> None:
    current = current if is_of(current, kind) else empty_of(kind)
    with suppress(WrongType, InvalidInput):
        found = apply(operation, current, value, kind)
        is_meant = fits(kind, OPERATIONS[operation].changes) and operation not in ("set", "over-write")
        assert is_of(found, kind) or not is_meant


TWINS: dict[str, Callable[[float, float], float]] = {
    "+=": lambda a, b: a + b,
    "-=": lambda a, b: a - b,
    "*=": lambda a, b: a * b,
    "/=": lambda a, b: a / b,
}


@given(st.sampled_from(sorted(TWINS)), st.integers(-99, 99), st.integers(-99, 99).filter(bool))
def test_arithmetic_agrees_with_its_slow_twin(operation: Operation, current: int, value: int) -> None:
    assert apply(operation, current, value, "number") == TWINS[operation](current, value)
    assert apply(operation, current, str(value), "number") == TWINS[operation](current, value)


def test_a_number_does_not_grow_for_ever() -> None:
    number: JsonValue = 10.0**300
    with pytest.raises(AgentsError, match="too large for a number"):
        apply("*=", number, number, "number")
    with pytest.raises(AgentsError, match="too large for a number"):
        apply("*=", 2**1000, 2**1000, "number")
