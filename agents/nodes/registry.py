"""Every kind of node that a graph may have."""

from typing import cast

from pydantic import BaseModel

from agents.nodes.agent import AgentNode
from agents.nodes.answer import AnswerNode
from agents.nodes.assigner import AssignerNode
from agents.nodes.base import Node
from agents.nodes.code import CodeNode
from agents.nodes.document_extractor import DocumentExtractorNode
from agents.nodes.end import EndNode
from agents.nodes.http_request import HttpRequestNode
from agents.nodes.if_else import IfElseNode
from agents.nodes.iteration import IterationNode, IterationStartNode
from agents.nodes.knowledge_retrieval import KnowledgeRetrievalNode
from agents.nodes.list_operator import ListOperatorNode
from agents.nodes.llm import LlmNode
from agents.nodes.loop import LoopEndNode, LoopNode, LoopStartNode
from agents.nodes.parameter_extractor import ParameterExtractorNode
from agents.nodes.question_classifier import QuestionClassifierNode
from agents.nodes.start import StartNode
from agents.nodes.template_transform import TemplateTransformNode
from agents.nodes.tool import ToolNode
from agents.nodes.variable_aggregator import VariableAggregatorNode
from agents.nodes.workflow import WorkflowNode
from agents.registry import Registry
from agents.types import JsonValue

NODES: Registry["Node[BaseModel]"] = Registry("atelier.nodes", lambda node: node.kind)
for _built_in in (
    StartNode(),
    KnowledgeRetrievalNode(),
    LlmNode(),
    AgentNode(),
    AnswerNode(),
    EndNode(),
    IterationNode(),
    IterationStartNode(),
    LoopNode(),
    LoopStartNode(),
    LoopEndNode(),
    WorkflowNode(),
    QuestionClassifierNode(),
    ParameterExtractorNode(),
    CodeNode(),
    HttpRequestNode(),
    ToolNode(),
    IfElseNode(),
    TemplateTransformNode(),
    VariableAggregatorNode(),
    AssignerNode(),
    ListOperatorNode(),
    DocumentExtractorNode(),
):
    # Safe although a node takes only its own configuration: the graph makes it with that node's `config_type`.
    NODES.register(cast("Node[BaseModel]", _built_in))


def node_types() -> list[dict[str, JsonValue]]:
    """Return what an editor shows of every kind of node, the JSON schema of its configuration, and its outputs."""
    return [
        {
            "kind": node.kind,
            "title": node.title,
            "description": node.description,
            "category": node.category,
            "icon": node.icon,
            "config_schema": node.config_type.model_json_schema(),
            "outputs": dict(node.outputs),
        }
        for node in NODES.values()
    ]
