"""answer: a text made of other nodes' outputs, shown as the run's answer."""

from typing import ClassVar

from pydantic import BaseModel

from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient
from agents.workflow.expressions import pieces_of, render
from agents.workflow.graph import Segment


class AnswerConfig(Lenient):
    """The template of the answer."""

    answer: str = ""


class AnswerNode(Node[AnswerConfig]):
    kind: ClassVar[str] = "answer"
    title: ClassVar[str] = "Answer"
    description: ClassVar[str] = "Shows a text made of what earlier nodes found"
    category: ClassVar[str] = "output"
    icon: ClassVar[str] = "message"
    outputs: ClassVar[dict[str, str]] = {"answer": "string"}
    config_type = AnswerConfig
    shows = "always"

    def segments(self, config: BaseModel) -> tuple[Segment, ...]:
        assert isinstance(config, AnswerConfig), "the registry pairs a node with its own configuration"
        return pieces_of(config.answer)

    async def run(self, ctx: NodeContext, config: AnswerConfig) -> NodeResult:
        text = render(config.answer, ctx.scope)
        await ctx.settle(text)
        return NodeResult({"answer": text})
