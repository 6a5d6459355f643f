"""Every kind of node that a graph may have."""

from typing import cast

from pydantic import BaseModel

from agents.nodes.agent import AgentNode
from agents.nodes.answer import AnswerNode
from agents.nodes.base import Node
from agents.nodes.knowledge_retrieval import KnowledgeRetrievalNode
from agents.nodes.llm import LlmNode
from agents.nodes.start import StartNode
from agents.registry import Registry
from agents.types import JsonValue

NODES: Registry["Node[BaseModel]"] = Registry("atelier.nodes", lambda node: node.kind)
for _built_in in (StartNode(), KnowledgeRetrievalNode(), LlmNode(), AgentNode(), AnswerNode()):
    # Safe although a node takes only its own configuration: the graph makes it with that node's `config_type`.
    NODES.register(cast("Node[BaseModel]", _built_in))


def node_types() -> list[dict[str, JsonValue]]:
    """Return kind, title, description, JSON schema of the configuration and outputs of every kind of node."""
    return [
        {
            "kind": node.kind,
            "title": node.title,
            "description": node.description,
            "config_schema": node.config_type.model_json_schema(),
            "outputs": dict(node.outputs),
        }
        for node in NODES.values()
    ]
