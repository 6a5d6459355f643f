"""if-else: every operator in a graph, with an instance that fails and one that holds; joins, files, mistakes."""

import pytest

from agents.types import JsonValue
from tests.agents.nodes.cases import Case, SavedNode, bodies_of, end, run_case, saved_node, start, with_keys

TYPES = {"text": "paragraph", "number": "number", "flag": "checkbox", "data": "json_object", "files": "file-list"}
INPUTS: dict[str, JsonValue] = {
    "text": "green tea",
    "number": 7,
    "flag": True,
    "data": {"list": ["a", "b"], "numbers": [1, 2], "time": "2026-05-01T12:00:00Z", "nothing": None, "empty": ""},
}
EDGES = ["start > ask", "ask.no > first", "ask.yes > second", "ask.false > third"]
JOINED = ["first > joined", "second > joined", "third > joined", "joined > end"]


def condition(path: str, operator: str, value: JsonValue = "", **more: JsonValue) -> JsonValue:
    return {"variable_selector": ["start", *path.split(".")], "comparison_operator": operator, "value": value, **more}


def asked(*cases: tuple[str, list[JsonValue]], join: str = "and") -> SavedNode:
    found: list[JsonValue] = [
        {"case_id": case_id, "logical_operator": join, "conditions": conditions} for case_id, conditions in cases
    ]
    return saved_node("ask", "if-else", {"cases": found})


def said(node_id: str) -> SavedNode:
    return saved_node(node_id, "template-transform", {"template": node_id, "variables": []})


def graph_of(question: SavedNode) -> list[SavedNode]:
    """Return a graph in which each way out says another word, and the word that was said is the output."""
    words: list[JsonValue] = [[name, "output"] for name in ("first", "second", "third")]
    joined = saved_node("joined", "variable-aggregator", {"output_type": "string", "variables": words})
    return [start(**TYPES), question, said("first"), said("second"), said("third"), joined, end(way="joined.output")]


def operator_case(operator: str, fails: JsonValue, holds: JsonValue) -> Case:
    """Return a case whose first condition must fail and whose second must hold."""
    question = asked(("no", [fails]), ("yes", [holds]))
    return Case(f"operator {operator}", graph_of(question), EDGES + JOINED, INPUTS, {"way": "second"})


def files_condition(operator: str, key: str, comparison: str, value: JsonValue) -> JsonValue:
    part: JsonValue = {"key": key, "comparison_operator": comparison, "value": value, "varType": "string"}
    return condition("files", operator, sub_variable_condition={"logical_operator": "and", "conditions": [part]})


FILES = {"note.txt": b"a note", "table.csv": b"a,b\n1,2\n"}
WITH_FILES: dict[str, JsonValue] = {
    **INPUTS,
    "files": [{"transfer_method": "local_file", "upload_file_id": name} for name in FILES],
}
OPERATORS = [
    operator_case("contains", condition("text", "contains", "milk"), condition("text", "contains", "tea")),
    operator_case(
        "contains of lists", condition("data.list", "contains", "c"), condition("data.list", "contains", "b")
    ),
    operator_case("not contains", condition("text", "not contains", "tea"), condition("text", "not contains", "milk")),
    operator_case("start with", condition("text", "start with", "tea"), condition("text", "start with", "green")),
    operator_case("end with", condition("text", "end with", "green"), condition("text", "end with", "tea")),
    operator_case("is", condition("text", "is", "tea"), condition("text", "is", "green tea")),
    operator_case("is of booleans", condition("flag", "is", "false"), condition("flag", "is", True)),
    operator_case("is not", condition("text", "is not", "green tea"), condition("text", "is not", "tea")),
    operator_case("empty", condition("text", "empty"), condition("data.empty", "empty")),
    operator_case("not empty", condition("data.nothing", "not empty"), condition("number", "not empty")),
    operator_case("in", condition("text", "in", ["tea"]), condition("text", "in", ["tea", "green tea"])),
    operator_case("not in", condition("number", "not in", ["7"]), condition("number", "not in", ["8"])),
    operator_case("all of", condition("data.list", "all of", ["a", "c"]), condition("data.list", "all of", ["b", "a"])),
    operator_case("=", condition("number", "=", "8"), condition("number", "=", "7.0", varType="number")),
    operator_case("≠", condition("number", "≠", 7), condition("number", "≠", "8")),
    operator_case(">", condition("number", ">", "7"), condition("number", ">", "6.5")),
    operator_case("<", condition("number", "<", 7), condition("number", "<", "10")),
    operator_case("≥", condition("number", "≥", "8"), condition("number", "≥", "7")),
    operator_case("≤", condition("number", "≤", "6"), condition("number", "≤", "7")),
    operator_case(
        "before", condition("data.time", "before", "2026-05-01"), condition("data.time", "before", "2026-06-01")
    ),
    operator_case(
        "after", condition("data.time", "after", "2026-06-01"), condition("data.time", "after", "1700000000")
    ),
    operator_case("null", condition("data.empty", "null"), condition("data.nothing", "null")),
    operator_case("not null", condition("data.nothing", "not null"), condition("data.empty", "not null")),
    operator_case("exists", condition("data.other", "exists"), condition("data.list", "exists")),
    operator_case("not exists", condition("text", "not exists"), condition("data.other", "not exists")),
    operator_case(
        "a template", condition("text", "is", "{{#start.number#}}"), condition("number", "=", "{{#start.number#}}")
    ),
]
FILE_OPERATORS = [
    Case(
        f"files {name}",
        graph_of(asked(("no", [fails]), ("yes", [holds]))),
        EDGES + JOINED,
        WITH_FILES,
        {"way": "second"},
        files=FILES,
    )
    for name, fails, holds in (
        (
            "contain one of a name",
            files_condition("contains", "name", "is", "other.txt"),
            files_condition("contains", "name", "start with", "table"),
        ),
        (
            "contain none that is large",
            files_condition("not contains", "size", "<", "7"),
            files_condition("not contains", "size", ">", "100"),
        ),
        (
            "are all of a type",
            files_condition("all of", "extension", "in", ["txt"]),
            files_condition("all of", "type", "in", ["document"]),
        ),
        ("are there", condition("files", "empty"), condition("files", "not empty")),
        (
            "have an attribute",
            condition("files.0.name", "is", "table.csv"),
            condition("files.1.mime_type", "contains", "csv"),
        ),
    )
]
FAILS, HOLDS = condition("number", ">", 9), condition("number", "<", 9)
JOINS = [
    Case(
        f"conditions joined by {join}",
        graph_of(asked(("no", [FAILS, FAILS]), ("yes", [FAILS, HOLDS]), join=join)),
        EDGES + JOINED,
        INPUTS,
        {"way": way},
    )
    for join, way in (("or", "second"), ("and", "third"))
]
OLD = saved_node("ask", "if-else", {"conditions": [HOLDS], "logical_operator": "and", "cases": None})
OTHERS = [
    Case(
        "the first case that holds is taken",
        graph_of(asked(("no", [HOLDS]), ("yes", [HOLDS]))),
        EDGES + JOINED,
        INPUTS,
        {"way": "first"},
    ),
    Case(
        "an older file has one case",
        [start(**TYPES), OLD, end(taken="ask.selected_case_id", holds="ask.result")],
        ["start > ask", "ask.true > end"],
        INPUTS,
        {"taken": "true", "holds": True},
    ),
    Case(
        "no case at all leads to the way out of the rest",
        graph_of(asked(("no", []), ("yes", []))),
        EDGES + JOINED,
        INPUTS,
        {"way": "third"},
    ),
]
WRONG = asked(("no", [condition("data.list", ">", "1")]), ("yes", [HOLDS]))
ERRORS = [
    Case(
        "a value that cannot be compared fails the run",
        graph_of(WRONG),
        EDGES + JOINED,
        INPUTS,
        error="wrong_type",
        says="'start.data.list' cannot be compared by '>'",
    ),
    Case(
        "a comparison that fails may have its own way out",
        [
            *graph_of(with_keys(WRONG, error_strategy="fail-branch")),
            said("failed"),
            saved_node("over", "end", {"outputs": [{"variable": "way", "value_selector": ["failed", "output"]}]}),
        ],
        [*EDGES, *JOINED, "ask.fail-branch > failed", "failed > over"],
        INPUTS,
        {"way": "failed"},
    ),
]
CASES = [*OPERATORS, *FILE_OPERATORS, *JOINS, *OTHERS, *ERRORS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_an_if_else_goes_as_its_case_says(case: Case) -> None:
    await run_case(case)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (asked(("no", [condition("nothing", "is", "x")])), "it reads 'start.nothing', but 'start' gives only"),
        (
            asked(("no", [condition("flag", "contains", "x")])),
            "'start.flag', which is of type boolean; it takes string",
        ),
        (asked(("no", [condition("number", "start with", "x")])), "which is of type number; it takes string"),
        (asked(("no", [{"comparison_operator": "is", "value": "x"}])), "variable_selector"),
        (asked(("no", [condition("text", "resembles", "x")])), "comparison_operator"),
        (asked(("no", [condition("text", "is", "{{#ghost.x#}}")])), "there is no node 'ghost'"),
        (asked(("no", [HOLDS]), ("no", [HOLDS])), "the case_id 'no' is taken"),
        (asked(("false", [HOLDS])), "the case_id 'false' is taken"),
        (asked(("maybe", [HOLDS])), "it has no way out 'no'; it has false, maybe"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_with_its_reason(question: SavedNode, message: str) -> None:
    case = Case("refused", graph_of(question), EDGES + JOINED, INPUTS, error="invalid_graph", says=message)
    assert "node 'ask'" in str((await run_case(case))[-1])


async def test_a_stale_condition_of_an_older_file_does_not_count() -> None:
    ghost: JsonValue = {"variable_selector": ["ghost", "x"], "comparison_operator": "is", "value": ""}
    stale: dict[str, JsonValue] = {"conditions": [ghost]}
    question = asked(("no", [FAILS]), ("yes", [HOLDS]))
    await run_case(Case("stale", graph_of(with_keys(question, **stale)), EDGES + JOINED, INPUTS, {"way": "second"}))


async def test_the_trace_shows_what_was_compared() -> None:
    bodies = await bodies_of(OPERATORS[0])
    started = next(body for body in bodies if getattr(body, "node_id", "") == "ask")
    assert getattr(started, "inputs", None) == {"start.text": "green tea"}
