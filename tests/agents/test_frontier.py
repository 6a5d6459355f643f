"""What may run next, against a slow twin that simulates the graph edge by edge."""

from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from agents.tools.spec import NoConfig
from agents.types import EdgeSpec
from agents.workflow.frontier import Advancing, frontier_of
from agents.workflow.graph import Graph, GraphNode

HANDLES = ("source", "else")


def graph_of(count: int, edges: list[tuple[int, int, str]]) -> Graph:
    names = [f"n{index}" for index in range(count)]
    incoming: dict[str, tuple[EdgeSpec, ...]] = {name: () for name in names}
    for source, target, handle in edges:
        low, high = sorted((source % count, target % count))
        if low != high:
            incoming[names[high]] += (EdgeSpec(names[low], names[high], handle),)
    nodes = {name: GraphNode(name, "any", name, NoConfig(), shows=False) for name in names}
    return Graph(MappingProxyType(nodes), incoming)


GRAPHS = st.builds(
    graph_of,
    st.integers(1, 8),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.sampled_from(HANDLES)), max_size=16),
)


def is_reached(graph: Graph, node_id: str, choice: dict[str, str]) -> bool:
    """The meaning: a node runs iff it waits for none, or an edge that was chosen leads to it from one that ran."""
    edges = graph.incoming[node_id]
    return not edges or any(
        is_reached(graph, edge.source, choice) and choice[edge.source] == edge.handle for edge in edges
    )


@given(GRAPHS, st.data())
def test_every_order_runs_just_the_nodes_that_are_reached_each_once_and_after_what_it_waits_for(
    graph: Graph, data: st.DataObject
) -> None:
    choice = {name: data.draw(st.sampled_from(HANDLES)) for name in graph.nodes}
    chosen: dict[str, str] = {}
    while (frontier := frontier_of(graph, chosen)).ready:
        node_id = data.draw(st.sampled_from(frontier.ready))
        assert node_id not in chosen
        assert all(edge.source in chosen or edge.source in frontier.skipped for edge in graph.incoming[node_id])
        chosen[node_id] = choice[node_id]
    reached = {name for name in graph.nodes if is_reached(graph, name, choice)}
    assert set(chosen) == reached
    assert frontier.skipped == set(graph.nodes) - reached


@given(GRAPHS, st.data())
def test_the_frontier_that_is_kept_up_to_date_is_the_one_that_is_computed_anew(
    graph: Graph, data: st.DataObject
) -> None:
    advancing, chosen = Advancing(graph), dict[str, str]()
    while True:
        frontier = frontier_of(graph, chosen)
        assert set(advancing.ready) == set(frontier.ready)
        assert advancing.skipped == frontier.skipped
        if not frontier.ready:
            return
        node_id = data.draw(st.sampled_from(frontier.ready))
        chosen[node_id] = data.draw(st.sampled_from(HANDLES))
        advancing.finish(node_id, chosen[node_id])


def test_a_join_waits_for_both_branches_but_not_for_one_that_was_not_taken() -> None:
    graph = graph_of(4, [(0, 1, "source"), (0, 2, "else"), (1, 3, "source"), (2, 3, "source")])
    assert frontier_of(graph, {"n0": "source"}).ready == ("n1",)
    assert frontier_of(graph, {"n0": "source"}).skipped == {"n2"}
    assert frontier_of(graph, {"n0": "source", "n1": "source"}).ready == ("n3",)
    both = graph_of(4, [(0, 1, "source"), (0, 2, "source"), (1, 3, "source"), (2, 3, "source")])
    assert frontier_of(both, {"n0": "source", "n1": "source"}).ready == ("n2",)
