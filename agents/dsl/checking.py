"""What keeps an imported graph from running, with a stand-in for kinds of nodes that are not here."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, cast

from pydantic import BaseModel

from agents.dsl.saved import SavedGraph, graph_read
from agents.dsl.values import Object
from agents.errors import GraphError, InvalidGraph
from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient
from agents.nodes.registry import NODES
from agents.workflow.build import build_graph
from agents.workflow.graph import Declared, NodeKind, Selector


class Anything(Lenient):
    """The configuration of a node nobody knows."""


class StandIn(Node[Anything]):
    """In the place of a kind that is not here: so that one missing kind is one error, and not one for all around it."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    description: ClassVar[str] = ""
    outputs: ClassVar[dict[str, str]] = {}
    config_type = Anything

    def __init__(self, ways_out: frozenset[str]) -> None:
        self._ways_out = ways_out

    def handles(self, config: BaseModel) -> frozenset[str]:
        return self._ways_out

    def output_types(self, config: BaseModel) -> None:
        return None

    def references(self, config: BaseModel) -> Iterator[Selector]:
        return iter(())

    async def run(self, ctx: NodeContext, config: Anything) -> NodeResult:
        raise AssertionError("a graph with an unknown kind is never run")


def graph_errors(graph: Object, declared: Declared) -> list[GraphError]:
    """Return what a publication of the graph would refuse, but for kinds that are not here."""
    try:
        saved = graph_read(graph)
        build_graph(saved.nodes, saved.edges, _kinds(saved), declared=declared)
    except InvalidGraph as error:
        return list(error.errors)
    return []


def _kinds(saved: SavedGraph) -> Mapping[str, NodeKind]:
    ways: dict[str, set[str]] = {node.kind: set() for node in saved.nodes if node.kind not in NODES}
    kind_of = {node.id: node.kind for node in saved.nodes}
    for edge in saved.edges:
        if (kind := kind_of.get(edge.source)) in ways:
            ways[str(kind)].add(edge.handle)
    unknown = {kind: cast(NodeKind, StandIn(frozenset(handles) | {"source"})) for kind, handles in ways.items()}
    return {**NODES, **unknown}
