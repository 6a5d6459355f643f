"""From the saved form of a graph (`{"nodes": […], "edges": […]}`, as Dify writes it) to what runs. Knows no kinds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from agents.errors import GraphError, InvalidGraph
from agents.types import EdgeSpec, JsonObject, JsonValue, NodeSpec
from agents.workflow.build import DEFAULT_HANDLE

NOTE_TYPES = frozenset({"custom-note", "note"})
ALIASES: Mapping[str, str] = {"variable-assigner": "variable-aggregator"}
"""Kinds that older files call by another name."""


@dataclass(frozen=True, slots=True)
class SavedGraph:
    """Nodes and edges as they run; what stands on the canvas for people only is left out."""

    nodes: tuple[NodeSpec, ...]
    edges: tuple[EdgeSpec, ...]


def is_note(node: Mapping[str, JsonValue]) -> bool:
    """Whether a saved node is a note on the canvas; notes have no type in their data."""
    data = node.get("data")
    return node.get("type") in NOTE_TYPES or not (isinstance(data, dict) and data.get("type"))


def graph_read(graph: JsonObject) -> SavedGraph:
    """Return what runs; raises `InvalidGraph` for what has not the shape of a graph at all."""
    errors: list[GraphError] = []
    nodes = tuple(_nodes(graph.get("nodes", []), errors))
    edges = tuple(_edges(graph.get("edges", []), errors, {node.id for node in nodes}, _notes(graph.get("nodes", []))))
    if errors:
        raise InvalidGraph(errors)
    return SavedGraph(nodes, edges)


def _objects(value: JsonValue, what: str, errors: list[GraphError]) -> Sequence[dict[str, JsonValue]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        errors.append(GraphError("", f"{what} must be a list of objects"))
        return []
    return cast(list[dict[str, JsonValue]], value)


def _notes(value: JsonValue) -> frozenset[str]:
    if not isinstance(value, list):
        return frozenset()
    return frozenset(str(item.get("id", "")) for item in value if isinstance(item, dict) and is_note(item))


def _nodes(value: JsonValue, errors: list[GraphError]) -> list[NodeSpec]:
    found: list[NodeSpec] = []
    for index, node in enumerate(_objects(value, "nodes", errors)):
        if is_note(node):
            continue
        data = cast(dict[str, JsonValue], node["data"])
        node_id, kind, parent = node.get("id"), data["type"], node.get("parentId") or ""
        if not isinstance(node_id, str) or not isinstance(kind, str) or not isinstance(parent, str):
            errors.append(GraphError("", f"nodes.{index}: id, data.type and parentId must be texts"))
            continue
        title = data.get("title")
        found.append(NodeSpec(node_id, ALIASES.get(kind, kind), title if isinstance(title, str) else "", data, parent))
    return found


def _edges(value: JsonValue, errors: list[GraphError], known: set[str], notes: frozenset[str]) -> list[EdgeSpec]:
    found: dict[EdgeSpec, None] = {}
    for index, edge in enumerate(_objects(value, "edges", errors)):
        source, target, handle = edge.get("source"), edge.get("target"), edge.get("sourceHandle") or DEFAULT_HANDLE
        if not isinstance(source, str) or not isinstance(target, str) or not isinstance(handle, str):
            errors.append(GraphError("", f"edges.{index}: source, target and sourceHandle must be texts"))
            continue
        if {source, target} & notes - known:
            continue  # a note may be tied to what it explains
        found.setdefault(EdgeSpec(source, target, handle))
    return list(found)
