"""What a node's templates may name: the run's inputs and system values, and what has finished upstream."""

from collections.abc import Collection, Mapping

from pydantic import BaseModel

from agents.nodes.base import Node
from agents.types import JsonObject, JsonValue, RunSpec
from agents.workflow.expressions import Scope
from agents.workflow.graph import Graph


def scope_of(
    spec: RunSpec,
    graph: Graph,
    kinds: Mapping[str, Node[BaseModel]],
    outputs: Mapping[str, JsonObject],
    skipped: Collection[str],
) -> Scope:
    """Return the scope after the nodes in `outputs` finished and those in `skipped` never will."""
    inputs: dict[str, JsonValue] = {}
    for node in graph.nodes.values():
        inputs.update(kinds[node.kind].input_defaults(node.config))
    return Scope(inputs | dict(spec.inputs), outputs, system_values(spec), skipped)


def system_values(spec: RunSpec) -> JsonObject:
    """Return the values behind `{{#sys.…#}}`."""
    files: list[JsonValue] = [{"id": ref.id, "name": ref.name, "mime_type": ref.mime_type} for ref in spec.files]
    return {
        "query": spec.query,
        "files": files,
        "conversation_id": spec.conversation_id,
        "user_id": spec.user,
        "app_id": spec.app_id,
        "workflow_run_id": spec.run_id,
        "dialogue_count": sum(turn.role == "user" for turn in spec.history) + 1,
    }
