"""The immutable graph of a run, and what it must know of a kind of node. `build_graph` is the only way to make one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pydantic import BaseModel

from agents.types import EdgeSpec, VariableSpec
from agents.workflow.failure import FailureHandling
from agents.workflow.variables import VarType

Selector = tuple[str, ...]
"""Where a value is: (node id, "sys", "env" or "conversation"; then a field; then keys inside it)."""
Shows = Literal["never", "if_last", "always"]
ENVIRONMENT, CONVERSATION, SYSTEM, CONTEXT = "env", "conversation", "sys", "context"
RESERVED_SOURCES = frozenset({SYSTEM, CONTEXT, ENVIRONMENT, CONVERSATION})
Segment = str | Selector
"""A piece of an answer: text as it stands, or the value at a selector."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """A node reads `selector` and can work with these types only."""

    selector: Selector
    types: tuple[VarType, ...]


class NodeKind(Protocol):
    """What a graph must know of a kind of node."""

    @property
    def config_type(self) -> type[BaseModel]:
        """The model that a node's `config` is validated with."""
        ...

    @property
    def is_entry(self) -> bool:
        """Whether a run, or a round of a container, begins here; a graph has at most one such node."""
        ...

    @property
    def belongs_in(self) -> str:
        """The kind of container that such a node must lie in; empty for any place."""
        ...

    @property
    def is_container(self) -> bool:
        """Whether it runs a graph of its own: the nodes whose `parent` it is."""
        ...

    @property
    def shows(self) -> Shows:
        """Whether its text is the run's answer: never, always, or unless a later node shows text."""
        ...

    @property
    def streams(self) -> str:
        """The name of the output that comes piece by piece, or empty."""
        ...

    def handles(self, config: BaseModel) -> frozenset[str]:
        """Return the names of the ways out."""
        ...

    def output_types(self, config: BaseModel) -> Mapping[str, str] | None:
        """Return the outputs with their types; None when they are not known before the run."""
        ...

    def inner_types(self, config: BaseModel) -> Mapping[str, str]:
        """Return what a container's own nodes may read of it."""
        ...

    def references(self, config: BaseModel) -> Iterable[Selector]:
        """Return what the node reads from upstream."""
        ...

    def inner_start(self, config: BaseModel) -> str:
        """Return the id of the node with which a round of a container begins, where no kind of node says so."""
        ...

    def inner_references(self, config: BaseModel) -> Iterable[Selector]:
        """Return what a container reads from its own nodes."""
        ...

    def expectations(self, config: BaseModel) -> Iterable[Expectation]:
        """Return the types that what it reads must have."""
        ...

    def assigned(self, config: BaseModel) -> Iterable[Selector]:
        """Return the variables that the node writes."""
        ...

    @property
    def is_result(self) -> bool:
        """Whether its outputs are the run's; such a node shows only what streams into it."""
        ...

    def segments(self, config: BaseModel) -> tuple[Segment, ...]:
        """Return what a node that always shows text is made of, in order."""
        ...


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A node whose `config` was validated by its kind; `shows` is resolved against what follows it."""

    id: str
    kind: str
    title: str
    config: BaseModel
    shows: bool
    handling: FailureHandling = field(default_factory=FailureHandling)
    handles: frozenset[str] = frozenset({"source"})
    segments: tuple[Segment, ...] = ()
    quotes_streams_only: bool = False
    streams: str = ""
    inner: "Graph | None" = None


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes in topological order, with their edges. It is acyclic and reads only what is upstream.

    `unreached` are nodes that no path from the start leads to: they are kept by whoever saved them, and never run.
    """

    nodes: Mapping[str, GraphNode]
    incoming: Mapping[str, tuple[EdgeSpec, ...]]
    ancestors: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unreached: tuple[str, ...] = ()
    outgoing: Mapping[str, tuple[EdgeSpec, ...]] = field(init=False)

    def __post_init__(self) -> None:
        found: dict[str, list[EdgeSpec]] = {node_id: [] for node_id in self.nodes}
        for edges in self.incoming.values():
            for edge in edges:
                found.setdefault(edge.source, []).append(edge)
        object.__setattr__(self, "outgoing", {node_id: tuple(edges) for node_id, edges in found.items()})


@dataclass(frozen=True, slots=True)
class Declared:
    """The variables that a graph may name besides its nodes; None leaves them unchecked."""

    environment: Mapping[str, str] | None = None
    conversation: Mapping[str, str] | None = None

    @classmethod
    def of(cls, environment: Iterable[VariableSpec], conversation: Iterable[VariableSpec]) -> "Declared":
        """Return the types of an application's variables."""
        return cls({item.name: item.type for item in environment}, {item.name: item.type for item in conversation})
