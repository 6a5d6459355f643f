"""The inputs of a chatflow or a workflow: those that its start declares, which checks them itself, files included."""

from collections.abc import Mapping, Sequence
from typing import cast

from agents.nodes.registry import NODES
from agents.types import JsonValue, NodeSpec


def start_variables(nodes: Sequence[NodeSpec]) -> list[Mapping[str, JsonValue]]:
    """Return the inputs that the start declares, as they were saved."""
    for node in nodes:
        variables = node.config.get("variables")
        if node.parent == "" and node.kind in NODES and NODES[node.kind].is_entry and isinstance(variables, list):
            return [item for item in variables if isinstance(item, dict) and item.get("variable")]
    return []


def graph_inputs(nodes: Sequence[NodeSpec], given: Mapping[str, object]) -> dict[str, JsonValue]:
    """Return the declared inputs among `given`; others are left out."""
    names = [str(variable["variable"]) for variable in start_variables(nodes)]
    return {name: cast(JsonValue, given[name]) for name in names if given.get(name) is not None}
