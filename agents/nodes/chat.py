"""From a node's configuration and its run to a request that fits: what all nodes that talk to a model share."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from agents.loop.memory import Fitted, Plan, fit, plans_for, summarised, window_of
from agents.loop.prompt import QUERY, Prefixes, Prompt, TemplateMessage
from agents.nodes.base import NodeContext
from agents.nodes.config import AskingConfig, ChatConfig, PromptMessage
from agents.nodes.images import images_of
from agents.ports import ChatModel
from agents.types import Turn
from agents.workflow.expressions import render
from agents.workflow.jinja import is_quick, render_jinja
from agents.workflow.scope import GRAPH_MODES
from inference.types import GenerateRequest, Message, ToolSpec, Usage


@dataclass(frozen=True, slots=True)
class Remembered:
    """The conversation that a node may see: its last turns, and what was before them in short, which cost `usage`."""

    turns: tuple[Turn, ...] = ()
    summary: str = ""
    usage: Usage = field(default_factory=Usage)


async def prompt_of(
    ctx: NodeContext,
    config: ChatConfig,
    model: ChatModel,
    *,
    context: Callable[[int], str] | None = None,
    is_context_placed: bool = False,
    summary: str = "",
    question: str | None = None,
) -> Prompt:
    """Return the prompt of a node. The question closes it when the node has a memory, or no message of a user.

    In a graph a node without a memory says only what its author wrote. `question` is a template that is always asked.
    """
    template = tuple([await _message(ctx, config, item) for item in config.messages])
    whole: Prefixes | None = None
    if config.is_completion:
        said = config.memory.role_prefix if config.memory else None
        whole = Prefixes(said.user or "Human", said.assistant or "Assistant") if said else Prefixes()
    query = ""
    if question is not None:
        query = render(question, ctx.scope)
    elif config.memory is not None:
        query = render(config.memory.question, ctx.scope)
    elif whole is not None:
        query = ctx.spec.query if any(item.takes(QUERY) for item in template) else ""
    elif ctx.spec.mode not in GRAPH_MODES and not any(item.role == "user" for item in template):
        query = ctx.spec.query
    return Prompt(
        template=template,
        examples=tuple((render(item.user, ctx.scope), render(item.assistant, ctx.scope)) for item in config.examples),
        scope=ctx.scope,
        instructions=ctx.spec.instructions,
        query=query,
        images=await images_of(ctx, model.info, config.vision),
        context=context,
        summary=summary,
        whole=whole,
        is_context_placed=is_context_placed,
    )


async def _message(ctx: NodeContext, config: ChatConfig, item: PromptMessage) -> TemplateMessage:
    """Return one message of the prompt; Jinja is rendered here and now, off the event loop where it may take long."""
    if item.edition_type != "jinja2":
        return TemplateMessage(item.role, item.text)
    source, values = item.jinja2_text or "", config.jinja_values(ctx.scope)
    text = render_jinja(source, values) if is_quick(source) else await asyncio.to_thread(render_jinja, source, values)
    return TemplateMessage(item.role, text, is_final=True)


def history_of(ctx: NodeContext, config: AskingConfig) -> tuple[Turn, ...]:
    """Return the conversation that the node may see."""
    if config.memory is None:
        return ()
    exchanges = config.memory.exchanges
    return ctx.spec.history if exchanges is None else window_of(ctx.spec.history, exchanges)


async def remembered(ctx: NodeContext, config: AskingConfig, model: ChatModel) -> Remembered:
    """Return the conversation that the node may see, and where that is wanted, a summary of what was before it."""
    turns = history_of(ctx, config)
    older = ctx.spec.history[: len(ctx.spec.history) - len(turns)]
    if config.memory is None or not config.memory.summary or not older:
        return Remembered(turns)
    summary, usage = await summarised(model, older, tenant=ctx.spec.scope, priority=ctx.spec.priority)
    return Remembered(turns, summary, usage)


async def fit_request(  # noqa: PLR0913  # each is one independent part of a request
    ctx: NodeContext,
    config: AskingConfig,
    model: ChatModel,
    prompt: Prompt,
    *,
    passages: int = 0,
    history: tuple[Turn, ...] | None = None,
    tail: tuple[Message, ...] = (),
    tools: tuple[ToolSpec, ...] = (),
) -> Fitted:
    """Return the fullest request that fits; `tail` follows the prompt and is never cut."""
    turns = history_of(ctx, config) if history is None else history

    def build(plan: Plan) -> GenerateRequest:
        return GenerateRequest(
            model=model.info.id,
            messages=(*prompt.messages(plan.of(turns), plan.passages), *tail),
            tools=tools,
            sampling=config.model.parameters.sampling(),
            priority=ctx.spec.priority,
            tenant=ctx.spec.scope,
        )

    return await fit(model, plans_for(turns, passages), build)
