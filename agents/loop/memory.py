"""What of a conversation is sent when not all of it fits, and what is told of the rest.

Plans are tried from the fullest to the barest: passages go first, from the worst one, down to the best;
then exchanges from the oldest after the first; then the last passage; then all but the first message.
Each plan costs no more tokens than the one before it, so that the fullest that fits is found by bisection.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agents.errors import ContextOverflow
from agents.loop.asking import ask
from agents.ports import ChatModel
from agents.types import Turn
from inference.types import GenerateRequest, Message, Priority, SamplingParams, Usage

DEFAULT_ANSWER_TOKENS = 1_024  # kept free for the answer when the application sets no limit
MESSAGE_OVERHEAD_TOKENS = 48  # role markers of the widest chat template that we know, rounded up
TEMPLATE_OVERHEAD_TOKENS = 256  # what templates add by themselves: default system texts, dates, tool instructions
SUMMARY_PROMPT = (
    "Summarise the conversation in at most five sentences, in its own language. Keep names, numbers, wishes and "
    "decisions. Answer with the summary alone."
)
SUMMARY_TOKENS = 300
IMAGE_TOKENS = 4_096  # an upper bound for one image


@dataclass(frozen=True, slots=True)
class Plan:
    """Keep the `first` and the `last` messages of the history, and the best `passages`."""

    first: int
    last: int
    passages: int

    def of(self, history: Sequence[Turn]) -> tuple[Turn, ...]:
        """Return the messages of `history` that are kept."""
        return (*history[: self.first], *history[len(history) - self.last :])


@dataclass(frozen=True, slots=True)
class Fitted:
    """A request that fits, with the plan that made it; `prompt_tokens` is counted or an upper bound."""

    plan: Plan
    request: GenerateRequest
    prompt_tokens: int


def plans_for(history: Sequence[Turn], passages: int) -> tuple[Plan, ...]:
    """Return every plan, the fullest first."""
    total = len(history)
    least = min(passages, 1)
    starts = [index for index, turn in enumerate(history) if turn.role == "user"]
    first = starts[1] if len(starts) > 1 else total  # the opening and the first exchange
    plans = [Plan(first, total - first, count) for count in range(passages, least - 1, -1)]
    plans += [Plan(first, total - start, least) for start in [*starts[2:], total] if first < total]
    if least:
        plans.append(Plan(first, 0, 0))
    if first > 1:
        plans.append(Plan(1, 0, 0))
    if total:
        plans.append(Plan(0, 0, 0))
    return tuple(dict.fromkeys(plans))


def window_of(history: Sequence[Turn], size: int) -> tuple[Turn, ...]:
    """Return the last `size` exchanges."""
    starts = [index for index, turn in enumerate(history) if turn.role == "user"]
    if size <= 0:
        return ()
    return tuple(history) if len(starts) <= size else tuple(history[starts[-size] :])


async def summarised(
    model: ChatModel, turns: Sequence[Turn], *, tenant: str = "", priority: Priority = "interactive"
) -> tuple[str, Usage]:
    """Return what was said in `turns` in a few sentences, and what it cost; nothing when no turn fits."""

    def build(plan: Plan) -> GenerateRequest:
        talk = "\n".join(f"{turn.role}: {turn.content}" for turn in plan.of(turns))
        return GenerateRequest(
            model=model.info.id,
            messages=(Message("system", SUMMARY_PROMPT), Message("user", talk)),
            sampling=SamplingParams(temperature=0.0, max_tokens=SUMMARY_TOKENS),
            priority=priority,
            tenant=tenant,
        )

    try:
        fitted = await fit(model, plans_for(turns, 0), build)
    except ContextOverflow:
        return "", Usage()
    said = await ask(model, fitted.request)
    return said.text.strip(), said.usage


def upper_bound(request: GenerateRequest) -> int:
    """Return a number of tokens that the prompt cannot exceed: no tokenizer makes more tokens than UTF-8 bytes."""
    total = TEMPLATE_OVERHEAD_TOKENS
    for message in request.messages:
        total += MESSAGE_OVERHEAD_TOKENS + len(message.content.encode()) + IMAGE_TOKENS * len(message.images)
        total += sum(
            MESSAGE_OVERHEAD_TOKENS + len((call.name + call.arguments).encode()) for call in message.tool_calls
        )
    for tool in request.tools:
        total += MESSAGE_OVERHEAD_TOKENS + len(json.dumps(tool.parameters, ensure_ascii=False).encode())
        total += len((tool.name + tool.description).encode())
    return total


async def fit(model: ChatModel, plans: Sequence[Plan], build: Callable[[Plan], GenerateRequest]) -> Fitted:
    """Return the fullest plan that fits into the model's context beside the answer.

    The answer's share is `max_tokens`, but at most half of the context. Tokens are counted only when the cheap
    upper bound does not settle it, and then O(log plans) times. Raises `ContextOverflow` when even the last plan
    is too long.
    """
    full = build(plans[0])
    context = model.info.context_tokens
    if not context:
        return Fitted(plans[0], full, 0)
    reserve = min(full.sampling.max_tokens or DEFAULT_ANSWER_TOKENS, context // 2)
    budget = context - reserve

    async def try_plan(plan: Plan) -> Fitted:
        request = build(plan)
        tokens = upper_bound(request)
        return Fitted(plan, request, tokens if tokens <= budget else await model.count_tokens(request))

    best = await try_plan(plans[0])
    if best.prompt_tokens > budget:
        low, high = 1, len(plans)  # plans before `low` are too long; plans from `high` on fit, or are past the end
        while low < high:
            middle = (low + high) // 2
            tried = await try_plan(plans[middle])
            if tried.prompt_tokens <= budget:
                best, high = tried, middle
            else:
                low = middle + 1
        if low == len(plans):
            raise await _overflow(model, build(plans[-1]), reserve)
    return _bounded_answer(best, context)


async def _overflow(model: ChatModel, request: GenerateRequest, reserve: int) -> ContextOverflow:
    tokens = await model.count_tokens(request)
    return ContextOverflow(
        f"the prompt alone needs {tokens} tokens, but model {model.info.id!r} holds {model.info.context_tokens}, "
        f"of which {reserve} are kept for the answer: shorten the prompt or the question, lower max_tokens, "
        "or choose a model with a larger context"
    )


def _bounded_answer(fitted: Fitted, context: int) -> Fitted:
    """Lower `max_tokens` to what is left of the context: servers refuse a request that could exceed it."""
    sampling = fitted.request.sampling
    if sampling.max_tokens is None or sampling.max_tokens <= context - fitted.prompt_tokens:
        return fitted
    bounded = replace(sampling, max_tokens=context - fitted.prompt_tokens)
    return replace(fitted, request=replace(fitted.request, sampling=bounded))
