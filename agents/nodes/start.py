"""start: where a run begins; its outputs are the run's inputs, checked, with defaults filled in."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, field_validator

from agents.errors import FileMissing
from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient
from agents.nodes.start_values import FILE, StartVariable, check_file, named_files, value_of
from agents.types import JsonObject, JsonValue
from agents.workflow.scope import file_value


class StartConfig(Lenient):
    """The inputs of the application."""

    variables: tuple[StartVariable, ...] = ()

    @field_validator("variables")
    @classmethod
    def _names_differ(cls, variables: tuple[StartVariable, ...]) -> tuple[StartVariable, ...]:
        names = [item.variable for item in variables]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"several inputs are named {', '.join(map(repr, twice))}: give each its own name")
        return variables


class StartNode(Node[StartConfig]):
    kind: ClassVar[str] = "start"
    title: ClassVar[str] = "Start"
    description: ClassVar[str] = "Where a run begins, with the inputs that it asks for"
    category: ClassVar[str] = "input"
    icon: ClassVar[str] = "home"
    outputs: ClassVar[dict[str, str]] = {}
    config_type = StartConfig
    is_entry = True

    def output_types(self, config: BaseModel) -> Mapping[str, str]:
        assert isinstance(config, StartConfig), "the registry pairs a node with its own configuration"
        return {item.variable: item.value_type for item in config.variables}

    def input_defaults(self, config: BaseModel) -> JsonObject:
        assert isinstance(config, StartConfig), "the registry pairs a node with its own configuration"
        return {item.variable: item.default for item in config.variables}

    def inputs(self, ctx: NodeContext, config: StartConfig) -> JsonObject:
        return ctx.spec.inputs

    async def check(self, ctx: NodeContext, config: StartConfig) -> None:
        await _values(ctx, config)

    async def run(self, ctx: NodeContext, config: StartConfig) -> NodeResult:
        return NodeResult({**ctx.spec.inputs, **await _values(ctx, config)})


async def _values(ctx: NodeContext, config: StartConfig) -> dict[str, JsonValue]:
    """Return the declared inputs; raises `InvalidInput`, and `FileMissing` for a file of somebody else."""
    values: dict[str, JsonValue] = {}
    for variable in config.variables:
        value = value_of(variable, ctx.spec.inputs.get(variable.variable))
        values[variable.variable] = await _files(ctx, variable, value) if variable.is_file else value
    return values


async def _files(ctx: NodeContext, variable: StartVariable, value: JsonValue) -> JsonValue:
    """Return the value or values of the files that an input names."""
    found: list[JsonValue] = []
    for file_id, name in named_files(variable, value):
        try:
            ref = await ctx.ports.files.find(file_id)
        except FileNotFoundError as error:
            raise FileMissing(f"the input {variable.variable!r} names the file {name!r}, which is not there") from error
        file = file_value(ref.id, ref.name, ref.mime_type, ref.size_bytes)
        check_file(variable, str(file["type"]), str(file["extension"]), ref.name)
        found.append(file)
    if variable.type == FILE:
        return found[0] if found else None
    return found
