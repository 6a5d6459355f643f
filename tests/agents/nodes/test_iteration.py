"""iteration: once for each item, in order or beside each other, with three ways to take a round that fails."""

import pytest

from agents.errors import InvalidGraph
from agents.events import RoundFinished, RoundStarted
from agents.nodes.registry import NODES
from agents.types import JsonValue
from agents.workflow.build import build_graph
from tests.agents.fakes import edges_of, node
from tests.agents.nodes.cases import Case, SavedNode, end, run_case, saved_node, start
from tests.agents.workflow.graphs import iteration, selector
from tests.agents.workflow.probe import end_node, probe_node
from tests.agents.workflow.test_streaming import graph_errors

GIVEN = start(data="json_object")
WORDS: dict[str, JsonValue] = {"data": {"items": ["a", "b", "c"], "lists": [["a", "b"], ["c"]], "text": "a"}}
ODD: dict[str, JsonValue] = {"data": {"items": [["a"], "b", ["c", "d"]]}}


def each(over: str = "start.data.items", output: str = "text.output", /, **config: JsonValue) -> SavedNode:
    selectors: dict[str, JsonValue] = {"iterator_selector": selector(over), "output_selector": selector(output)}
    return saved_node("each", "iteration", {**selectors, **config})


def begin(parent: str = "each", node_id: str = "begin") -> SavedNode:
    return saved_node(node_id, "iteration-start", parent=parent)


def text(template: str = "<{{ item }}{{ index }}>", parent: str = "each") -> SavedNode:
    variables: list[JsonValue] = [
        {"variable": "item", "value_selector": ["each", "item"]},
        {"variable": "index", "value_selector": ["each", "index"]},
    ]
    return saved_node("text", "template-transform", {"variables": variables, "template": template}, parent)


def simple(
    name: str, outputs: JsonValue, node: SavedNode | None = None, template: str = "<{{ item }}{{ index }}>"
) -> Case:
    nodes = [GIVEN, node or each(), begin(), text(template), end(out="each.output")]
    return Case(name, nodes, ["start > each", "begin > text", "each > end"], WORDS, {"out": outputs})


def of_lists(name: str, *, outputs: JsonValue = None, error: str = "", **config: JsonValue) -> Case:
    """An iteration in an iteration; an item that is no list fails its round."""
    inner: dict[str, JsonValue] = {"iterator_selector": ["each", "item"], "output_selector": ["inside", "item"]}
    nodes = [
        GIVEN,
        each("start.data.items", "inside.output", **config),
        begin(),
        saved_node("inside", "iteration", inner, "each"),
        begin("inside", "first"),
        end(out="each.output"),
    ]
    expected = None if error else {"out": outputs}
    return Case(name, nodes, ["start > each", "begin > inside", "each > end"], ODD, expected, error)


def in_order() -> Case:
    return simple("items come in order", ["<a0>", "<b1>", "<c2>"])


CASES = [
    in_order(),
    simple("beside each other, still in order", ["<a0>", "<b1>", "<c2>"], each(is_parallel=True, parallel_nums=2)),
    simple("the item itself may be kept", ["a", "b", "c"], each("start.data.items", "each.item")),
    simple("nothing to do gives an empty list", [], each("start.data.nothing")),
    Case(
        "lists are joined",
        [GIVEN, each("start.data.lists", "each.item"), begin(), end(out="each.output")],
        ["start > each", "each > end"],
        WORDS,
        {"out": ["a", "b", "c"]},
    ),
    Case(
        "lists stay lists",
        [GIVEN, each("start.data.lists", "each.item", flatten_output=False), begin(), end(out="each.output")],
        ["start > each", "each > end"],
        WORDS,
        {"out": [["a", "b"], ["c"]]},
    ),
    Case(
        "a text is no list",
        [GIVEN, each("start.data.text", "each.item"), begin(), end(out="each.output")],
        ["start > each", "each > end"],
        WORDS,
        error="wrong_type",
    ),
    of_lists("a round that fails fails the iteration", error="wrong_type"),
    of_lists(
        "a round that fails leaves null",
        outputs=[["a"], None, ["c", "d"]],
        error_handle_mode="continue-on-error",
        flatten_output=False,
    ),
    of_lists(
        "a round that fails leaves nothing",
        outputs=[["a"], ["c", "d"]],
        error_handle_mode="remove-abnormal-output",
        flatten_output=False,
    ),
    of_lists(
        "null is no part of joined lists",
        outputs=["a", "c", "d"],
        error_handle_mode="continue-on-error",
        is_parallel=True,
    ),
    of_lists(
        "an iteration that fails has a default",
        outputs=["none"],
        error_strategy="default-value",
        default_value=[{"key": "output", "type": "array[string]", "value": ["none"]}],
    ),
    Case(
        "an old file names the first node and has no marker",
        [
            GIVEN,
            each(start_node_id="text"),
            text(),
            saved_node("lost", "answer", parent="each"),
            end(out="each.output"),
        ],
        ["start > each", "each > end"],
        WORDS,
        {"out": ["<a0>", "<b1>", "<c2>"]},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_an_iteration_ends_as_its_case_says(case: Case) -> None:
    await run_case(case)


async def test_every_round_is_told_with_what_it_gave() -> None:
    bodies = await run_case(in_order())
    assert [(body.index, body.values["item"]) for body in bodies if isinstance(body, RoundStarted)] == [
        (0, "a"),
        (1, "b"),
        (2, "c"),
    ]
    assert [body.output for body in bodies if isinstance(body, RoundFinished)] == ["<a0>", "<b1>", "<c2>"]


async def test_a_failed_round_is_told_with_its_reason() -> None:
    case = of_lists("", outputs=[["a"], None, ["c", "d"]], error_handle_mode="continue-on-error", flatten_output=False)
    (failed,) = [body for body in await run_case(case) if isinstance(body, RoundFinished) and body.failure]
    assert (failed.node_id, failed.index, failed.failure["code"]) == ("each", 1, "wrong_type")


def test_a_graph_says_all_that_is_wrong_with_its_iterations() -> None:
    nodes = [
        probe_node("list"),
        iteration("empty", "list.value", "list.value"),
        iteration("each", "list.text", "ghost.text", parallel_nums=0),
        probe_node("one", "each", text="{{#each.nothing#}} {{#after.text#}}"),
        probe_node("after"),
        iteration("wrong", "list.text", "odd.text"),
        probe_node("odd", "wrong"),
        end_node("lost", out="one.text"),
    ]
    errors = graph_errors(nodes, ["list > empty", "list > each", "each > after", "list > wrong", "after > one"])
    assert "no nodes inside" in errors["empty"]
    assert "parallel_nums" in errors["each"]
    assert "crosses the border" in errors["after"]
    assert "of type string" in errors["wrong"]
    assert "'one' is not upstream" in errors["lost"]


@pytest.mark.parametrize(
    ("kind", "place"), [("iteration-start", "'iteration'"), ("loop-start", "'loop'"), ("loop-end", "'loop'")]
)
def test_what_marks_a_round_lies_in_its_container(kind: str, place: str) -> None:
    with pytest.raises(InvalidGraph, match=place):
        build_graph([node("start", "start"), node("x", kind)], edges_of("start > x"), NODES)
