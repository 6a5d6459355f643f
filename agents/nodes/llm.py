"""llm: one answer of a chat model, streamed, with the conversation and passages as far as they fit."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import BaseModel, Field, field_validator

from agents.events import Sources
from agents.loop.memory import Fitted
from agents.nodes.base import Node, NodeContext, NodeResult, usage_json
from agents.nodes.chat import fit_request, prompt_of, remembered
from agents.nodes.config import ChatConfig, ContextChoice, OutputShape
from agents.nodes.fallback import fallback_told, model_of
from agents.nodes.passages import NO_PASSAGES, as_sources, with_citations
from agents.nodes.structured import check_schema_support, parsed_output
from agents.nodes.writing import written
from agents.types import JsonObject, JsonValue, Source
from agents.workflow.expressions import as_text
from agents.workflow.graph import Selector

STRUCTURED = "structured_output"


class LlmConfig(ChatConfig):
    """The model, its prompt, memory and passages, and the shape of its answer.

    `reasoning_format`: what the model thinks is an output of its own, or stands in the text between its marks.
    """

    context: ContextChoice = Field(default_factory=ContextChoice)
    structured_output_enabled: bool = False
    structured_output: OutputShape = Field(default_factory=OutputShape)
    reasoning_format: Literal["separated", "tagged"] | None = None

    @field_validator("structured_output", "context", mode="before")
    @classmethod
    def _null_is_absent(cls, value: object) -> object:
        return {} if value is None else value

    @property
    def output_schema(self) -> dict[str, JsonValue] | None:
        """The JSON schema of the answer, None for free text."""
        return self.structured_output.json_schema if self.structured_output_enabled else None

    @property
    def is_context_placed(self) -> bool:
        """Whether a Jinja prompt reads the passages by a name of its own."""
        return any(item.value_selector == self.context.selector for item in self.jinja_variables)


class LlmNode(Node[LlmConfig]):
    kind: ClassVar[str] = "llm"
    title: ClassVar[str] = "LLM"
    description: ClassVar[str] = "Asks a model and streams its answer"
    icon: ClassVar[str] = "sparkles"
    outputs: ClassVar[dict[str, str]] = {
        "text": "string",
        "reasoning_content": "string",
        "finish_reason": "string",
        "usage": "object",
        STRUCTURED: "object",
        "files": "array[file]",
    }
    config_type = LlmConfig
    shows = "if_last"
    streams = "text"

    def output_types(self, config: BaseModel) -> Mapping[str, str]:
        """Return the outputs; parsed JSON only where it was asked for."""
        assert isinstance(config, LlmConfig), "the registry pairs a node with its own configuration"
        hidden = frozenset() if config.structured_output_enabled else {STRUCTURED}
        return {name: kind for name, kind in self.outputs.items() if name not in hidden}

    def references(self, config: BaseModel) -> Iterator[Selector]:
        """Return what the node reads; what is switched off, and what stands in a schema, is not read."""
        assert isinstance(config, LlmConfig), "the registry pairs a node with its own configuration"
        yield from config.common_references()
        yield from config.prompt_references()
        if config.context.selector:
            yield config.context.selector

    def inputs(self, ctx: NodeContext, config: LlmConfig) -> JsonObject:
        return {"query": ctx.spec.query, "model": config.model.id}

    async def check(self, ctx: NodeContext, config: LlmConfig) -> None:
        """Raise when the model is missing, takes no schema, or the bare prompt, without the rest, does not fit."""
        model = await model_of(ctx, config.model)
        if config.structured_output_enabled:
            check_schema_support(model.info)
        await fit_request(ctx, config, model, await prompt_of(ctx, config, model), history=())

    async def run(self, ctx: NodeContext, config: LlmConfig) -> NodeResult:
        model = await model_of(ctx, config.model)
        if config.structured_output_enabled:
            check_schema_support(model.info)
        sources, context = _context(ctx, config)
        memory = await remembered(ctx, config, model)
        prompt = await prompt_of(
            ctx, config, model, context=context, is_context_placed=config.is_context_placed, summary=memory.summary
        )
        fitted = await fit_request(ctx, config, model, prompt, passages=len(sources), history=memory.turns)
        is_tagged = config.reasoning_format == "tagged"
        kept = ctx.past.shown if model.info.supports_continuation and not is_tagged else ""
        if ctx.past.attempts:
            await ctx.reset(kept)
        fitted = replace(fitted, request=replace(fitted.request, response_schema=config.output_schema))
        reply = await written(ctx, model, fitted, kept, is_tagged=is_tagged)
        if sources:
            seen = sources[: fitted.plan.passages]
            cited = ctx.ports.knowledge.cited(reply.answer, seen) & {source.position for source in seen}
            await ctx.emit(Sources(ctx.node_id, with_citations(sources, cited)))
        usage = memory.usage + reply.usage
        outputs: dict[str, JsonValue] = {
            "text": reply.text,
            "reasoning_content": reply.reasoning,
            "finish_reason": reply.finish_reason,
            "usage": usage_json(usage),
            "files": [],
        }
        if config.structured_output_enabled:
            outputs[STRUCTURED] = parsed_output(reply.answer, reply.finish_reason, model.info.id)
        if memory.summary:
            outputs["memory_summary"] = memory.summary
        left_out = _left_out(fitted, len(memory.turns), len(sources))
        return NodeResult(outputs | left_out | dict(fallback_told(model)), usage, model.info.id)


def _context(ctx: NodeContext, config: LlmConfig) -> tuple[tuple[Source, ...], Callable[[int], str] | None]:
    """Return the passages and how the best n of them are laid out; a text of another node is laid out as it is."""
    if not config.context.selector:
        return (), None
    value = ctx.scope.lookup(config.context.selector)
    if isinstance(value, str):
        return (), lambda count: value
    sources = as_sources(value)
    if not sources:
        return (), lambda count: as_text(value) if value else NO_PASSAGES
    return sources, lambda count: ctx.ports.knowledge.pack(sources[:count]) if count else ""


def _left_out(fitted: Fitted, messages: int, passages: int) -> dict[str, JsonValue]:
    """Return what had to stay out of the prompt, for the trace; nothing when all fitted."""
    lost_messages = messages - fitted.plan.first - fitted.plan.last
    lost_passages = passages - fitted.plan.passages
    if not lost_messages and not lost_passages:
        return {}
    return {"left_out": {"messages": lost_messages, "passages": lost_passages}}
