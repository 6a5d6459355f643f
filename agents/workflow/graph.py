"""The immutable, fully validated graph of a run. Knows the shape of nodes, never what they do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import BaseModel, ValidationError

from agents.errors import GraphError, InvalidGraph
from agents.types import EdgeSpec, NodeSpec

Selector = tuple[str, ...]
Shows = Literal["never", "if_last", "always"]
RESERVED_SOURCES = frozenset({"sys", "context", "env", "conversation"})


class NodeKind(Protocol):
    """What a graph must know of a kind of node."""

    @property
    def config_type(self) -> type[BaseModel]:
        """The model that a node's `config` is validated with."""
        ...

    @property
    def is_entry(self) -> bool:
        """Whether a run begins here; a graph has at most one such node."""
        ...

    @property
    def shows(self) -> Shows:
        """Whether its text is the run's answer: never, always, or unless a later node shows text."""
        ...

    def handles(self, config: BaseModel) -> frozenset[str]:
        """Return the names of the ways out."""
        ...

    def fields(self, config: BaseModel) -> frozenset[str] | None:
        """Return the names of the outputs; None when they are not known before the run."""
        ...

    def references(self, config: BaseModel) -> Iterable[Selector]:
        """Return what the node reads, as `(node or "sys", field, …)`."""
        ...


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A node whose `config` was validated by its kind; `shows` is resolved against what follows it."""

    id: str
    kind: str
    title: str
    config: BaseModel
    shows: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in topological order, with their edges. It is acyclic, connected and reads only what is upstream."""

    nodes: Mapping[str, GraphNode]
    incoming: Mapping[str, tuple[EdgeSpec, ...]]


def build_graph(nodes: Sequence[NodeSpec], edges: Sequence[EdgeSpec], kinds: Mapping[str, NodeKind]) -> Graph:
    """Validate and return the graph; raises `InvalidGraph` with every error at once."""
    return _Builder(nodes, edges, kinds).build()


class _Builder:
    """One validation; each check adds to `errors` and works on what the earlier ones left whole."""

    def __init__(self, nodes: Sequence[NodeSpec], edges: Sequence[EdgeSpec], kinds: Mapping[str, NodeKind]) -> None:
        self.errors: list[GraphError] = []
        self.kinds = kinds
        self.specs: dict[str, NodeSpec] = {}
        for node in nodes:
            if node.id in self.specs:
                self._wrong(node.id, "its id is used twice")
            self.specs[node.id] = node
        self.configs: dict[str, BaseModel] = {}
        self.edges = edges

    def _wrong(self, node_id: str, message: str) -> None:
        self.errors.append(GraphError(node_id, message))

    def build(self) -> Graph:
        if not self.specs:
            self._wrong("", "it has no nodes")
        for spec in self.specs.values():
            self._check_node(spec)
        self._check_edges()
        order = self._order()
        entries = self._check_entries()
        self._check_reach(order, entries)
        ancestors = self._ancestors(order)
        self._check_references(ancestors)
        if self.errors:
            raise InvalidGraph(self.errors)
        return Graph(
            nodes={node_id: self._graph_node(node_id, ancestors) for node_id in order},
            incoming={node_id: tuple(self.incoming[node_id]) for node_id in order},
        )

    def _check_node(self, spec: NodeSpec) -> None:
        if not spec.id or "." in spec.id or spec.id in RESERVED_SOURCES:
            self._wrong(spec.id, f"its id {spec.id!r} is empty, reserved or has a dot")
        kind = self.kinds.get(spec.kind)
        if kind is None:
            self._wrong(spec.id, f"its kind {spec.kind!r} is unknown; known are {', '.join(sorted(self.kinds))}")
            return
        try:
            self.configs[spec.id] = kind.config_type.model_validate(dict(spec.config))
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_context=False):
                path = ".".join(str(part) for part in detail["loc"]) or "config"
                self._wrong(spec.id, f"{path}: {detail['msg']}")

    def _check_edges(self) -> None:
        self.incoming: dict[str, list[EdgeSpec]] = {node_id: [] for node_id in self.specs}
        self.outgoing: dict[str, list[EdgeSpec]] = {node_id: [] for node_id in self.specs}
        for edge in self.edges:
            missing = [end for end in (edge.source, edge.target) if end not in self.specs]
            if missing:
                there = edge.source if edge.source in self.specs else edge.target
                owner = there if there in self.specs else ""
                self._wrong(owner, f"the edge {edge.source!r} → {edge.target!r} hangs: there is no node {missing[0]!r}")
                continue
            self._check_handle(edge)
            self.incoming[edge.target].append(edge)
            self.outgoing[edge.source].append(edge)

    def _check_handle(self, edge: EdgeSpec) -> None:
        config = self.configs.get(edge.source)
        if config is None:
            return
        handles = self.kinds[self.specs[edge.source].kind].handles(config)
        if edge.handle not in handles:
            self._wrong(edge.source, f"it has no way out {edge.handle!r}; it has {', '.join(sorted(handles))}")

    def _order(self) -> list[str]:
        """Return a topological order of the nodes that are on no cycle (Kahn 1962)."""
        waiting = {node_id: len(edges) for node_id, edges in self.incoming.items()}
        order = [node_id for node_id, count in waiting.items() if count == 0]
        for node_id in order:
            for edge in self.outgoing[node_id]:
                waiting[edge.target] -= 1
                if waiting[edge.target] == 0:
                    order.append(edge.target)
        for node_id in sorted(set(self.specs) - set(order)):
            if self._returns_to(node_id):
                self._wrong(node_id, "it lies on a cycle")
        return order

    def _descendants(self, starts: Iterable[str]) -> set[str]:
        seen: set[str] = set()
        pending = list(starts)
        while pending:
            for edge in self.outgoing[pending.pop()]:
                if edge.target not in seen:
                    seen.add(edge.target)
                    pending.append(edge.target)
        return seen

    def _returns_to(self, node_id: str) -> bool:
        return node_id in self._descendants([node_id])

    def _check_entries(self) -> list[str]:
        entries = [
            spec.id for spec in self.specs.values() if spec.kind in self.kinds and self.kinds[spec.kind].is_entry
        ]
        for extra in entries[1:]:
            self._wrong(extra, f"it is a second start beside {entries[0]!r}")
        for entry in entries:
            if self.incoming[entry]:
                self._wrong(entry, "an edge leads into the start")
        return entries

    def _check_reach(self, order: Sequence[str], entries: Sequence[str]) -> None:
        if not entries:
            return  # without a start, every node that waits for none begins the run
        reached = self._descendants(entries) | set(entries)
        for node_id in order:
            if node_id not in reached:
                self._wrong(node_id, f"no path leads to it from the start {entries[0]!r}")

    def _ancestors(self, order: Sequence[str]) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for node_id in order:
            sources = [edge.source for edge in self.incoming[node_id]]
            found[node_id] = frozenset(sources).union(*(found[source] for source in sources))
        return found

    def _check_references(self, ancestors: Mapping[str, frozenset[str]]) -> None:
        for node_id, upstream in ancestors.items():
            if node_id not in self.configs:
                continue
            for selector in self.kinds[self.specs[node_id].kind].references(self.configs[node_id]):
                if selector[0] not in RESERVED_SOURCES:
                    self._check_reference(node_id, selector, upstream)

    def _check_reference(self, node_id: str, selector: Selector, upstream: frozenset[str]) -> None:
        name = ".".join(selector)
        if selector[0] not in self.specs:
            self._wrong(node_id, f"it reads {name!r}, but there is no node {selector[0]!r}")
        elif selector[0] not in upstream:
            self._wrong(node_id, f"it reads {name!r}, but {selector[0]!r} is not upstream of it")
        elif selector[0] in self.configs and len(selector) > 1:
            fields = self.kinds[self.specs[selector[0]].kind].fields(self.configs[selector[0]])
            if fields is not None and selector[1] not in fields:
                self._wrong(node_id, f"it reads {name!r}, but {selector[0]!r} gives only {', '.join(sorted(fields))}")

    def _graph_node(self, node_id: str, ancestors: Mapping[str, frozenset[str]]) -> GraphNode:
        spec = self.specs[node_id]
        shows = self.kinds[spec.kind].shows
        is_last = not any(
            node_id in upstream and self.kinds[self.specs[later].kind].shows != "never"
            for later, upstream in ancestors.items()
        )
        return GraphNode(
            id=node_id,
            kind=spec.kind,
            title=spec.title or spec.id,
            config=self.configs[node_id],
            shows=shows == "always" or (shows == "if_last" and is_last),
        )
