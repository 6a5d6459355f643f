"""llm: one answer of a chat model, streamed, with the conversation and passages as far as they fit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from pydantic import BaseModel, Field

from agents.events import Sources
from agents.loop.memory import Fitted
from agents.loop.stream import StreamEnd, opened
from agents.nodes.base import Node, NodeContext, NodeResult, usage_json
from agents.nodes.chat import fit_request, history_of, prompt_of
from agents.nodes.config import ChatConfig, ContextChoice, OutputShape
from agents.nodes.passages import NO_PASSAGES, as_sources, with_citations
from agents.nodes.structured import check_schema_support, parsed_output
from agents.ports import ChatModel
from agents.types import JsonObject, JsonValue, Source
from agents.workflow.expressions import as_text
from agents.workflow.graph import Selector
from inference.types import FinishReason, Message, Usage

STRUCTURED = "structured_output"


class LlmConfig(ChatConfig):
    """The model, its prompt, memory and passages, and the shape of its answer."""

    context: ContextChoice = Field(default_factory=ContextChoice)
    structured_output_enabled: bool = False
    structured_output: OutputShape = Field(default_factory=OutputShape)

    @property
    def output_schema(self) -> dict[str, JsonValue] | None:
        """The JSON schema of the answer, None for free text."""
        return self.structured_output.json_schema if self.structured_output_enabled else None


@dataclass(frozen=True, slots=True)
class _Reply:
    text: str
    reasoning: str
    finish_reason: FinishReason
    usage: Usage


class LlmNode(Node[LlmConfig]):
    kind: ClassVar[str] = "llm"
    title: ClassVar[str] = "LLM"
    description: ClassVar[str] = "Asks a model and streams its answer"
    outputs: ClassVar[dict[str, str]] = {
        "text": "string",
        "reasoning_content": "string",
        "finish_reason": "string",
        "usage": "object",
        STRUCTURED: "object",
    }
    config_type = LlmConfig
    shows = "if_last"

    def fields(self, config: BaseModel) -> frozenset[str]:
        """Return the names of the outputs; parsed JSON only where it was asked for."""
        assert isinstance(config, LlmConfig), "the registry pairs a node with its own configuration"
        return frozenset(self.outputs) - (frozenset() if config.structured_output_enabled else {STRUCTURED})

    def references(self, config: BaseModel) -> Iterator[Selector]:
        """Return what the node reads; what stands in a schema is data, even where it looks like a reference."""
        yield from super().references(config.model_copy(update={"structured_output": OutputShape()}))

    def inputs(self, ctx: NodeContext, config: LlmConfig) -> JsonObject:
        return {"query": ctx.spec.query, "model": config.model.id}

    async def check(self, ctx: NodeContext, config: LlmConfig) -> None:
        """Raise when the model is missing, takes no schema, or the bare prompt, without the rest, does not fit."""
        model = await ctx.ports.models.chat(config.model.id)
        if config.structured_output_enabled:
            check_schema_support(model.info)
        await fit_request(ctx, config, model, await prompt_of(ctx, config, model), history=())

    async def run(self, ctx: NodeContext, config: LlmConfig) -> NodeResult:
        model = await ctx.ports.models.chat(config.model.id)
        if config.structured_output_enabled:
            check_schema_support(model.info)
        sources, context = _context(ctx, config)
        prompt = await prompt_of(ctx, config, model, context=context)
        fitted = await fit_request(ctx, config, model, prompt, passages=len(sources))
        kept = ctx.past.shown if model.info.supports_continuation else ""
        if ctx.past.attempts:
            await ctx.reset(kept)
        request = replace(fitted.request, response_schema=config.output_schema)
        reply = await _generate(ctx, model, replace(fitted, request=request), kept)
        if sources:
            seen = sources[: fitted.plan.passages]
            cited = ctx.ports.knowledge.cited(reply.text, seen) & {source.position for source in seen}
            await ctx.emit(Sources(ctx.node_id, with_citations(sources, cited)))
        outputs: dict[str, JsonValue] = {
            "text": reply.text,
            "reasoning_content": reply.reasoning,
            "finish_reason": reply.finish_reason,
            "usage": usage_json(reply.usage),
        }
        if config.output_schema is not None:
            outputs[STRUCTURED] = parsed_output(reply.text, reply.finish_reason, model.info.id)
        left_out = _left_out(fitted, len(history_of(ctx, config)), len(sources))
        return NodeResult(outputs | left_out, reply.usage, model.info.id)


def _context(ctx: NodeContext, config: LlmConfig) -> tuple[tuple[Source, ...], Callable[[int], str] | None]:
    """Return the passages and how the best n of them are laid out; a text of another node is laid out as it is."""
    if not config.context.enabled or not config.context.variable_selector:
        return (), None
    value = ctx.scope.lookup(config.context.variable_selector)
    if isinstance(value, str):
        return (), lambda count: value
    sources = as_sources(value)
    if not sources:
        return (), lambda count: as_text(value) if value else NO_PASSAGES
    return sources, lambda count: ctx.ports.knowledge.pack(sources[:count]) if count else ""


async def _generate(ctx: NodeContext, model: ChatModel, fitted: Fitted, kept: str) -> _Reply:
    """Stream the answer; `kept`, which is already shown, is its beginning and is not generated again."""
    request, kept_tokens = fitted.request, 0
    if kept:
        continued = (*request.messages, Message("assistant", kept))
        request = replace(request, messages=continued, continue_final_message=True)
        kept_tokens = max(1, await model.count_tokens(request) - await model.count_tokens(fitted.request))
        if request.sampling.max_tokens is not None:
            remaining = request.sampling.max_tokens - kept_tokens
            if remaining <= 0:
                return _Reply(kept, "", "length", Usage(0, kept_tokens))
            request = replace(request, sampling=replace(request.sampling, max_tokens=remaining))
    pieces, reasoning, end = [kept], [], StreamEnd()
    async with opened(model, request) as stream:
        async for delta in stream:
            end.note(delta)
            if delta.text:
                pieces.append(delta.text)
                await ctx.show(delta.text)
            if delta.reasoning:
                reasoning.append(delta.reasoning)
    reason = end.reason(model.info.id)
    # The tokens that were made before the interruption count as made, not as read.
    read = max(0, end.usage.prompt_tokens - kept_tokens)
    usage = Usage(read, end.usage.completion_tokens + kept_tokens, min(read, end.usage.cached_tokens))
    return _Reply("".join(pieces), "".join(reasoning), reason, usage)


def _left_out(fitted: Fitted, messages: int, passages: int) -> dict[str, JsonValue]:
    """Return what had to stay out of the prompt, for the trace; nothing when all fitted."""
    lost_messages = messages - fitted.plan.first - fitted.plan.last
    lost_passages = passages - fitted.plan.passages
    if not lost_messages and not lost_passages:
        return {}
    return {"left_out": {"messages": lost_messages, "passages": lost_passages}}
