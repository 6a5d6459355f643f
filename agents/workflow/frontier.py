"""What may run now, and what never will: a pure function of the graph and of what has finished."""

from collections.abc import Mapping
from dataclasses import dataclass

from agents.types import EdgeSpec
from agents.workflow.graph import Graph


@dataclass(frozen=True, slots=True)
class Frontier:
    """`ready`: every way in is decided and one was taken. `skipped`: none was, or will be."""

    ready: tuple[str, ...]
    skipped: frozenset[str]


def frontier_of(graph: Graph, chosen: Mapping[str, str]) -> Frontier:
    """Return the frontier, given the handle that each finished node chose. Nodes that run now are in `ready` too."""
    ready: list[str] = []
    skipped: set[str] = set()

    def is_decided(edge: EdgeSpec) -> bool:
        return edge.source in chosen or edge.source in skipped

    for node_id in graph.nodes:  # topological: whatever is skipped upstream is known by now
        if node_id in chosen:
            continue
        edges = graph.incoming[node_id]
        if not all(is_decided(edge) for edge in edges):
            continue
        if not edges or any(chosen.get(edge.source) == edge.handle for edge in edges):
            ready.append(node_id)
        else:
            skipped.add(node_id)
    return Frontier(tuple(ready), frozenset(skipped))
