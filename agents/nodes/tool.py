"""tool: calls a tool, or another workflow that stands for one, with values of the graph."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from agents.errors import InvalidInput
from agents.events import Sources
from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient
from agents.nodes.passages import Citations
from agents.nodes.workflow import CallInput, call_workflow
from agents.tools.catalogue import TOOLS, configured_tool
from agents.tools.dify_names import DifyTool, dify_tool
from agents.tools.spec import Tool, ToolContext, ToolOutput, ToolType, credentials_of, outputs_of
from agents.tools.wrappers import TimeLimited, Validated, text_of
from agents.types import JsonObject, JsonValue, Source
from agents.workflow.graph import Selector
from agents.workflow.scope import file_value

BUILT_IN = frozenset({"builtin", "plugin", "dataset-retrieval", "atelier", ""})
WORKFLOW = "workflow"
LIMIT_S = 120.0
COMMON: Mapping[str, str] = {"text": "string", "files": "array[file]", "json": "array[object]"}


class ToolNodeConfig(Lenient):
    """Which tool, and what it is given: its settings, and parameters that may be variables. Keys are Dify's."""

    provider_type: str = "builtin"
    provider_id: str = ""
    provider_name: str = ""
    tool_name: str = Field(min_length=1)
    tool_configurations: dict[str, CallInput] = Field(default_factory=dict)
    tool_parameters: dict[str, CallInput] = Field(default_factory=dict)

    @field_validator("tool_configurations", "tool_parameters", mode="before")
    @classmethod
    def _null_is_left_out(cls, values: object) -> object:
        if values is None:
            return {}
        return {key: item for key, item in values.items() if item is not None} if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _is_known(self) -> "ToolNodeConfig":
        choice_of(self)
        return self


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """A tool of ours, and how Dify calls its parameters if the node says it in Dify's way."""

    tool: type[ToolType]
    dify: DifyTool | None = None


def choice_of(config: ToolNodeConfig) -> ToolChoice | None:
    """Return the node's tool, None for a workflow; raises `ValueError` with the reason why there is none."""
    provider = config.provider_id or config.provider_name
    if config.provider_type == WORKFLOW:
        if not config.provider_id:
            raise ValueError("provider_id is empty: it names the workflow that is called")
        return None
    shown = f"{provider}/{config.tool_name}" if provider else config.tool_name
    if config.provider_type not in BUILT_IN:
        raise ValueError(f"the tool {shown!r} is of the kind {config.provider_type!r}, which cannot be called here yet")
    known = dify_tool(provider, config.tool_name) or dify_tool(config.provider_name, config.tool_name)
    name = known.name if known else config.tool_name
    is_ours = known is not None or provider in ("", "atelier", "builtin", name)
    if name not in TOOLS or not (is_ours or config.provider_type == "dataset-retrieval"):
        raise ValueError(f"there is no tool {shown!r} here; choose from {', '.join(TOOLS)}")
    return ToolChoice(TOOLS[name], known)


class ToolNode(Node[ToolNodeConfig]):
    kind: ClassVar[str] = "tool"
    title: ClassVar[str] = "Tool"
    description: ClassVar[str] = "Calls a tool with values of the workflow"
    category: ClassVar[str] = "tools"
    icon: ClassVar[str] = "tool"
    outputs: ClassVar[dict[str, str]] = dict(COMMON)
    config_type = ToolNodeConfig

    def is_repeatable(self, config: ToolNodeConfig) -> bool:
        """A call that may have had its effect is not made again, unless the tool says that it does no harm."""
        choice = choice_of(config)
        if choice is None:
            return True  # the called workflow goes on where it was
        try:
            return bool(_configured(choice, _constants(config)).idempotent)
        except (ValidationError, InvalidInput):
            return False

    def output_types(self, config: BaseModel) -> Mapping[str, str] | None:
        assert isinstance(config, ToolNodeConfig), "the registry pairs a node with its own configuration"
        choice = choice_of(config)
        return None if choice is None else {**outputs_of(choice.tool), **COMMON}

    def references(self, config: BaseModel) -> Iterator[Selector]:
        assert isinstance(config, ToolNodeConfig), "the registry pairs a node with its own configuration"
        for item in (*config.tool_configurations.values(), *config.tool_parameters.values()):
            yield from item.selectors()

    def inputs(self, ctx: NodeContext, config: ToolNodeConfig) -> JsonObject:
        return _values(ctx, config)

    async def check(self, ctx: NodeContext, config: ToolNodeConfig) -> None:
        """Raise when the tool has not the credentials that it needs, or the workflow is gone."""
        choice = choice_of(config)
        if choice is None:
            await ctx.ports.workflows.find(config.provider_id)
            return
        required = [item for item in credentials_of(choice.tool) if item.is_required and not item.default]
        entered = await ctx.ports.credentials.of_tool(choice.tool.name) if required else {}
        if missing := [item.title for item in required if not entered.get(item.name)]:
            raise InvalidInput(
                f"the tool {choice.tool.name!r} is not set up: an administrator enters {' and '.join(missing)} "
                "under Tools"
            )

    async def run(self, ctx: NodeContext, config: ToolNodeConfig) -> NodeResult:
        choice = choice_of(config)
        if choice is None:
            given = await call_workflow(ctx, config.provider_id, _values(ctx, config))
            return NodeResult({**given, "text": _shown(given), "files": [], "json": [dict(given)]})
        values = _values(ctx, config)
        if choice.dify is not None:
            values = choice.dify.arguments(values)
        properties = _properties(choice.tool)
        arguments = {
            name: _coerced(value, properties[name])
            for name, value in values.items()
            if name in properties and value is not None
        }
        tool = TimeLimited(Validated(_configured(choice, values)), LIMIT_S)
        answer = await tool.call(arguments, _tool_context(ctx))
        return NodeResult(_outputs(answer))


def _configured(choice: ToolChoice, values: JsonObject) -> Tool:
    """Return the tool, set as the node says; raises `InvalidInput` for a setting that it does not take."""
    names = choice.tool.config_type.model_fields
    settings = {name: value for name, value in values.items() if name in names and value not in (None, "")}
    try:
        return configured_tool(choice.tool.name, settings)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        path = ".".join(map(str, first["loc"]))
        raise InvalidInput(f"the tool {choice.tool.name!r} does not take its {path}: {first['msg']}") from error


def _constants(config: ToolNodeConfig) -> dict[str, JsonValue]:
    items = {**config.tool_configurations, **config.tool_parameters}
    return {name: item.value for name, item in items.items() if item.type == "constant"}


def _values(ctx: NodeContext, config: ToolNodeConfig) -> dict[str, JsonValue]:
    items = {**config.tool_configurations, **config.tool_parameters}
    return {name: item.read(ctx.scope) for name, item in items.items()}


def _properties(tool: type[ToolType]) -> Mapping[str, JsonValue]:
    found = tool.parameters.get("properties")
    return found if isinstance(found, dict) else {}


def _coerced(value: JsonValue, schema: JsonValue) -> JsonValue:
    """Return a value as the type that the tool asks for: templates make only texts, and older files write 0 for no."""
    kind = schema.get("type") if isinstance(schema, dict) else None
    match kind, value:
        case "string", int() | float():
            return json.dumps(value)
        case "boolean", (0 | 1) as number:
            return bool(number)
        case "integer" | "number" | "boolean" | "array" | "object", str():
            text = value.strip().lower() if kind == "boolean" else value
            try:
                found: JsonValue = json.loads(text)
            except (ValueError, RecursionError):
                return value
            return bool(found) if kind == "boolean" and found in (0, 1) else found
        case _:
            return value


def _tool_context(ctx: NodeContext) -> ToolContext:
    citations = Citations(ctx.past.sources)

    async def cite(found: Sequence[Source]) -> tuple[Source, ...]:
        numbered = citations.add(found)
        await ctx.emit(Sources(ctx.node_id, citations.sources))
        return numbered

    key = f"{ctx.spec.run_id}:{ctx.node_id}"
    context = ToolContext(ctx.spec.run_id, ctx.spec.scope, key, ctx.ports.knowledge, cite)
    return context.with_ports(ctx.ports)


def _outputs(answer: object) -> dict[str, JsonValue]:
    fields: JsonObject = {}
    files: list[JsonValue] = []
    found: list[JsonValue] = []
    match answer:
        case ToolOutput():
            fields = answer.fields
            files = [file_value(ref.id, ref.name, ref.mime_type, ref.size_bytes) for ref in answer.files]
            found = [dict(fields)] if fields else []
        case dict():
            fields, found = answer, [answer]
        case list():
            found = [item for item in answer if isinstance(item, dict)]
        case _:
            pass
    return {**fields, "text": text_of(answer), "files": files, "json": found}  # type: ignore[arg-type]  # it is an answer


def _shown(outputs: JsonObject) -> str:
    """Return what a workflow gave as a text: its only text, or all of it."""
    texts = [value for value in outputs.values() if isinstance(value, str)]
    return texts[0] if len(texts) == len(outputs) == 1 else json.dumps(dict(outputs), ensure_ascii=False)
