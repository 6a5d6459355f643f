"""Old forms of nodes and edges, brought into the one that runs."""

import pytest

from agents.types import JsonValue
from tests.agents.dsl.files import (
    Object,
    at,
    data_of,
    edges_of,
    end,
    graph_file,
    graph_of,
    imported,
    line,
    llm,
    node,
    node_of,
    nodes_of,
    object_at,
    start,
)


def iteration(**data: JsonValue) -> Object:
    given: Object = {"iterator_selector": ["start", "items"], "output_selector": ["inner", "text"], **data}
    return node("iter", "iteration", "", **given)


def items_start() -> Object:
    return node("start", "start", variables=[{"variable": "items", "label": "Items", "type": "file-list"}])


def test_an_iteration_without_a_start_is_given_one_before_its_first_node() -> None:
    inner = {**llm("inner"), "parentId": "iter"}
    last = {**llm("last"), "parentId": "iter"}
    file = graph_file([items_start(), iteration(start_node_id="inner"), inner, last], ["start > iter", "inner > last"])
    found = imported(file)
    assert edges_of(found) == [("start", "iter"), ("inner", "last"), ("iterstart", "inner")]
    assert node_of(found, "iterstart")["parentId"] == "iter"
    assert data_of(found, "iterstart")["type"] == "iteration-start"
    assert data_of(found, "iter")["start_node_id"] == "iterstart"
    assert "it was given a node iteration-start" in line(found, "node", "iter").reason
    assert line(found, "node", "iter").outcome == "mapped"
    assert [item.id for item in found.report.of("node")] == ["start", "iter", "inner", "last"]


@pytest.mark.parametrize("says", [{"isIterationStart": True}, {}])
def test_the_first_node_is_the_marked_one_or_the_one_no_edge_leads_to(says: Object) -> None:
    inner = {**llm("inner", "gpt-4o", "openai", **says), "parentId": "iter"}
    last = {**llm("last"), "parentId": "iter"}
    found = imported(graph_file([items_start(), iteration(), last, inner], ["start > iter", "inner > last"]))
    assert ("iterstart", "inner") in edges_of(found) and ("iterstart", "last") not in edges_of(found)


def test_the_new_start_takes_no_id_that_is_taken() -> None:
    nodes = [items_start(), iteration(), {**llm("inner"), "parentId": "iter"}, llm("iterstart")]
    assert node_of(imported(graph_file(nodes, ["start > iter"])), "iterstart_")["parentId"] == "iter"


def test_a_loop_begins_with_its_own_kind() -> None:
    loop = node("loop", "loop", loop_count=3, loop_variables=[], break_conditions=[])
    found = imported(graph_file([start(), loop, {**llm("inner"), "parentId": "loop"}], ["start > loop"]))
    assert data_of(found, "loopstart")["type"] == "loop-start"
    assert line(found, "node", "loop").outcome == "mapped"


@pytest.mark.parametrize(
    ("container", "says"),
    [
        (iteration(), {"isInIteration": True, "iteration_id": "iter"}),
        (
            node("iter", "loop", loop_count=3, loop_variables=[], break_conditions=[]),
            {"isInLoop": True, "loop_id": "iter"},
        ),
    ],
)
def test_a_node_lies_where_its_data_says_it_does(container: Object, says: Object) -> None:
    inner = llm("inner", "gpt-4o", "openai", **says)
    found = imported(graph_file([items_start(), container, inner], ["start > iter"]))
    assert node_of(found, "inner")["parentId"] == "iter"


def test_a_node_that_left_its_container_stays_outside() -> None:
    outer = llm("outer", "gpt-4o", "openai", isInIteration=False, iteration_id="iter")
    found = imported(graph_file([items_start(), iteration(), {**llm("inner"), "parentId": "iter"}, outer]))
    assert "parentId" not in node_of(found, "outer")


def test_conditions_of_old_become_a_case_and_stay_for_older_readers() -> None:
    condition: Object = {"variable_selector": ["start", "name"], "comparison_operator": "is", "value": "x"}
    data: Object = {"conditions": [condition], "logical_operator": "or"}
    nodes = [start("name"), node("if", "if-else", "", **data), end(), {**end(), "id": "end2"}]
    found = imported(graph_file(nodes, ["start > if", "if@true > end", "if@false > end2"]))
    assert data_of(found, "if")["cases"] == [
        {"id": "true", "case_id": "true", "logical_operator": "or", "conditions": [condition]}
    ]
    assert data_of(found, "if")["conditions"] == [condition]
    assert line(found, "node", "if").outcome == "mapped"


def test_the_old_name_of_the_aggregator_is_replaced_in_edges_too() -> None:
    join = node("join", "variable-assigner", output_type="string", variables=[["start", "name"]])
    file = graph_file([start("name"), join], ["start > join"])
    edge = object_at(file, "workflow", "graph", "edges", 0)
    edge["data"] = {"sourceType": "start", "targetType": "variable-assigner"}
    found = imported(file)
    assert data_of(found, "join")["type"] == "variable-aggregator"
    assert at(graph_of(found), "edges", 0, "data", "targetType") == "variable-aggregator"


@pytest.mark.parametrize(
    ("kind", "text", "parts"),
    [
        ("json", '{"a": 1}', [{"type": "text", "key": "", "value": '{"a": 1}'}]),
        ("raw-text", "hello", [{"type": "text", "key": "", "value": "hello"}]),
        ("none", "", []),
        (
            "x-www-form-urlencoded",
            "a:1\n\nb: http://x\n",
            [{"type": "text", "key": "a", "value": "1"}, {"type": "text", "key": "b", "value": "http://x"}],
        ),
        ("form-data", "a:1", [{"type": "text", "key": "a", "value": "1"}]),
    ],
)
def test_the_body_of_an_old_request_becomes_a_list(kind: str, text: str, parts: list[JsonValue]) -> None:
    data: Object = {"method": "post", "url": "https://example.org", "body": {"type": kind, "data": text}}
    data["authorization"] = {"type": "no-auth", "config": None}
    found = imported(graph_file([start(), node("http", "http-request", "", **data)], ["start > http"]))
    assert data_of(found, "http")["body"] == {"type": kind, "data": parts}
    assert line(found, "node", "http").outcome == "mapped"


def test_system_values_are_no_longer_the_starts() -> None:
    prompt: list[JsonValue] = [{"role": "user", "text": "{{#start.sys.query#}} {{#start.name#}} {{#1.sys.files#}}"}]
    context: Object = {"enabled": True, "variable_selector": ["start", "sys.query"]}
    nodes = [start("name"), llm(prompt_template=prompt, context=context)]
    found = imported(graph_file(nodes, ["start > llm"], mode="advanced-chat"))
    data = data_of(found, "llm")
    assert data["prompt_template"] == [{"role": "user", "text": "{{#sys.query#}} {{#start.name#}} {{#sys.files#}}"}]
    assert data["context"] == {"enabled": True, "variable_selector": ["sys", "query"]}


def test_parameters_of_an_old_tool_say_what_they_are() -> None:
    data: Object = {"provider_id": "time", "provider_type": "builtin", "tool_name": "weekday"}
    plain = node("plain", "tool", "", **data, tool_parameters={"year": 2024, "note": "{{#start.name#}}"})
    listed: list[JsonValue] = [
        {"variable": "year", "variable_type": "static", "value": "2024"},
        {"variable": "month", "variable_type": "selector", "value_selector": ["start", "name"]},
    ]
    old = node("old", "tool", "", **data, tool_parameters=listed)
    found = imported(graph_file([start("name"), plain, old], ["start > plain", "start > old"]))
    assert data_of(found, "plain")["tool_parameters"] == {
        "year": {"type": "constant", "value": 2024},
        "note": {"type": "mixed", "value": "{{#start.name#}}"},
    }
    assert data_of(found, "old")["tool_parameters"] == {
        "year": {"type": "mixed", "value": "2024"},
        "month": {"type": "variable", "value": ["start", "name"]},
    }


def test_an_id_that_means_something_else_here_is_changed_everywhere() -> None:
    nodes = [
        {**start("name"), "id": "a.b/c"},
        llm("d:e", prompt_template=[{"role": "user", "text": "{{#a.b/c.name#}} {{# a.b/c.name #}} a.b/c."}]),
        end(text=["d:e", "text"]),
    ]
    found = imported(graph_file(nodes, ["a.b/c > d:e", "d:e > end"]))
    assert [item["id"] for item in nodes_of(found)] == ["a_b_c", "d_e", "end"]
    assert edges_of(found) == [("a_b_c", "d_e"), ("d_e", "end")]
    text = at(data_of(found, "d_e"), "prompt_template", 0, "text")
    assert text == "{{#a_b_c.name#}} {{#a_b_c.name #}} a.b/c."
    assert line(found, "node", "d_e").reason.startswith("its id 'd:e' became 'd_e'")
    assert {item.outcome for item in found.report.of("node")} == {"mapped"}


def test_a_reserved_id_is_changed_and_the_word_means_what_it_always_does() -> None:
    nodes = [start(), {**llm("sys", prompt_template=[{"role": "user", "text": "{{#sys.query#}}"}])}]
    found = imported(graph_file(nodes, ["start > sys"], mode="advanced-chat"))
    assert edges_of(found) == [("start", "sys_")]
    assert data_of(found, "sys_")["prompt_template"] == [{"role": "user", "text": "{{#sys.query#}}"}]


def test_a_new_id_takes_none_that_is_there() -> None:
    found = imported(graph_file([start(), llm("a.b"), llm("a_b")], ["start > a.b", "a.b > a_b"]))
    assert [item["id"] for item in nodes_of(found)] == ["start", "a_b_", "a_b"]
    assert edges_of(found) == [("start", "a_b_"), ("a_b_", "a_b")]


def test_ids_that_were_written_as_numbers_are_texts() -> None:
    nodes: list[Object] = [{**start(), "id": 17}, llm("18")]
    file = graph_file(nodes)
    object_at(file, "workflow", "graph")["edges"] = [{"source": 17, "target": 18, "sourceHandle": "source"}]
    found = imported(file)
    assert edges_of(found) == [("17", "18")]
    assert {item.outcome for item in found.report.of("node")} == {"mapped"}
