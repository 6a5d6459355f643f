"""variable-aggregator: the first value that is there, alone and in groups, after branches that did not run."""

import pytest

from agents.types import JsonValue
from tests.agents.nodes.cases import Case, SavedNode, end, run_case, saved_node, selector, start, with_keys

TYPES = {"a": "text-input", "b": "text-input", "n": "number", "data": "json_object"}
EDGES = ["start > join", "join > end"]


def joining(*paths: str, kind: str = "string") -> SavedNode:
    chosen: list[JsonValue] = [selector(path) for path in paths]
    return saved_node("join", "variable-aggregator", {"output_type": kind, "variables": chosen})


def group(name: str, *paths: str, kind: str = "string") -> JsonValue:
    return {"group_name": name, "output_type": kind, "variables": [selector(path) for path in paths]}


def grouped(*groups: JsonValue) -> SavedNode:
    return with_keys(joining(), advanced_settings={"group_enabled": True, "groups": list(groups)})


def said(node_id: str) -> SavedNode:
    return saved_node(node_id, "template-transform", {"template": node_id, "variables": []})


def case(name: str, node: SavedNode, inputs: dict[str, JsonValue], output: JsonValue, field: str = "output") -> Case:
    return Case(name, [start(**TYPES), node, end(found=f"join.{field}")], EDGES, inputs, {"found": output})


def branches(name: str, flag: str, output: str) -> Case:
    conditions: list[JsonValue] = [{"variable_selector": ["start", "a"], "comparison_operator": "is", "value": "left"}]
    ask = saved_node("ask", "if-else", {"cases": [{"case_id": "true", "conditions": conditions}]})
    nodes = [
        start(**TYPES),
        ask,
        said("left"),
        said("right"),
        joining("left.output", "right.output"),
        end(found="join.output"),
    ]
    edges = ["start > ask", "ask.true > left", "ask.false > right", "left > join", "right > join", "join > end"]
    return Case(name, nodes, edges, {"a": flag}, {"found": output})


CASES = [
    branches("the branch that ran is the one that counts", "left", "left"),
    branches("whichever it is", "no", "right"),
    case("the first that is there is taken", joining("start.a", "start.b"), {"a": "x", "b": "y"}, "x"),
    case("what is null is passed over", joining("start.a", "start.b"), {"b": "y"}, "y"),
    case(
        "an empty text is there",
        joining("start.data.empty", "start.b", kind="any"),
        {"b": "y", "data": {"empty": ""}},
        "",
    ),
    case("0 is there", joining("start.n", kind="number"), {"n": 0}, 0),
    case("nothing at all is null", joining("start.a", "start.b"), {}, None),
    case("an object goes on whole", joining("start.data", kind="object"), {"data": {"k": [1]}}, {"k": [1]}),
    case(
        "each group has its own value",
        grouped(group("words", "start.a", "start.b"), group("numbers", "start.n", kind="number")),
        {"b": "y", "n": 5},
        {"output": "y"},
        "words",
    ),
    Case(
        "groups are read by their names",
        [
            start(**TYPES),
            grouped(group("words", "start.a", "start.b"), group("numbers", "start.n", kind="number")),
            end(word="join.words.output", number="join.numbers.output"),
        ],
        EDGES,
        {"a": "x", "n": 5},
        {"word": "x", "number": 5},
    ),
    case(
        "groups that are switched off do not count",
        with_keys(
            joining("start.a"), advanced_settings={"group_enabled": False, "groups": [group("words", "start.b")]}
        ),
        {"a": "x", "b": "y"},
        "x",
    ),
    Case(
        "older files call it variable-assigner",
        [
            start(**TYPES),
            {**joining("start.b"), "data": {"type": "variable-assigner", "variables": [["start", "b"]]}},
            end(found="join.output"),
        ],
        EDGES,
        {"b": "y"},
        {"found": "y"},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_an_aggregator_gives_what_its_case_says(case: Case) -> None:
    await run_case(case)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (joining("start.ghost"), "it reads 'start.ghost'"),
        (joining("start.n"), "it reads 'start.n', which is of type number; it takes string"),
        (joining("start"), "variables.0"),
        (grouped(group("g", "start.a"), group("g", "start.b")), "groups share the names 'g'"),
        (grouped(group("g", "start.n")), "which is of type number; it takes string"),
        (grouped(group("", "start.a")), "group_name"),
    ],
)
async def test_an_aggregator_that_makes_no_sense_is_refused(node: SavedNode, message: str) -> None:
    nodes = [start(**TYPES), node, end()]
    await run_case(Case("refused", nodes, EDGES, {}, error="invalid_graph", says=message))
