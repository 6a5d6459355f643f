"""answer: a text made of other nodes' outputs, shown as the run's answer."""

from typing import ClassVar

from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient
from agents.workflow.expressions import render


class AnswerConfig(Lenient):
    """The template of the answer."""

    answer: str = ""


class AnswerNode(Node[AnswerConfig]):
    kind: ClassVar[str] = "answer"
    title: ClassVar[str] = "Answer"
    description: ClassVar[str] = "Shows a text made of what earlier nodes found"
    outputs: ClassVar[dict[str, str]] = {"answer": "string"}
    config_type = AnswerConfig
    shows = "always"

    async def run(self, ctx: NodeContext, config: AnswerConfig) -> NodeResult:
        text = render(config.answer, ctx.scope)
        if ctx.past.attempts:
            await ctx.reset("")
        await ctx.show(text)
        return NodeResult({"answer": text})
