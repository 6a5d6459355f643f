"""Runs of a draft for debugging: one node alone, from a node on with what is known, with made-up outputs, replayed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agents.nodes.registry import NODES
from agents.types import EdgeSpec, Given, JsonObject, JsonValue, NodeSpec, RunSpec
from agents.workflow.expressions import normal
from agents.workflow.graph import CONTEXT, CONVERSATION, ENVIRONMENT, SYSTEM
from backend.common.errors import Invalid

NO_NODES = frozenset({SYSTEM, ENVIRONMENT, CONVERSATION, CONTEXT})
Selected = Mapping[tuple[str, str], JsonValue]
"""Values by node and field."""


@dataclass(frozen=True, slots=True)
class Debug:
    """How a run of a draft differs from an ordinary one.

    With `only`, nothing but that node runs. `given` stands for nodes that do not run; `conversation` holds values of
    conversation variables. With `replayed`, inputs, files and those values are of a logged run, and its owner's files
    are read.
    """

    only: str = ""
    given: Mapping[str, Given] = field(default_factory=dict)
    conversation: Mapping[str, JsonValue] = field(default_factory=dict)
    replayed: RunSpec | None = None

    def applied(self, spec: RunSpec) -> RunSpec:
        """Return the run as it is debugged."""
        kept = {item.name: item.value for item in self.replayed.conversation} if self.replayed else {}
        values = {**kept, **self.conversation}
        conversation = tuple(replace(item, value=values.get(item.name, item.value)) for item in spec.conversation)
        spec = replace(spec, only=self.only, given=self.given, conversation=conversation)
        if self.replayed is None:
            return spec
        past = self.replayed
        inputs = past.inputs if spec.mode else spec.inputs  # those of a graph may hold files of the run's owner
        return replace(spec, inputs=inputs, files=past.files, user=past.user, is_member=past.is_member)


def node_of_draft(nodes: Sequence[NodeSpec], node_id: str) -> NodeSpec:
    """Return the node; raises `Invalid` for one that the draft does not have."""
    for node in nodes:
        if node.id == node_id:
            return node
    message = f"the draft has no node {node_id[:100]!r}: save it first"
    raise Invalid(message, fields={"node_id": [message]})


def downstream(edges: Sequence[EdgeSpec], start: str) -> frozenset[str]:
    """Return the node and all that follows it."""
    found, pending = {start}, [start]
    while pending:
        here = pending.pop()
        following = {edge.target for edge in edges if edge.source == here} - found
        found |= following
        pending += following
    return frozenset(found)


def cached_before(
    nodes: Sequence[NodeSpec], edges: Sequence[EdgeSpec], start: str, known: Mapping[str, Given]
) -> dict[str, Given]:
    """Return what stands for the nodes that do not run when a run goes on from `start`: all but what follows it.

    Raises `Invalid` when a node that leads to `start` is not known.
    """
    later = downstream(edges, start)
    cached = {
        node.id: known[node.id] for node in nodes if not node.parent and node.id not in later and node.id in known
    }
    missing = sorted(edge.source for edge in edges if edge.target == start and edge.source not in cached)
    if missing and len(missing) == sum(edge.target == start for edge in edges):
        message = f"that run has no result of {missing[0]!r}, which leads to {start!r}: choose a run that went there"
        raise Invalid(f"from_node: {message}", fields={"from_node": [message]})
    return cached


def mocked(nodes: Sequence[NodeSpec], mocks: Mapping[str, JsonObject], handles: Mapping[str, str]) -> dict[str, Given]:
    """Return what stands for the nodes that are mocked; raises `Invalid` for one that the draft does not have."""
    return {
        node_of_draft(nodes, node_id).id: Given(outputs, handles.get(node_id, "source"), "mocked")
        for node_id, outputs in mocks.items()
    }


def parts_of(inputs: Mapping[str, JsonValue]) -> dict[tuple[str, str], JsonValue]:
    """Return inputs by node and field; raises `Invalid` for a name that is not `node.field`."""
    found: dict[tuple[str, str], JsonValue] = {}
    for name, value in inputs.items():
        source, dot, key = name.partition(".")
        if not dot or not source or not key:
            message = f"{name[:100]!r} must be written as 'node.field', 'sys.query' or 'conversation.name'"
            raise Invalid(f"inputs: {message}", fields={f"inputs.{name[:100]}": [message]})
        found[source, key] = value
    return found


def reads(nodes: Sequence[NodeSpec], node_id: str) -> list[tuple[str, str]]:
    """Return node and field of everything that the node, and what lies in it, reads from other nodes."""
    inside = _inside(nodes, node_id)
    found: dict[tuple[str, str], None] = {}
    for node in nodes:
        if node.id in inside:
            for source, *path in _references(node):
                if source not in inside and source not in NO_NODES and path:
                    found.setdefault((source, path[0]))
    return list(found)


def _inside(nodes: Sequence[NodeSpec], container: str) -> frozenset[str]:
    found = {container}
    while more := {node.id for node in nodes if node.parent in found and node.id not in found}:
        found |= more
    return frozenset(found)


def _references(node: NodeSpec) -> Iterator[tuple[str, ...]]:
    kind = NODES.get(node.kind)
    if kind is None:
        return
    try:
        config = kind.config_type.model_validate(dict(node.config))
    except ValueError:
        return  # its errors are told when the graph is built
    yield from (normal(selector) for selector in kind.references(config))


def given_alone(
    nodes: Sequence[NodeSpec], node_id: str, inputs: Selected, known: Mapping[str, Given]
) -> dict[str, Given]:
    """Return what stands for the nodes that a node alone reads: `inputs` over what is `known` of an earlier run.

    Raises `Invalid` with every value that nobody gave.
    """
    outputs: dict[str, dict[str, JsonValue]] = {source: dict(item.outputs) for source, item in known.items()}
    for (source, key), value in inputs.items():
        if source not in NO_NODES:
            outputs.setdefault(source, {})[key] = value
    missing = [f"{source}.{key}" for source, key in reads(nodes, node_id) if key not in outputs.get(source, {})]
    if missing:
        fields = {f"inputs.{name}": [f"{node_id!r} reads {name!r}: send it, or run what gives it"] for name in missing}
        raise Invalid(f"inputs: {node_id!r} reads {', '.join(missing)}, which no run has given yet", fields=fields)
    return {source: Given(values) for source, values in outputs.items()}
