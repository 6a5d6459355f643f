"""agent: a model that calls tools until it can answer."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field
from pydantic import JsonValue as AnyJson

from agents.events import Sources
from agents.loop.agent import AgentLoop
from agents.loop.function_calling import FunctionCalling
from agents.loop.react import ReAct
from agents.loop.strategy import Strategy
from agents.nodes.base import Node, NodeContext, NodeResult, usage_json
from agents.nodes.chat import fit_request, prompt_of
from agents.nodes.config import ChatConfig, Lenient, RetrievalChoice
from agents.nodes.passages import Citations, with_citations
from agents.ports import ChatModel
from agents.tools.builtin.knowledge_search import KnowledgeSearch
from agents.tools.catalogue import configured_tool
from agents.tools.spec import ToolContext
from agents.tools.toolset import Toolset
from agents.types import JsonObject, JsonValue, Source
from inference.types import GenerateRequest, Message, ToolSpec

MIN_OUTPUT_CHARS, MAX_OUTPUT_CHARS = 1_000, 16_000


class ToolChoice(Lenient):
    """One tool of the agent."""

    name: str = Field(min_length=1)
    config: dict[str, AnyJson] = Field(default_factory=dict)


class AgentConfig(ChatConfig):
    """The model, its prompt and memory, its tools and how it calls them."""

    strategy: Literal["function_calling", "react"] = "function_calling"
    max_iterations: int = Field(default=5, ge=1, le=99)
    tools: tuple[ToolChoice, ...] = ()
    tool_timeout_s: float = Field(default=60, gt=0, le=600)
    dataset_ids: tuple[str, ...] = ()
    multiple_retrieval_config: RetrievalChoice = Field(default_factory=RetrievalChoice)


class AgentNode(Node[AgentConfig]):
    kind: ClassVar[str] = "agent"
    title: ClassVar[str] = "Agent"
    description: ClassVar[str] = "Lets a model call tools until it can answer"
    outputs: ClassVar[dict[str, str]] = {
        "text": "string",
        "finish_reason": "string",
        "steps": "number",
        "usage": "object",
    }
    config_type = AgentConfig
    shows = "if_last"

    def inputs(self, ctx: NodeContext, config: AgentConfig) -> JsonObject:
        tools: list[JsonValue] = [tool.name for tool in config.tools]
        return {"query": ctx.spec.query, "model": config.model.id, "tools": tools}

    async def check(self, ctx: NodeContext, config: AgentConfig) -> None:
        """Raise when the model or a tool is missing, or the bare prompt does not fit."""
        model = await ctx.ports.models.chat(config.model.id)
        toolset = _toolset(config, model)
        prompt = await prompt_of(ctx, config, model, addition=_strategy(config, model).addition(toolset.specs))
        await fit_request(ctx, config, model, prompt, history=(), tools=toolset.specs)

    async def run(self, ctx: NodeContext, config: AgentConfig) -> NodeResult:
        model = await ctx.ports.models.chat(config.model.id)
        toolset, strategy = _toolset(config, model), _strategy(config, model)
        prompt = await prompt_of(ctx, config, model, addition=strategy.addition(toolset.specs))
        citations = Citations(ctx.past.sources)

        async def request(tail: tuple[Message, ...], tools: tuple[ToolSpec, ...]) -> GenerateRequest:
            return (await fit_request(ctx, config, model, prompt, tail=tail, tools=tools)).request

        async def cite(found: Sequence[Source]) -> tuple[Source, ...]:
            numbered = citations.add(found)
            await ctx.emit(Sources(ctx.node_id, citations.sources))
            return numbered

        def context_of(call_key: str) -> ToolContext:
            key = f"{ctx.spec.run_id}:{call_key}"
            return ToolContext(ctx.spec.run_id, ctx.spec.scope, key, ctx.ports.knowledge, cite)

        loop = AgentLoop(
            model=model,
            strategy=strategy,
            toolset=toolset,
            request=request,
            context_of=context_of,
            stage=ctx,
            max_iterations=config.max_iterations,
        )
        reply = await loop.run(ctx.past)
        if citations.sources:
            cited = ctx.ports.knowledge.cited(reply.text, citations.sources)
            await ctx.emit(Sources(ctx.node_id, with_citations(citations.sources, cited)))
        outputs: dict[str, JsonValue] = {
            "text": reply.text,
            "finish_reason": reply.finish_reason,
            "steps": reply.steps,
            "usage": usage_json(reply.usage),
        }
        return NodeResult(outputs, reply.usage, model.info.id)


def _strategy(config: AgentConfig, model: ChatModel) -> Strategy:
    """Return what the author chose, but ReAct where the model has no format for calls, or there is nothing to call."""
    if config.strategy == "function_calling" and model.info.supports_tools:
        return FunctionCalling()
    return ReAct() if config.tools or config.dataset_ids else FunctionCalling()


def _toolset(config: AgentConfig, model: ChatModel) -> Toolset:
    """Return the agent's tools; datasets bring the search in them along."""
    search: dict[str, JsonValue] = {
        "dataset_ids": list(config.dataset_ids),
        "top_k": config.multiple_retrieval_config.top_k,
        "mode": config.multiple_retrieval_config.mode,
        "score_threshold": config.multiple_retrieval_config.score_threshold,
    }
    chosen = {tool.name: tool.config for tool in config.tools}
    if config.dataset_ids:
        chosen.setdefault(KnowledgeSearch.name, {})
    tools = []
    for name, own in chosen.items():
        # The application's datasets are the last word: no tool's configuration widens them.
        settings = {**own, **search} if name == KnowledgeSearch.name else own
        tools.append(configured_tool(name, settings))
    # A result may take about a quarter of the model's context, at four characters a token.
    limit = min(max(model.info.context_tokens or MAX_OUTPUT_CHARS, MIN_OUTPUT_CHARS), MAX_OUTPUT_CHARS)
    return Toolset(tools, limit_s=config.tool_timeout_s, limit_chars=limit)
