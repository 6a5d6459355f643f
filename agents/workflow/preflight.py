"""What can be known to go wrong before a run exists, so that its caller reads a 4xx and not a broken stream."""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from agents.errors import InvalidInput
from agents.events import Body
from agents.nodes.base import Node, NodeContext, Round
from agents.nodes.registry import NODES
from agents.ports import Ports
from agents.types import JsonObject, RunSpec
from agents.workflow.execute import graph_of_run
from agents.workflow.graph import Graph, GraphNode
from agents.workflow.scope import scope_of
from agents.workflow.state import NodeRecord
from agents.workflow.voices import Silent


async def check_run(spec: RunSpec, ports: Ports, *, kinds: Mapping[str, Node[BaseModel]] = NODES) -> None:
    """Raise what the graph, the inputs, the models or the context refuse.

    That is `InvalidGraph`, `InvalidInput`, `UnknownVariable`, `ModelNotFound` or `ContextOverflow`. What other nodes
    will give is taken for empty. Costs no call of a model unless the prompt is close to the limit.
    """
    graph = graph_of_run(spec, kinds)
    given = {node_id: item.outputs for node_id, item in spec.given.items()}
    known = {**_entered(spec, graph, kinds), **given}
    unknown = frozenset(node_id for node_id in _ids(graph) if node_id not in known)
    scope = scope_of(spec, graph, kinds, known, unknown)
    for node in _nodes(graph):
        if node.id in given:
            continue
        ctx = NodeContext(
            node_id=node.id,
            spec=spec,
            ports=ports,
            scope=scope,
            past=NodeRecord(),
            emit=_nowhere,
            emit_stored=_nowhere,
            voice=Silent(),
            rounds=NoRounds(),
        )
        try:
            await kinds[node.kind].check(ctx, node.config)
        except InvalidInput:
            if not any(selector[0] in unknown for selector in kinds[node.kind].references(node.config)):
                raise  # else it may be well once the nodes that it reads have run


def _entered(spec: RunSpec, graph: Graph, kinds: Mapping[str, Node[BaseModel]]) -> dict[str, JsonObject]:
    """Return what the start gives, which is known before the run."""
    return {
        node.id: {**kinds[node.kind].input_defaults(node.config), **spec.inputs}
        for node in graph.nodes.values()
        if kinds[node.kind].is_entry
    }


def _nodes(graph: Graph) -> Iterator[GraphNode]:
    """Yield every node, those of containers too."""
    for node in graph.nodes.values():
        yield node
        if node.inner is not None:
            yield from _nodes(node.inner)


def _ids(graph: Graph) -> Iterator[str]:
    return (node.id for node in _nodes(graph))


class NoRounds:
    """Nothing runs in a check."""

    async def run(self, index: int, values: JsonObject) -> Round:
        """Nothing runs."""
        raise AssertionError("a check runs no graph")

    async def call(self, spec: RunSpec, environment: JsonObject) -> JsonObject:
        """Nothing runs."""
        raise AssertionError("a check runs no graph")


async def _nowhere(body: Body) -> None:
    """Nothing runs in a check, so nothing is sent."""
