"""parameter-extractor: a model reads named values out of a text."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import BaseModel, Field, field_validator

from agents.loop.asking import Said, ask_held
from agents.loop.json_text import json_in
from agents.loop.prompt import Prompt
from agents.nodes.base import Node, NodeContext, NodeResult, usage_json
from agents.nodes.chat import Remembered, fit_request, remembered
from agents.nodes.choosing import steady
from agents.nodes.config import AskingConfig
from agents.nodes.fallback import fallback_told, model_of
from agents.nodes.images import images_of
from agents.nodes.parameters import Parameter, schema_of, values_in
from agents.ports import ChatModel
from agents.types import JsonObject, JsonValue
from agents.workflow.expressions import as_text, render, selectors_of
from agents.workflow.graph import Selector
from inference.types import GenerateRequest, Message, ToolSpec, Usage

TOOL = "extract_parameters"
ATTEMPTS = 2
SHOWN_CHARS = 500
RESERVED = frozenset({"__is_success", "__reason", "__usage"})


class ParameterExtractorConfig(AskingConfig):
    """What is read out of which text, by which model."""

    query: tuple[str, ...] = ("sys", "query")
    parameters: tuple[Parameter, ...] = Field(min_length=1)
    instruction: str = ""
    reasoning_mode: Literal["function_call", "prompt"] = "function_call"

    @field_validator("instruction", "reasoning_mode", "query", mode="before")
    @classmethod
    def _null_is_absent(cls, value: object, info: object) -> object:
        return value or cls.model_fields[str(getattr(info, "field_name", ""))].default

    @field_validator("parameters")
    @classmethod
    def _names_differ(cls, value: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
        names = [item.name for item in value]
        wrong = sorted({one for one in names if names.count(one) > 1 or one in RESERVED})
        if wrong:
            raise ValueError(f"the names {wrong!r} are used twice or reserved: choose others")
        return value


class ParameterExtractorNode(Node[ParameterExtractorConfig]):
    kind: ClassVar[str] = "parameter-extractor"
    title: ClassVar[str] = "Parameter extractor"
    description: ClassVar[str] = "Lets a model read named values out of a text"
    icon: ClassVar[str] = "list-details"
    outputs: ClassVar[dict[str, str]] = {"__is_success": "number", "__reason": "string", "__usage": "object"}
    config_type = ParameterExtractorConfig

    def output_types(self, config: BaseModel) -> Mapping[str, str]:
        assert isinstance(config, ParameterExtractorConfig), "the registry pairs a node with its own configuration"
        return {**{item.name: item.var_type for item in config.parameters}, **self.outputs}

    def references(self, config: BaseModel) -> Iterator[Selector]:
        assert isinstance(config, ParameterExtractorConfig), "the registry pairs a node with its own configuration"
        yield config.query
        yield from config.common_references()
        yield from selectors_of(config.instruction)

    def inputs(self, ctx: NodeContext, config: ParameterExtractorConfig) -> JsonObject:
        return {"query": as_text(ctx.scope.lookup(config.query)), "model": config.model.id}

    async def check(self, ctx: NodeContext, config: ParameterExtractorConfig) -> None:
        """Raise when the model is missing."""
        await model_of(ctx, config.model)

    async def run(self, ctx: NodeContext, config: ParameterExtractorConfig) -> NodeResult:
        model = await model_of(ctx, config.model)
        memory = await remembered(ctx, config, model)
        prompt = Prompt(
            template=(),
            scope=ctx.scope,
            instructions=_task(config, render(config.instruction, ctx.scope)),
            query=f"Text:\n{as_text(ctx.scope.lookup(config.query))}",
            images=await images_of(ctx, model.info, config.vision),
            summary=memory.summary,
        )
        values, wrong, usage = await _extracted(ctx, config, model, prompt, memory)
        told: dict[str, JsonValue] = {
            "__is_success": 0 if wrong else 1,
            "__reason": "; ".join(wrong),
            "__usage": usage_json(usage),
        }
        return NodeResult({**values, **told, **fallback_told(model)}, usage, model.info.id)


async def _extracted(
    ctx: NodeContext, config: ParameterExtractorConfig, model: ChatModel, prompt: Prompt, memory: Remembered
) -> tuple[dict[str, JsonValue], list[str], Usage]:
    """Return the values, what is wrong with them after the last attempt, and what it all cost."""
    usage, tail = memory.usage, tuple[Message, ...]()
    values, wrong = values_in({}, config.parameters)
    for _ in range(ATTEMPTS):
        fitted = await fit_request(ctx, steady(config), model, prompt, history=memory.turns, tail=tail)
        said = await ask_held(model, _held(fitted.request, config, model), fitted.request)
        usage += said.usage
        found = _object_in(said)
        if found is not None:
            values, wrong = values_in(found, config.parameters)
        else:
            wrong = [f"the model wrote no JSON object but {said.text[:100]!r}"]
        if not wrong:
            break
        complaint = f"That is not right: {'; '.join(wrong)}. Answer with the JSON object alone."
        tail = (Message("assistant", _written(said)[:SHOWN_CHARS] or "…"), Message("user", complaint))
    return values, wrong, usage


def _task(config: ParameterExtractorConfig, instruction: str) -> str:
    schema = json.dumps(schema_of(config.parameters), ensure_ascii=False)
    parts = (
        "Read the values below out of the text that follows. Take them from the text alone; a value that is not "
        f"there is null. Answer with one JSON object of this schema and nothing else:\n{schema}",
        instruction,
    )
    return "\n\n".join(part for part in parts if part.strip())


def _held(request: GenerateRequest, config: ParameterExtractorConfig, model: ChatModel) -> GenerateRequest:
    """Return the request with what holds this model to the schema: a tool that must be called, or the schema itself.

    A model that obeys schemas gets one in either mode where it takes no tools, as prompts alone are obeyed less.
    """
    if config.reasoning_mode == "function_call" and model.info.supports_tools:
        tool = ToolSpec(TOOL, "Give the values that the text has.", schema_of(config.parameters))
        return replace(request, tools=(tool,), tool_choice="required", tool_name=TOOL, parallel_tool_calls=False)
    if model.info.supports_schema:
        return replace(request, response_schema=schema_of(config.parameters))
    return request


def _written(said: Said) -> str:
    return said.calls[0].arguments if said.calls else said.text


def _object_in(said: Said) -> JsonObject | None:
    found = json_in(_written(said))
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    return found if isinstance(found, dict) else None
