"""What can be known to go wrong before a run exists, so that its caller reads a 4xx and not a broken stream."""

from collections.abc import Mapping

from pydantic import BaseModel

from agents.events import Body
from agents.nodes.base import Node, NodeContext
from agents.nodes.registry import NODES
from agents.ports import Ports
from agents.types import RunSpec
from agents.workflow.graph import build_graph
from agents.workflow.scope import scope_of
from agents.workflow.state import NodeRecord


async def check_run(spec: RunSpec, ports: Ports, *, kinds: Mapping[str, Node[BaseModel]] = NODES) -> None:
    """Raise what the graph, the inputs, the models or the context refuse.

    That is `InvalidGraph`, `InvalidInput`, `UnknownVariable`, `ModelNotFound` or `ContextOverflow`. What other nodes
    will give is taken for empty. Costs no call of a model unless the prompt is close to the limit.
    """
    graph = build_graph(spec.nodes, spec.edges, kinds)
    scope = scope_of(spec, graph, kinds, {}, tuple(graph.nodes))
    for node in graph.nodes.values():
        ctx = NodeContext(node.id, spec, ports, scope, NodeRecord(), node.shows, _nowhere, _nowhere)
        await kinds[node.kind].check(ctx, node.config)


async def _nowhere(body: Body) -> None:
    """Nothing runs in a check, so nothing is sent."""
