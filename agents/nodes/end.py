"""end: where a workflow ends; its outputs are the run's."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import BaseModel, Field

from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient
from agents.types import JsonValue
from agents.workflow.graph import Segment, Selector


class EndOutput(Lenient):
    """One output of the run."""

    variable: str = Field(min_length=1)
    value_selector: tuple[str, ...] = Field(min_length=2)
    value_type: str = "any"


class EndConfig(Lenient):
    """The outputs of the run."""

    outputs: tuple[EndOutput, ...] = ()


class EndNode(Node[EndConfig]):
    kind: ClassVar[str] = "end"
    title: ClassVar[str] = "End"
    description: ClassVar[str] = "Where a workflow ends, with the outputs that it gives"
    category: ClassVar[str] = "flow"
    icon: ClassVar[str] = "flag"
    outputs: ClassVar[dict[str, str]] = {}
    config_type = EndConfig
    shows = "always"
    is_result = True

    def output_types(self, config: BaseModel) -> Mapping[str, str]:
        assert isinstance(config, EndConfig), "the registry pairs a node with its own configuration"
        return {item.variable: item.value_type for item in config.outputs}

    def references(self, config: BaseModel) -> Iterator[Selector]:
        assert isinstance(config, EndConfig), "the registry pairs a node with its own configuration"
        return (item.value_selector for item in config.outputs)

    def segments(self, config: BaseModel) -> tuple[Segment, ...]:
        """Return the outputs; only those that come piece by piece are shown before the end."""
        assert isinstance(config, EndConfig), "the registry pairs a node with its own configuration"
        return tuple(item.value_selector for item in config.outputs)

    async def run(self, ctx: NodeContext, config: EndConfig) -> NodeResult:
        await ctx.settle()
        values: dict[str, JsonValue] = {item.variable: ctx.scope.lookup(item.value_selector) for item in config.outputs}
        return NodeResult(values)
