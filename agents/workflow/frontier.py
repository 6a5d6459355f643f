"""What may run now, and what never will: a pure function of the graph and of what has finished."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from agents.types import EdgeSpec
from agents.workflow.failure import SUCCESS_BRANCH
from agents.workflow.graph import Graph

DEFAULT_HANDLE = "source"


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
        if not edges or any(_is_taken(edge, chosen.get(edge.source)) for edge in edges):
            ready.append(node_id)
        else:
            skipped.add(node_id)
    return Frontier(tuple(ready), frozenset(skipped))


class Advancing:
    """The same frontier, kept up to date node by node: what each end decides costs no more than its edges."""

    def __init__(self, graph: Graph) -> None:
        self._outgoing = graph.outgoing
        self._undecided = {node_id: len(edges) for node_id, edges in graph.incoming.items()}
        self._is_wanted = {node_id: not edges for node_id, edges in graph.incoming.items()}
        self.ready: dict[str, None] = {node_id: None for node_id, edges in graph.incoming.items() if not edges}
        self.skipped: set[str] = set()

    def finish(self, node_id: str, handle: str) -> None:
        """Take in that a node finished and chose `handle`; `ready` and `skipped` are then as `frontier_of` says."""
        self.ready.pop(node_id, None)
        ended: deque[tuple[str, str | None]] = deque([(node_id, handle)])
        while ended:
            source, chosen = ended.popleft()
            for edge in self._outgoing[source]:
                self._undecided[edge.target] -= 1
                self._is_wanted[edge.target] |= _is_taken(edge, chosen)
                if self._undecided[edge.target]:
                    continue
                if self._is_wanted[edge.target]:
                    self.ready[edge.target] = None
                else:
                    self.skipped.add(edge.target)
                    ended.append((edge.target, None))


def _is_taken(edge: EdgeSpec, handle: str | None) -> bool:
    """Whether the edge is followed; a node with a way out for failures may call the other one by two names."""
    return edge.handle == handle or (handle == DEFAULT_HANDLE and edge.handle == SUCCESS_BRANCH)
