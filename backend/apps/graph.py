"""From a draft to the small fixed graph that runs it. Node ids are stable: they stand in events and traces."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from agents.types import EdgeSpec, JsonObject, JsonValue, NodeSpec, VariableSpec
from agents.workflow.expressions import selectors_of, variables_of
from backend.apps.draft import Draft
from backend.apps.drafts import AppDraft
from backend.apps.file_inputs import GivenFiles, draft_with_files, readers_of
from backend.apps.graph_draft import GraphDraft
from backend.apps.models import AppMode

QUERY = ("sys", "query")


@dataclass(frozen=True, slots=True)
class AppGraph:
    """Nodes, edges and variables of a run; where no node is an end, the shown text is the answer."""

    nodes: tuple[NodeSpec, ...]
    edges: tuple[EdgeSpec, ...]
    environment: tuple[VariableSpec, ...] = ()
    conversation: tuple[VariableSpec, ...] = ()


def graph_of(
    mode: AppMode, draft: AppDraft, kept: Mapping[str, JsonValue], files: GivenFiles = MappingProxyType({})
) -> AppGraph:
    """Return what an app runs; `kept` is what the conversation's variables hold. Raises `InvalidGraph`.

    `files` are those that a prompt app was given.
    """
    if isinstance(draft, GraphDraft):
        saved = draft.saved()
        return AppGraph(saved.nodes, saved.edges, draft.environment(), draft.conversation(kept))
    return _fixed_graph(mode, draft_with_files(draft, files), tuple(readers_of(draft, files)))


def main_model(graph: AppGraph) -> str:
    """Return the model that a run is listed under: that of its first node with one."""
    for node in graph.nodes:
        model = node.config.get("model")
        if isinstance(model, dict):
            return str(model.get("id") or model.get("name") or "")
    return ""


def _fixed_graph(mode: AppMode, draft: Draft, readers: tuple[NodeSpec, ...]) -> AppGraph:
    """Return [start] → [a reader of each document] → [knowledge-retrieval] → llm.

    In place of the last two, an agent searches its datasets itself.

    Only variables need a start: without them it would be one more commit before the first token.
    """
    nodes: list[NodeSpec] = []
    if draft.variables:
        nodes.append(NodeSpec("start", "start", "Start", {"variables": _start_variables(draft)}))
    nodes += readers
    if mode == AppMode.AGENT:
        nodes.append(NodeSpec("agent", "agent", "Agent", _agent(draft)))
    else:
        if draft.datasets:
            nodes.append(NodeSpec("knowledge", "knowledge-retrieval", "Knowledge", _knowledge(mode, draft)))
        nodes.append(NodeSpec("llm", "llm", "Answer", _llm(mode, draft)))
    edges = [EdgeSpec(source.id, target.id) for source, target in itertools.pairwise(nodes)]
    return AppGraph(tuple(nodes), tuple(edges))


def _start_variables(draft: Draft) -> list[JsonValue]:
    return [
        {"variable": item.name, "label": item.label, "type": item.type, "required": item.required}
        for item in draft.variables
    ]


def _model(draft: Draft) -> dict[str, JsonValue]:
    parameters = draft.model.parameters.model_dump(mode="json", exclude_none=True)
    fallback = {"fallback": draft.model.fallback} if draft.model.fallback else {}
    return {"id": draft.model.id, **fallback, "parameters": parameters}


def _retrieval(draft: Draft) -> dict[str, JsonValue]:
    how = draft.retrieval
    return {
        "mode": how.mode,
        "top_k": how.top_k,
        "score_threshold": how.score_threshold,
        "rerank": bool(how.rerank),
    }


def _llm(mode: AppMode, draft: Draft) -> JsonObject:
    config: dict[str, JsonValue] = {
        "model": _model(draft),
        "prompt_template": [{"role": _prompt_role(mode, draft), "text": draft.prompt}],
    }
    if draft.examples:
        config["examples"] = _examples(draft)
    if mode == AppMode.CHAT:
        config["memory"] = {}
    if draft.datasets:
        config["context"] = {"enabled": True, "variable_selector": ["knowledge", "result"]}
    if draft.output_schema is not None:
        config["structured_output_enabled"] = True
        config["structured_output"] = {"schema": draft.output_schema}
    return config


def _examples(draft: Draft) -> list[JsonValue]:
    return [{"user": item.user, "assistant": item.assistant} for item in draft.examples]


def _prompt_role(mode: AppMode, draft: Draft) -> str:
    """A prompt that quotes the question is itself what the user says: the question must not follow it again."""
    quotes = "query" in variables_of(draft.prompt) or QUERY in selectors_of(draft.prompt)
    return "user" if mode == AppMode.COMPLETION and quotes else "system"


def _knowledge(mode: AppMode, draft: Draft) -> JsonObject:
    return {
        "query_variable_selector": list(_question(mode, draft)),
        "dataset_ids": list(draft.datasets),
        "multiple_retrieval_config": _retrieval(draft),
    }


def _question(mode: AppMode, draft: Draft) -> tuple[str, ...]:
    """Return what passages are looked up for: the question, or where an app asks for none, its first text input."""
    texts = [item.name for item in draft.variables if item.type in ("text", "paragraph")]
    if mode != AppMode.COMPLETION or "query" in texts or not texts:
        return QUERY
    return ("start", texts[0])


def _agent(draft: Draft) -> JsonObject:
    return {
        "model": _model(draft),
        "prompt_template": [{"role": "system", "text": draft.prompt}],
        "examples": _examples(draft),
        "memory": {},
        "strategy": draft.agent.strategy,
        "max_iterations": draft.agent.max_iterations,
        "tools": [{"name": tool.name, "config": tool.config} for tool in draft.tools],
        "dataset_ids": list(draft.datasets),
        "multiple_retrieval_config": _retrieval(draft),
    }
