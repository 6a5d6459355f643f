"""What of a conversation is sent when not all of it fits."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import ContextOverflow
from agents.loop.memory import Fitted, Plan, fit, plans_for, upper_bound, window_of
from agents.types import Turn
from inference.types import GenerateRequest, Image, Message, SamplingParams, ToolSpec
from tests.agents.fakes import ScriptedModel, always

PROMPT = Message("system", "You are brief.")
QUESTION = Message("user", "And now?")


def turns_of(sizes: list[int]) -> tuple[Turn, ...]:
    roles = ("user", "assistant")
    return tuple(Turn(roles[i % 2], f"{i}: " + "word " * size) for i, size in enumerate(sizes))  # type: ignore[arg-type]  # both are roles


async def fit_into(
    context_tokens: int, history: tuple[Turn, ...], *, passages: tuple[str, ...] = (), max_tokens: int | None = 20
) -> tuple[Fitted, ScriptedModel]:
    model = ScriptedModel(always(""), context_tokens=context_tokens)

    def build(plan: Plan) -> GenerateRequest:
        system = Message("system", "\n".join([PROMPT.content, *passages[: plan.passages]]))
        talk = tuple(Message(turn.role, turn.content) for turn in plan.of(history))
        return GenerateRequest("m", (system, *talk, QUESTION), sampling=SamplingParams(max_tokens=max_tokens))

    return await fit(model, plans_for(history, len(passages)), build), model


@given(st.integers(0, 9), st.integers(0, 4), st.booleans())
def test_plans_only_ever_get_smaller_and_end_with_nothing(messages: int, passages: int, opening: bool) -> None:
    history = turns_of([1] * messages)
    history = (Turn("assistant", "Hello!"), *history) if opening else history
    plans = plans_for(history, passages)
    assert plans[0].of(history) == history and plans[0].passages == passages
    sizes = [(len(plan.of(history)), plan.passages) for plan in plans]
    assert all(a[0] >= b[0] and a[1] >= b[1] and a != b for a, b in itertools.pairwise(sizes))
    assert not plans[-1].of(history) and (plans[-1].passages == 0 or not history)


@given(st.lists(st.integers(1, 60), max_size=12), st.lists(st.integers(1, 40), max_size=4), st.integers(80, 900))
async def test_what_is_sent_fits_keeps_the_first_message_and_is_the_fullest_that_fits(
    sizes: list[int], passages: list[int], context: int
) -> None:
    history, texts = turns_of(sizes), tuple("passage " * size for size in passages)
    fitted, model = await fit_into(context, history, passages=texts)
    budget = context - 20
    assert model.tokens_of(fitted.request) <= budget
    plans = plans_for(history, len(texts))
    assert model.counted <= math.ceil(math.log2(len(plans) + 1)) + 1

    async def tokens_of(plan: Plan) -> int:
        system = Message("system", "\n".join([PROMPT.content, *texts[: plan.passages]]))
        talk = tuple(Message(turn.role, turn.content) for turn in plan.of(history))
        return model.tokens_of(GenerateRequest("m", (system, *talk, QUESTION)))

    by_hand = [plan for plan in plans if await tokens_of(plan) <= budget]
    assert fitted.plan == by_hand[0]
    kept = fitted.plan.of(history)
    if kept:
        assert kept[0] == history[0]
    if len(kept) > 2 or (len(kept) == 2 and len(history) == 2):
        assert kept[-1] == history[-1] or fitted.plan.last == 0


async def test_the_first_exchange_and_the_newest_stay_whole_turns_between_go() -> None:
    history = turns_of([10] * 10)
    fitted, _ = await fit_into(130, history)
    kept = fitted.plan.of(history)
    assert kept[:2] == history[:2] and kept[-1] == history[-1] and len(kept) < len(history)
    assert [turn.role for turn in kept] == ["user", "assistant"] * (len(kept) // 2)


async def test_passages_go_from_the_end_before_history_but_the_best_stays_until_last() -> None:
    history = turns_of([10] * 6)
    passages = ("one " * 10, "two " * 10, "three " * 10)
    plans = [(await fit_into(context, history, passages=passages))[0].plan for context in range(240, 32, -1)]
    kept = [(len(plan.of(history)), plan.passages) for plan in plans]
    assert list(dict.fromkeys(kept)) == [(6, 3), (6, 2), (6, 1), (4, 1), (2, 1), (2, 0), (1, 0), (0, 0)]


async def test_tokens_are_not_counted_when_the_bytes_already_show_that_all_fits() -> None:
    fitted, model = await fit_into(4_000, turns_of([10] * 4), passages=("short",))
    assert model.counted == 0 and fitted.plan == plans_for(turns_of([10] * 4), 1)[0]
    fitted, model = await fit_into(0, turns_of([1000] * 4))
    assert model.counted == 0, "an unknown context is not trimmed to"


async def test_a_bare_prompt_that_does_not_fit_says_the_numbers() -> None:
    history = turns_of([5] * 4)
    await fit_into(37, history, max_tokens=20)
    with pytest.raises(ContextOverflow, match=r"needs 17 tokens.*holds 20.*of which 10 are kept"):
        await fit_into(20, history, max_tokens=20)


async def test_max_tokens_never_asks_for_more_than_is_left() -> None:
    fitted, _ = await fit_into(2_000, (), max_tokens=5_000)
    assert fitted.request.sampling.max_tokens == 2_000 - fitted.prompt_tokens >= 1_000
    fitted, _ = await fit_into(2_000, (), max_tokens=300)
    assert fitted.request.sampling.max_tokens == 300


def test_the_bound_counts_everything_that_costs_tokens() -> None:
    bare = upper_bound(GenerateRequest("m", (Message("user", "я" * 100),)))
    assert bare >= 200
    assert upper_bound(GenerateRequest("m", (Message("user", "я" * 100, images=(Image("data:"),)),))) >= bare + 4_000
    tool = ToolSpec("t" * 50, "d" * 500, {"type": "object"})
    assert upper_bound(GenerateRequest("m", (Message("user", "я" * 100),), tools=(tool,))) >= bare + 550


def test_a_window_keeps_the_last_exchanges() -> None:
    history = turns_of([1] * 7)
    assert window_of(history, 2) == history[4:]
    assert window_of(history, 99) == history
    assert window_of(history, 0) == ()
