"""start: where a run begins; its outputs are the run's inputs, with defaults filled in."""

from typing import ClassVar

from pydantic import BaseModel, Field
from pydantic import JsonValue as AnyJson

from agents.errors import InvalidInput
from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient
from agents.types import JsonObject


class StartVariable(Lenient):
    """One input of the application."""

    variable: str = Field(min_length=1)
    label: str = ""
    type: str = "text-input"
    required: bool = False
    default: AnyJson = None


class StartConfig(Lenient):
    """The inputs of the application."""

    variables: tuple[StartVariable, ...] = ()


class StartNode(Node[StartConfig]):
    kind: ClassVar[str] = "start"
    title: ClassVar[str] = "Start"
    description: ClassVar[str] = "Where a run begins, with the inputs that it asks for"
    outputs: ClassVar[dict[str, str]] = {}
    config_type = StartConfig
    is_entry = True

    def fields(self, config: BaseModel) -> frozenset[str] | None:
        return None

    def input_defaults(self, config: BaseModel) -> JsonObject:
        assert isinstance(config, StartConfig)
        return {item.variable: item.default for item in config.variables}

    def inputs(self, ctx: NodeContext, config: StartConfig) -> JsonObject:
        return ctx.spec.inputs

    async def check(self, ctx: NodeContext, config: StartConfig) -> None:
        for item in config.variables:
            if item.required and ctx.spec.inputs.get(item.variable, item.default) in (None, ""):
                raise InvalidInput(f"the input {item.variable!r} is required: send it in inputs")

    async def run(self, ctx: NodeContext, config: StartConfig) -> NodeResult:
        await self.check(ctx, config)
        return NodeResult({**self.input_defaults(config), **ctx.spec.inputs})
