"""From a draft to the small fixed graph that runs it. Node ids are stable: they stand in events and traces."""

import itertools
from dataclasses import dataclass

from agents.types import EdgeSpec, JsonObject, JsonValue, NodeSpec
from agents.workflow.expressions import selectors_of, variables_of
from backend.apps.draft import Draft
from backend.apps.models import AppMode

QUERY = ("sys", "query")


@dataclass(frozen=True, slots=True)
class AppGraph:
    """Nodes and edges of a run; the last node's text is the answer."""

    nodes: tuple[NodeSpec, ...]
    edges: tuple[EdgeSpec, ...]


def graph_of(mode: AppMode, draft: Draft) -> AppGraph:
    """Return [start] → [knowledge-retrieval] → llm, or [start] → agent, which searches its datasets itself.

    Only variables need a start: without them it would be one more commit before the first token.
    """
    nodes: list[NodeSpec] = []
    if draft.variables:
        nodes.append(NodeSpec("start", "start", "Start", {"variables": _start_variables(draft)}))
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
    return {"id": draft.model.id, "parameters": draft.model.parameters.model_dump(mode="json", exclude_none=True)}


def _retrieval(draft: Draft) -> dict[str, JsonValue]:
    how = draft.retrieval
    return {"mode": how.mode, "top_k": how.top_k, "score_threshold": how.score_threshold}


def _llm(mode: AppMode, draft: Draft) -> JsonObject:
    config: dict[str, JsonValue] = {
        "model": _model(draft),
        "prompt_template": [{"role": _prompt_role(mode, draft), "text": draft.prompt}],
    }
    if mode == AppMode.CHAT:
        config["memory"] = {}
    if draft.datasets:
        config["context"] = {"enabled": True, "variable_selector": ["knowledge", "result"]}
    if draft.output_schema is not None:
        config["structured_output_enabled"] = True
        config["structured_output"] = {"schema": draft.output_schema}
    return config


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
        "memory": {},
        "strategy": draft.agent.strategy,
        "max_iterations": draft.agent.max_iterations,
        "tools": [{"name": tool.name, "config": tool.config} for tool in draft.tools],
        "dataset_ids": list(draft.datasets),
        "multiple_retrieval_config": _retrieval(draft),
    }
