"""From a saved graph to one that can run: every error is found at once, each with its node."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from pydantic import BaseModel, ValidationError

from agents.errors import GraphError, InvalidGraph
from agents.types import EdgeSpec, Given, NodeSpec
from agents.workflow.failure import FAIL_BRANCH, SUCCESS_BRANCH, FailureHandling
from agents.workflow.graph import RESERVED_SOURCES, Declared, Graph, GraphNode, NodeKind
from agents.workflow.paths import FORBIDDEN
from agents.workflow.reading import Reading

DEFAULT_HANDLE = "source"
MAX_NESTING = 5
ROOT = ""
Kinds = Mapping[str, NodeKind]
UNCHECKED = Declared()
NOTHING_GIVEN: Mapping[str, Given] = MappingProxyType({})


def build_graph(
    nodes: Sequence[NodeSpec],
    edges: Sequence[EdgeSpec],
    kinds: Kinds,
    *,
    declared: Declared = UNCHECKED,
    given: Mapping[str, Given] = NOTHING_GIVEN,
) -> Graph:
    """Validate and return the graph; raises `InvalidGraph` with every error at once.

    What `given` names may be read although it is no node of the graph, or not upstream.
    """
    return _Builder(nodes, edges, kinds, declared, given).build()


class _Builder:
    """One validation; each check adds to `errors` and works on what the earlier ones left whole."""

    def __init__(
        self,
        nodes: Sequence[NodeSpec],
        edges: Sequence[EdgeSpec],
        kinds: Kinds,
        declared: Declared,
        given: Mapping[str, Given],
    ) -> None:
        self.errors: list[GraphError] = []
        self.kinds = kinds
        self.specs: dict[str, NodeSpec] = {}
        for node in nodes:
            if node.id in self.specs:
                self._wrong(node.id, "its id is used twice")
            self.specs[node.id] = node
        self.configs: dict[str, BaseModel] = {}
        self.handling: dict[str, FailureHandling] = {}
        self.edges = edges
        self.levels: dict[str, list[str]] = {}
        self.reading = Reading(self, declared, given)

    def _wrong(self, node_id: str, message: str) -> None:
        self.errors.append(GraphError(node_id, message))

    def kind_of(self, node_id: str) -> NodeKind | None:
        """Return the kind of a node; None for an unknown one, which was reported."""
        spec = self.specs.get(node_id)
        return self.kinds.get(spec.kind) if spec else None

    def build(self) -> Graph:
        if not self.specs:
            self._wrong("", "it has no nodes")
        for spec in self.specs.values():
            self._check_node(spec)
        self._check_parents()
        self._check_edges()
        graph = self._level(ROOT, frozenset(), 0)
        if self.errors:
            raise InvalidGraph(self.errors)
        return graph

    def _check_node(self, spec: NodeSpec) -> None:
        if not spec.id or spec.id in RESERVED_SOURCES or any(mark in spec.id for mark in FORBIDDEN):
            self._wrong(spec.id, f"its id {spec.id!r} is empty, reserved, or has one of {' '.join(sorted(FORBIDDEN))}")
        kind = self.kinds.get(spec.kind)
        if kind is None:
            self._wrong(spec.id, f"its kind {spec.kind!r} is unknown; known are {', '.join(sorted(self.kinds))}")
            return
        config = self._validated(spec, kind.config_type)
        if config is not None:
            self.configs[spec.id] = config
        handling = self._validated(spec, FailureHandling)
        if isinstance(handling, FailureHandling):
            self.handling[spec.id] = handling

    def _validated(self, spec: NodeSpec, model: type[BaseModel]) -> BaseModel | None:
        try:
            return model.model_validate(dict(spec.config))
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_context=False):
                path = ".".join(str(part) for part in detail["loc"]) or "config"
                self._wrong(spec.id, f"{path}: {detail['msg'].removeprefix('Value error, ')}")
            return None

    def _check_parents(self) -> None:
        for spec in self.specs.values():
            self._check_place(spec)
            if spec.parent == ROOT:
                continue
            parent = self.kind_of(spec.parent)
            if spec.parent not in self.specs:
                self._wrong(spec.id, f"it lies in {spec.parent!r}, but there is no such node")
            elif parent is not None and not parent.is_container:
                self._wrong(spec.id, f"it lies in {spec.parent!r}, which runs no nodes of its own")
            elif self._depth(spec.id) > MAX_NESTING:
                self._wrong(spec.id, f"it is nested deeper than {MAX_NESTING} containers, or in itself")
        for spec in self.specs.values():
            self.levels.setdefault(spec.parent, []).append(spec.id)

    def _check_place(self, spec: NodeSpec) -> None:
        """Report what begins or ends the rounds of another container, and a run's start inside of one."""
        kind = self.kind_of(spec.id)
        around = self.specs[spec.parent].kind if spec.parent in self.specs else ""
        if kind is None or (kind.belongs_in == around) or not (kind.belongs_in or kind.is_entry):
            return
        place = f"inside of a node of the kind {kind.belongs_in!r}" if kind.belongs_in else "outside of all containers"
        self._wrong(spec.id, f"a node of the kind {spec.kind!r} must lie {place}")

    def _depth(self, node_id: str) -> int:
        depth = 0
        while (parent := self.specs[node_id].parent) in self.specs and depth <= MAX_NESTING:
            node_id, depth = parent, depth + 1
        return depth

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
            if self.specs[edge.source].parent != self.specs[edge.target].parent:
                self._wrong(edge.source, f"its edge to {edge.target!r} crosses the border of a container")
                continue
            if not self._check_handle(edge):
                continue
            self.incoming[edge.target].append(edge)
            self.outgoing[edge.source].append(edge)

    def _check_handle(self, edge: EdgeSpec) -> bool:
        """Report a way out that does not exist; False for one that an earlier error strategy left behind."""
        handles = self.handles_of(edge.source)
        if handles is None or edge.handle in handles:
            return True
        if edge.handle in (FAIL_BRANCH, SUCCESS_BRANCH):
            return edge.handle == SUCCESS_BRANCH
        self._wrong(edge.source, f"it has no way out {edge.handle!r}; it has {', '.join(sorted(handles))}")
        return True

    def handles_of(self, node_id: str) -> frozenset[str] | None:
        """Return the ways out of a node; None when its configuration is not right."""
        config, kind, handling = self.configs.get(node_id), self.kind_of(node_id), self.handling.get(node_id)
        if config is None or kind is None or handling is None:
            return None
        own = kind.handles(config)
        return own | {FAIL_BRANCH, SUCCESS_BRANCH} if handling.error_strategy == FAIL_BRANCH else own

    def _level(self, parent: str, outer: frozenset[str], depth: int) -> Graph:
        """Return the graph of the nodes in `parent`; `outer` is what all of them may read."""
        ids = self.levels.get(parent, [])
        order = self._order(ids)
        entries = self._check_entries(ids) or self._named_entry(parent, ids)
        reached = (self._descendants(entries) | set(entries)) if entries else set(order)
        order = [node_id for node_id in order if node_id in reached]
        ancestors = self._ancestors(order)
        spoken_over = frozenset[str]().union(*(ancestors[node_id] for node_id in order if self._shows(node_id)))
        nodes: dict[str, GraphNode] = {}
        for node_id in order:
            visible = outer | ancestors[node_id]
            inner = self._inner(node_id, visible, depth)
            if node_id in self.configs and node_id in self.handling:
                self.reading.check(node_id, visible)
                nodes[node_id] = self._graph_node(node_id, inner, is_last=parent == ROOT and node_id not in spoken_over)
        return Graph(
            nodes=nodes,
            incoming={node_id: tuple(e for e in self.incoming[node_id] if e.source in reached) for node_id in order},
            ancestors=ancestors,
            unreached=tuple(node_id for node_id in ids if node_id not in reached),
        )

    def _shows(self, node_id: str) -> bool:
        kind = self.kind_of(node_id)
        return kind is not None and kind.shows != "never"

    def _inner(self, node_id: str, visible: frozenset[str], depth: int) -> Graph | None:
        kind = self.kind_of(node_id)
        if kind is None or not kind.is_container:
            return None
        if depth >= MAX_NESTING or node_id not in self.levels:
            if node_id not in self.levels:
                self._wrong(node_id, "it has no nodes inside: add what it should do in each round")
            return None
        graph = self._level(node_id, visible | {node_id}, depth + 1)
        if node_id in self.configs:
            self.reading.check_inner(node_id, visible | frozenset(graph.nodes) | {node_id})
        return graph

    def _order(self, ids: Sequence[str]) -> list[str]:
        """Return a topological order of the nodes that are on no cycle (Kahn 1962)."""
        waiting = {node_id: len(self.incoming[node_id]) for node_id in ids}
        order = [node_id for node_id, count in waiting.items() if count == 0]
        for node_id in order:
            for edge in self.outgoing[node_id]:
                waiting[edge.target] -= 1
                if waiting[edge.target] == 0:
                    order.append(edge.target)
        for node_id in sorted(set(ids) - set(order)):
            if node_id in self._descendants([node_id]):
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

    def _check_entries(self, ids: Sequence[str]) -> list[str]:
        entries = [node_id for node_id in ids if (kind := self.kind_of(node_id)) is not None and kind.is_entry]
        for extra in entries[1:]:
            self._wrong(extra, f"it is a second start beside {entries[0]!r}")
        for entry in entries:
            if self.incoming[entry]:
                self._wrong(entry, "an edge leads into the start")
        return entries

    def _named_entry(self, parent: str, ids: Sequence[str]) -> list[str]:
        """Return the node that older files name as the first of a round, where it is one of them."""
        kind, config = self.kind_of(parent), self.configs.get(parent)
        named = kind.inner_start(config) if kind is not None and config is not None else ""
        return [named] if named in ids else []

    def _ancestors(self, order: Sequence[str]) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for node_id in order:
            sources = [edge.source for edge in self.incoming[node_id] if edge.source in found]
            found[node_id] = frozenset(sources).union(*(found[source] for source in sources))
        return found

    def _graph_node(self, node_id: str, inner: Graph | None, *, is_last: bool) -> GraphNode:
        spec, config = self.specs[node_id], self.configs[node_id]
        kind = self.kinds[spec.kind]
        return GraphNode(
            id=node_id,
            kind=spec.kind,
            title=spec.title or spec.id,
            config=config,
            shows=kind.shows == "always" or (kind.shows == "if_last" and is_last),
            handling=self.handling[node_id],
            handles=self.handles_of(node_id) or frozenset({DEFAULT_HANDLE}),
            segments=kind.segments(config),
            quotes_streams_only=kind.is_result,
            streams=kind.streams,
            inner=inner,
        )
