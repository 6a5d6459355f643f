"""loop: again and again, with variables that go from round to round, until it is enough."""

import pytest

from agents.events import RoundFinished
from agents.types import JsonValue
from tests.agents.fakes import node
from tests.agents.nodes.cases import Case, SavedNode, end, run_case, saved_node, start
from tests.agents.workflow.graphs import loop, variable
from tests.agents.workflow.probe import end_node, inner, probe_node
from tests.agents.workflow.test_streaming import graph_errors

GIVEN = start(word="text-input", many="number")


def again(count: int = 10, **config: JsonValue) -> SavedNode:
    return saved_node("again", "loop", {"loop_count": count, **config})


def until(name: str, operator: str, value: JsonValue) -> JsonValue:
    return {"variable_selector": ["again", name], "comparison_operator": operator, "value": value}


def add(amount: JsonValue = 2) -> SavedNode:
    item: JsonValue = {
        "variable_selector": ["again", "sum"],
        "input_type": "constant",
        "operation": "+=",
        "value": amount,
    }
    return saved_node("add", "assigner", {"version": "2", "items": [item]}, "again")


def counting(name: str, outputs: dict[str, JsonValue], count: int = 10, **config: JsonValue) -> Case:
    config = {"loop_variables": [variable("sum", 0, "number")], **config}
    nodes = [
        GIVEN,
        again(count, **config),
        saved_node("begin", "loop-start", parent="again"),
        add(),
        end(sum="again.sum", rounds="again.loop_round"),
    ]
    inputs: dict[str, JsonValue] = {"word": "w", "many": 5}
    return Case(name, nodes, ["start > again", "begin > add", "again > end"], inputs, outputs)


def leaving() -> Case:
    """A choice inside leads to the exit in the third round."""
    third: JsonValue = {"variable_selector": ["again", "index"], "comparison_operator": "=", "value": "2"}
    cases: list[JsonValue] = [{"case_id": "true", "logical_operator": "and", "conditions": [third]}]
    nodes = [
        GIVEN,
        again(loop_variables=[variable("sum", "0", "number")]),
        saved_node("begin", "loop-start", parent="again"),
        saved_node("third", "if-else", {"cases": cases}, "again"),
        saved_node("exit", "loop-end", parent="again"),
        add(),
        end(sum="again.sum", rounds="again.loop_round"),
    ]
    edges = ["start > again", "begin > third", "third.true > exit", "third.false > add", "again > end"]
    return Case("an exit inside ends it", nodes, edges, {"word": "w", "many": 5}, {"sum": 4, "rounds": 3})


FROM_INPUT: JsonValue = {"label": "sum", "var_type": "number", "value_type": "variable", "value": ["start", "many"]}
FROM_DATA: JsonValue = {
    "label": "sum",
    "var_type": "number",
    "value_type": "variable",
    "value": ["start", "data", "many"],
}
CASES = [
    counting("it ends after as many rounds as it may", {"sum": 6, "rounds": 3}, 3),
    counting("it ends when its condition holds", {"sum": 4, "rounds": 2}, break_conditions=[until("sum", "≥", "4")]),
    counting(
        "all conditions hold",
        {"sum": 8, "rounds": 4},
        break_conditions=[until("sum", "≥", "4"), until("loop_round", "≥", "4")],
        logical_operator="and",
    ),
    counting(
        "one condition holds",
        {"sum": 2, "rounds": 1},
        break_conditions=[until("sum", "≥", "40"), until("loop_round", "≥", "1")],
        logical_operator="or",
    ),
    counting(
        "what holds before the first round runs none",
        {"sum": 0, "rounds": 0},
        break_conditions=[until("sum", "=", "0")],
    ),
    counting("a variable begins with a value of the graph", {"sum": 9, "rounds": 2}, 2, loop_variables=[FROM_INPUT]),
    leaving(),
    Case(
        "a variable of another type is refused",
        [
            start(data="json_object"),
            again(1, loop_variables=[FROM_DATA]),
            saved_node("begin", "loop-start", parent="again"),
            end(sum="again.sum"),
        ],
        ["start > again", "again > end"],
        {"data": {"many": "five"}},
        error="wrong_type",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_loop_ends_as_its_case_says(case: Case) -> None:
    await run_case(case)


async def test_every_round_stores_the_variables_after_it() -> None:
    bodies = await run_case(CASES[1])
    assert [body.output for body in bodies if isinstance(body, RoundFinished)] == [
        {"variables": {"sum": 2}, "is_over": False},
        {"variables": {"sum": 4}, "is_over": True},
    ]


@pytest.mark.parametrize(
    ("kind", "value", "first"),
    [
        ("number", "1.5", 1.5),
        ("number", "", 0),
        ("object", '{"a": 1}', {"a": 1}),
        ("array[string]", '["a"]', ["a"]),
        ("boolean", True, True),
        ("string", "7", "7"),
        ("array[number]", None, []),
    ],
)
async def test_a_constant_is_read_as_its_type(kind: str, value: JsonValue, first: JsonValue) -> None:
    nodes = [
        start(),
        again(1, loop_variables=[variable("sum", value, kind)]),
        saved_node("begin", "loop-start", parent="again"),
        end(out="again.sum"),
    ]
    await run_case(Case("", nodes, ["start > again", "again > end"], {}, {"out": first}))


def test_a_graph_says_what_is_wrong_with_its_loops() -> None:
    nodes = [
        node("start", "start"),
        loop("often", 101),
        inner("often", "o1", "loop-start"),
        loop("twice", 1, loop_variables=[variable("a", ""), variable("a", "")]),
        inner("twice", "t1", "loop-start"),
        loop("typed", 1, loop_variables=[variable("a", "x", "number")]),
        inner("typed", "y1", "loop-start"),
        loop("taken", 1, loop_variables=[variable("index", "x")]),
        inner("taken", "k1", "loop-start"),
        loop(
            "reads",
            1,
            break_conditions=[{"variable_selector": ["ghost", "a"], "comparison_operator": "is", "value": ""}],
        ),
        inner("reads", "r1", "loop-start"),
        loop("writes", 1, loop_variables=[variable("a", "")]),
        probe_node("w1", "writes", assigns=["writes", "b"]),
        probe_node("outside", assigns=["writes", "a"]),
        end_node(out="writes.b"),
    ]
    edges = [f"start > {name}" for name in ("often", "twice", "typed", "taken", "reads", "writes")]
    errors = graph_errors(nodes, [*edges, "writes > outside", "writes > end"])
    assert "loop_count" in errors["often"]
    assert "several variables are named 'a'" in errors["twice"]
    assert "'x', which is no number" in errors["typed"]
    assert "the loop itself gives 'index'" in errors["taken"]
    assert "no node 'ghost'" in errors["reads"]
    assert "no such variable; there are: writes.a" in errors["w1"]
    assert "only conversation variables" in errors["outside"]
    assert "gives only a, loop_round" in errors["end"]
