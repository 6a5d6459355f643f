"""From a node's configuration and its run to a request that fits: what the llm and the agent node share."""

from collections.abc import Callable

from agents.loop.memory import Fitted, Plan, fit, plans_for, window_of
from agents.loop.prompt import Prompt
from agents.nodes.base import NodeContext
from agents.nodes.config import ChatConfig
from agents.nodes.images import images_of
from agents.ports import ChatModel
from agents.types import Turn
from agents.workflow.expressions import render
from inference.types import GenerateRequest, Message, ToolSpec


async def prompt_of(
    ctx: NodeContext,
    config: ChatConfig,
    model: ChatModel,
    *,
    addition: str = "",
    context: Callable[[int], str] | None = None,
) -> Prompt:
    """Return the prompt of a node. The question closes it when the node has a memory, or no message of a user."""
    query = ""
    if config.memory is not None:
        query = render(config.memory.query_prompt_template, ctx.scope)
    elif not any(item.role == "user" for item in config.prompt_template):
        query = ctx.spec.query
    return Prompt(
        template=config.template(),
        scope=ctx.scope,
        instructions=ctx.spec.instructions,
        query=query,
        images=await images_of(ctx, model.info),
        context=context,
        addition=addition,
    )


def history_of(ctx: NodeContext, config: ChatConfig) -> tuple[Turn, ...]:
    """Return the conversation that the node may see."""
    if config.memory is None:
        return ()
    window = config.memory.window
    return window_of(ctx.spec.history, window.size) if window.enabled else ctx.spec.history


async def fit_request(  # noqa: PLR0913  # each is one independent part of a request
    ctx: NodeContext,
    config: ChatConfig,
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
