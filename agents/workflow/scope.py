"""What a node's templates may name: the run's inputs and variables, and what has finished upstream."""

from collections.abc import Collection, Mapping

from pydantic import BaseModel

from agents.nodes.base import Node
from agents.types import JsonObject, JsonValue, RunSpec
from agents.workflow.expressions import Scope
from agents.workflow.graph import Graph
from agents.workflow.variables import file_value

__all__ = ["GRAPH_MODES", "file_value", "scope_of", "system_values"]
GRAPH_MODES = frozenset({"workflow", "chatflow"})


def scope_of(
    spec: RunSpec,
    graph: Graph,
    kinds: Mapping[str, Node[BaseModel]],
    outputs: Mapping[str, JsonObject],
    skipped: Collection[str],
    *,
    environment: JsonObject | None = None,
    conversation: JsonObject | None = None,
) -> Scope:
    """Return the scope after the nodes in `outputs` finished and those in `skipped` never will.

    Variables default to the values with which the run was created.
    """
    inputs: dict[str, JsonValue] = {}
    for node in graph.nodes.values():
        inputs.update(kinds[node.kind].input_defaults(node.config))
    return Scope(
        inputs=inputs | dict(spec.inputs),
        nodes=outputs,
        system=system_values(spec),
        skipped=skipped,
        environment={item.name: item.value for item in spec.environment} if environment is None else environment,
        conversation={item.name: item.value for item in spec.conversation} if conversation is None else conversation,
        is_lenient=spec.mode in GRAPH_MODES,
    )


def system_values(spec: RunSpec) -> JsonObject:
    """Return the values behind `{{#sys.…#}}`."""
    files: list[JsonValue] = [file_value(ref.id, ref.name, ref.mime_type, ref.size_bytes) for ref in spec.files]
    return {
        "query": spec.query,
        "files": files,
        "conversation_id": spec.conversation_id,
        "user_id": spec.user,
        "app_id": spec.app_id,
        "workflow_id": spec.app_id,
        "workflow_run_id": spec.run_id,
        "dialogue_count": sum(turn.role == "user" for turn in spec.history) + 1,
        "timestamp": int(spec.asked_at),
    }
