"""A graph that cannot run is refused with all its errors at once."""

from collections.abc import Sequence

import pytest

from agents.errors import InvalidGraph
from agents.nodes.registry import NODES
from agents.types import NodeSpec
from agents.workflow.build import build_graph
from agents.workflow.graph import Graph
from tests.agents.fakes import edges_of, llm_config, node


def build(nodes: Sequence[NodeSpec], *edges: str) -> Graph:
    return build_graph(nodes, edges_of(*edges), NODES)


def errors_of(nodes: Sequence[NodeSpec], *edges: str) -> dict[str, str]:
    with pytest.raises(InvalidGraph) as caught:
        build(nodes, *edges)
    assert all(error.message in str(caught.value) for error in caught.value.errors)
    return {error.node_id: error.message for error in caught.value.errors}


def answer(node_id: str, text: str = "") -> NodeSpec:
    return node(node_id, "answer", {"answer": text})


def test_nodes_stand_in_topological_order_whatever_their_order_was() -> None:
    graph = build([answer("c"), answer("b"), node("a", "start")], "a > b", "b > c")
    assert list(graph.nodes) == ["a", "b", "c"]


def test_all_errors_come_at_once_each_with_its_node() -> None:
    errors = errors_of(
        [
            node("s", "start"),
            node("odd", "time-machine"),
            node("model", "llm", {"model": {"id": "m", "parameters": {"temperature": "hot"}}}),
            answer("lonely"),
            answer("reader", "{{#ghost.text#}}"),
            answer("ring1"),
            answer("ring2"),
        ],
        "s > odd",
        "s > model",
        "s.left > reader",
        "reader > nowhere",
        "ring1 > ring2",
        "ring2 > ring1",
    )
    assert errors.keys() == {"s", "odd", "model", "reader", "ring1", "ring2"}
    assert "'time-machine' is unknown" in errors["odd"] and "knowledge-retrieval" in errors["odd"]
    assert "model.parameters.temperature" in errors["model"]
    assert "no way out 'left'" in errors["s"]
    assert "cycle" in errors["ring1"]


def test_a_dangling_edge_is_named() -> None:
    assert "no node 'nowhere'" in errors_of([answer("a")], "a > nowhere")["a"]


def test_a_node_behind_a_cycle_is_not_blamed_for_it() -> None:
    assert errors_of([answer("a"), answer("b"), answer("c")], "a > b", "b > a", "b > c").keys() == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{{#ghost.text#}}", "no node 'ghost'"),
        ("{{#later.answer#}}", "not upstream"),
        ("{{#model.txt#}}", "gives only files, finish_reason, reasoning_content, text, usage"),
    ],
)
def test_a_reference_must_name_an_output_of_a_node_upstream(text: str, complaint: str) -> None:
    nodes = [node("model", "llm", llm_config()), answer("reader", text), answer("later")]
    assert complaint in errors_of(nodes, "model > reader", "reader > later")["reader"]
    nodes[1] = answer("reader", "{{#model.text#}} {{#sys.query#}} {{name}}")
    assert len(build(nodes, "model > reader", "reader > later").nodes) == 3


def test_a_selector_is_a_reference_too() -> None:
    config = llm_config(context={"enabled": True, "variable_selector": ["ghost", "result"]})
    assert "no node 'ghost'" in errors_of([node("model", "llm", config)])["model"]


def test_two_starts_and_an_edge_into_the_start_are_refused() -> None:
    errors = errors_of([node("a", "start"), node("b", "start"), answer("c")], "a > c", "b > c", "c > a")
    assert "second start" in errors["b"]
    assert errors_of([node("a", "start"), answer("c")], "a > c", "c > a").keys() == {"a", "c"}


def test_an_id_must_be_unique_and_speakable() -> None:
    assert "twice" in errors_of([answer("a"), answer("a")])["a"]
    assert "reserved" in errors_of([answer("sys")])["sys"]
    for odd in ("a.b", "a/b", "a:b"):
        assert "reserved" in errors_of([answer(odd)])[odd]


def test_what_no_path_leads_to_is_kept_apart_and_never_runs() -> None:
    nodes = [node("s", "start"), answer("a"), answer("lonely"), answer("next")]
    graph = build_graph(nodes, edges_of("s > a", "lonely > next"), NODES)
    assert list(graph.nodes) == ["s", "a"] and graph.unreached == ("lonely", "next")


def test_an_empty_graph_is_refused() -> None:
    assert errors_of([]) == {"": "it has no nodes"}


def test_only_the_last_text_is_shown_but_every_answer() -> None:
    graph = build(
        [node("m1", "llm", llm_config()), node("m2", "llm", llm_config()), answer("a1"), answer("a2")],
        "m1 > m2",
        "m2 > a1",
        "a1 > a2",
    )
    assert [node_id for node_id, item in graph.nodes.items() if item.shows] == ["a1", "a2"]
    assert build([node("m", "llm", llm_config())]).nodes["m"].shows
