"""agent: a model that calls tools until it can answer."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from pydantic import BaseModel

from agents.events import AgentNoted, Sources, ToolCalled, ToolResult
from agents.loop.agent import AgentLoop, Budget
from agents.loop.function_calling import FunctionCalling
from agents.loop.prompt import Prompt
from agents.loop.react import ReAct
from agents.loop.selection import offered_tools
from agents.loop.strategy import Strategy
from agents.nodes.agent_config import AgentConfig
from agents.nodes.base import Node, NodeContext, NodeResult, usage_json
from agents.nodes.chat import fit_request, prompt_of, remembered
from agents.nodes.fallback import fallback_told, model_of
from agents.nodes.passages import Citations, with_citations
from agents.ports import ChatModel
from agents.tools.builtin.knowledge_search import KnowledgeSearch
from agents.tools.catalogue import configured_tool
from agents.tools.spec import ToolContext
from agents.tools.toolset import Toolset
from agents.types import JsonObject, JsonValue, Source
from agents.workflow.expressions import normal, render
from agents.workflow.graph import CONVERSATION, Selector
from inference.types import GenerateRequest, Message, ToolSpec

MIN_OUTPUT_CHARS, MAX_OUTPUT_CHARS = 1_000, 16_000


class AgentNode(Node[AgentConfig]):
    kind: ClassVar[str] = "agent"
    title: ClassVar[str] = "Agent"
    description: ClassVar[str] = "Lets a model call tools until it can answer"
    icon: ClassVar[str] = "robot"
    outputs: ClassVar[dict[str, str]] = {
        "text": "string",
        "finish_reason": "string",
        "steps": "number",
        "usage": "object",
        "files": "array[file]",
        "json": "array[object]",
    }
    config_type = AgentConfig
    shows = "if_last"
    streams = "text"

    def references(self, config: BaseModel) -> Iterator[Selector]:
        assert isinstance(config, AgentConfig), "the registry pairs a node with its own configuration"
        return config.all_references()

    def inputs(self, ctx: NodeContext, config: AgentConfig) -> JsonObject:
        tools: list[JsonValue] = [tool.name for tool in config.chosen_tools]
        query = render(config.question or "{{#sys.query#}}", ctx.scope)
        return {"query": query, "model": config.model.id, "tools": tools}

    async def check(self, ctx: NodeContext, config: AgentConfig) -> None:
        """Raise when the model or a tool is missing, or the bare prompt does not fit."""
        model = await model_of(ctx, config.model)
        toolset, strategy = _toolset(config, model), _strategy(config, model)
        offered = offered_tools(toolset.specs, "")
        prompt = await prompt_of(ctx, config, model, question=config.question)
        prompt = replace(prompt, addition=strategy.addition(offered))
        await fit_request(ctx, config, model, prompt, history=(), tools=strategy.offered(offered, last=False))

    async def run(self, ctx: NodeContext, config: AgentConfig) -> NodeResult:
        model = await model_of(ctx, config.model)
        toolset = _toolset(config, model)
        memory = await remembered(ctx, config, model)
        if memory.summary:
            await ctx.emit(AgentNoted(ctx.node_id, 0, "summary", memory.summary))
        prompt = await prompt_of(ctx, config, model, summary=memory.summary, question=config.question)
        citations = Citations(ctx.past.sources)

        async def request(tail: tuple[Message, ...], tools: tuple[ToolSpec, ...], addition: str) -> GenerateRequest:
            asked = replace(prompt, addition=addition)
            fitted = await fit_request(ctx, config, model, asked, history=memory.turns, tail=tail, tools=tools)
            return fitted.request

        async def cite(found: Sequence[Source]) -> tuple[Source, ...]:
            numbered = citations.add(found)
            await ctx.emit(Sources(ctx.node_id, citations.sources))
            return numbered

        def context_of(call_key: str) -> ToolContext:
            key = f"{ctx.spec.run_id}:{call_key}"
            return (
                ToolContext(ctx.spec.run_id, ctx.spec.scope, key, ctx.ports.knowledge, cite)
                .with_ports(ctx.ports)
                .with_ports(ctx.ports)
            )

        loop = AgentLoop(
            model=model,
            strategy=_strategy(config, model),
            toolset=toolset,
            request=request,
            context_of=context_of,
            stage=ctx,
            budget=Budget(config.max_iterations, config.token_budget),
            question=prompt.query or ctx.spec.query,
            is_tainted=_is_tainted(ctx, config, toolset, prompt),
            must_call=config.must_call,
        )
        reply = await loop.run(ctx.past)
        if citations.sources:
            cited = ctx.ports.knowledge.cited(reply.text, citations.sources)
            await ctx.emit(Sources(ctx.node_id, with_citations(citations.sources, cited)))
        usage = memory.usage + reply.usage
        outputs: dict[str, JsonValue] = {
            "text": reply.text,
            "finish_reason": reply.finish_reason,
            "steps": len(reply.steps),
            "usage": usage_json(usage),
            "files": [dict(made) for step in reply.steps for _, result in step.calls for made in result.files],
            "json": [_told(call, result) for step in reply.steps for call, result in step.calls],
        }
        return NodeResult(outputs | dict(fallback_told(model)), usage, model.info.id)


def _told(call: ToolCalled, result: ToolResult) -> JsonValue:
    return {"tool": call.name, "arguments": dict(call.arguments), "output": result.output, "error": result.error}


def _is_tainted(ctx: NodeContext, config: AgentConfig, toolset: Toolset, prompt: Prompt) -> bool:
    """Whether the prompt has words that neither the author nor the person who asks has written.

    That is a file, what another node gave or kept in the conversation, and what the agent itself answered before,
    if it can read what strangers wrote.
    """
    sources = {source for source, *_ in map(normal, config.all_references())}
    others = (sources & ctx.scope.nodes.keys()) - _entries(ctx)
    if prompt.images or ctx.spec.files or others or CONVERSATION in sources:
        return True
    return bool(ctx.spec.history) and not all(toolset.is_trusted(tool.name) for tool in toolset.specs)


def _entries(ctx: NodeContext) -> frozenset[str]:
    """Return the nodes that give what the person typed."""
    return frozenset(node.id for node in ctx.spec.nodes if node.kind == "start")


def _strategy(config: AgentConfig, model: ChatModel) -> Strategy:
    """Return what the author chose, but ReAct where the model has no format for calls, or there is nothing to call."""
    if config.strategy == "function_calling" and model.info.supports_tools:
        return FunctionCalling()
    return ReAct() if config.chosen_tools or config.dataset_ids else FunctionCalling()


def _toolset(config: AgentConfig, model: ChatModel) -> Toolset:
    """Return the agent's tools; datasets bring the search in them along."""
    how = config.multiple_retrieval_config.choice(config.dataset_ids)
    search: dict[str, JsonValue] = {
        "dataset_ids": list(how.dataset_ids),
        "top_k": how.top_k,
        "mode": how.mode,
        "score_threshold": how.score_threshold,
        "semantic_weight": how.semantic_weight,
        "rerank": how.rerank,
    }
    chosen = {tool.name: tool.config for tool in config.chosen_tools}
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
