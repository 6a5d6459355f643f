"""Sampling with the real model: biases, penalties, log probabilities, and grammars of which the model knows nothing."""

from collections.abc import Sequence as Sized
from dataclasses import replace

import numpy as np
import pytest

from inference.batching.sequence import Sequence, Token
from inference.engines.llama_executor import LlamaExecutor
from inference.engines.llama_sampling import allowed_tokens, with_logprobs
from inference.types import SamplingParams
from tests.inference.llama_model import GREEDY, executor, last_logits, model, rest, run_out, sequence, step

pytestmark = pytest.mark.model
PROMPT = "The capital of France is"


def first_token(engine: LlamaExecutor, sampling: SamplingParams, slot: int = 0) -> Token:
    one = sequence(PROMPT, slot=slot, sampling=sampling)
    engine.open(one)
    (tokens,) = step(engine, rest(one))
    return tokens[0]


def test_a_bias_bans_a_token_and_another_forces_one() -> None:
    with executor() as engine:
        plain = first_token(engine, GREEDY).id
        assert first_token(engine, replace(GREEDY, logit_bias=((plain, -100.0),)), slot=1).id != plain
        assert first_token(engine, replace(GREEDY, logit_bias=((4321, 100.0),)), slot=2).id == 4321


def test_the_end_is_never_chosen_when_it_is_to_be_ignored() -> None:
    biases = tuple((token, 100.0) for token in model().end_tokens)
    with executor() as engine:
        assert first_token(engine, replace(GREEDY, logit_bias=biases)).id in model().end_tokens
        ignoring = first_token(engine, replace(GREEDY, logit_bias=biases, ignore_eos=True), slot=1)
        assert ignoring.id not in model().end_tokens


def test_log_probabilities_are_those_of_the_raw_logits() -> None:
    with executor() as engine:
        token = first_token(engine, SamplingParams(temperature=0, top_logprobs=5, top_k=1, logit_bias=((77, 100.0),)))
        logits = last_logits(engine).astype(np.float64)
        expected = logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
        assert token.id == 77, "the bias chose it"
        assert token.logprob == pytest.approx(expected[77], abs=1e-3), "but its probability is the model's"
        order = np.argsort(-expected, kind="stable")[:5]
        assert [other for other, _ in token.top] == order.tolist()
        assert [value for _, value in token.top] == pytest.approx(expected[order].tolist(), abs=1e-3)


def test_all_probabilities_together_are_one() -> None:
    logits = np.random.default_rng(1).normal(scale=8, size=5000).astype(np.float32)
    token = with_logprobs(3, logits, 5000)
    assert sum(np.exp(value) for _, value in token.top) == pytest.approx(1.0, abs=1e-4)
    assert with_logprobs(3, logits, 0).top == ()


def test_who_asks_for_no_log_probabilities_gets_none() -> None:
    with executor() as engine:
        assert first_token(engine, GREEDY).top == ()
        assert first_token(engine, replace(GREEDY, top_logprobs=0), slot=1).logprob < 0


@pytest.mark.parametrize(
    "penalized",
    [
        replace(GREEDY, repeat_penalty=5.0),
        replace(GREEDY, presence_penalty=2.0),
        replace(GREEDY, frequency_penalty=2.0),
    ],
    ids=["repeat", "presence", "frequency"],
)
def test_each_penalty_makes_what_was_said_less_likely(penalized: SamplingParams) -> None:
    with executor() as engine:
        looping = run_out(engine, sequence("one two one two one two one"), 12)
        varied = run_out(engine, sequence("one two one two one two one", slot=1, sampling=penalized), 12)
        assert len(set(varied)) > len(set(looping))


def test_a_seed_is_repeatable_and_its_absence_is_not() -> None:
    hot = SamplingParams(temperature=1000.0, logit_bias=tuple((token, 1e5) for token in range(1000, 1400)))
    with executor() as engine:
        first, second, other, free, freer = (
            run_out(engine, sequence(PROMPT, slot=slot, sampling=replace(hot, seed=seed)), 4)
            for slot, seed in enumerate((7, 7, 8, None, None))
        )
    assert first == second
    assert len({tuple(first), tuple(other), tuple(free), tuple(freer)}) == 4


def test_deterministic_means_greedy_unless_a_seed_is_given() -> None:
    hot = SamplingParams(temperature=1000.0, logit_bias=tuple((token, 1e5) for token in range(1000, 1400)))
    fixed = replace(hot, deterministic=True)
    with executor() as engine:
        first, second, greedy, seeded, unseeded = (
            run_out(engine, sequence(PROMPT, slot=slot, sampling=sampling), 4)
            for slot, sampling in enumerate(
                (fixed, fixed, replace(fixed, temperature=0.0), replace(fixed, seed=7), replace(hot, seed=7))
            )
        )
    assert first == second == greedy
    assert seeded == unseeded != greedy


def test_top_k_min_p_and_top_p_leave_only_the_likeliest() -> None:
    with executor() as engine:
        best = first_token(engine, GREEDY).id
        hot = SamplingParams(temperature=5.0, seed=1)
        narrow = (replace(hot, top_k=1), replace(hot, min_p=0.999), replace(hot, top_p=0.001))
        assert [first_token(engine, sampling, 1 + slot).id for slot, sampling in enumerate(narrow)] == [best] * 3


class Only:
    """A grammar that prescribes tokens: each step allows one set; a set of one is forced."""

    def __init__(self, steps: Sized[set[int]]) -> None:
        self.steps = list(steps)
        self.accepted: list[int] = []
        self.masks = 0

    def allows(self, token: int, remaining: int) -> bool:
        at = len(self.accepted)
        return token in self.steps[at] if at < len(self.steps) else token in model().end_tokens

    def mask(self, remaining: int) -> bytes:
        self.masks += 1
        bits = np.zeros((model().vocabulary_size + 31) // 32 * 32, np.uint8)
        bits[list(self.steps[len(self.accepted)])] = 1
        return np.packbits(bits, bitorder="little").tobytes()

    def accept(self, tokens: Sized[int]) -> None:
        for token in tokens:
            assert self.allows(token, 1)
            self.accepted.append(token)

    def forced(self, limit: int, remaining: int) -> list[int]:
        found: list[int] = []
        for allowed in self.steps[len(self.accepted) :][:limit]:
            if len(allowed) > 1:
                break
            found += allowed
        return found

    def admissible(self, draft: Sized[int], remaining: int) -> int:
        return sum(token in allowed for token, allowed in zip(draft, self.steps[len(self.accepted) :], strict=False))

    @property
    def is_complete(self) -> bool:
        return len(self.accepted) == len(self.steps)

    @property
    def is_whole(self) -> bool:
        return self.is_complete


def constrained(steps: Sized[set[int]], *, resumed: Sized[int] = (), sampling: SamplingParams = GREEDY) -> Sequence:
    made = sequence(PROMPT)
    limited = Sequence(made.id, [*made.tokens, *resumed], 16, sampling, constraint=Only(steps), resumed=len(resumed))
    limited.slot = 0
    return limited


def test_a_grammar_is_obeyed_and_what_it_forces_costs_no_step() -> None:
    with executor() as engine:
        one = constrained([{500, 600}, {700}, {800}, {900, 901}, {1000}])
        engine.open(one)
        (first,) = step(engine, rest(one))
        assert [token.id for token in first[1:]] == [700, 800]
        assert first[0].id in {500, 600}
        assert one.missing == 3, "the forced ones are computed with the next step"
        (second,) = step(engine, rest(one))
        assert second[0].id in {900, 901}
        assert [token.id for token in second[1:]] == [1000, model().end_token]


def test_a_token_that_the_grammar_likes_costs_no_mask() -> None:
    with executor() as engine:
        plain = run_out(engine, sequence(PROMPT, slot=1), 3)
        one = constrained([{token, 1} for token in plain])
        engine.open(one)
        while one.generated < 3:
            step(engine, rest(one))
        assert one.tokens[one.prompt_tokens :] == plain
        assert isinstance(one.constraint, Only)
        assert one.constraint.masks == 0


def test_the_masked_choice_is_the_best_of_the_allowed() -> None:
    with executor() as engine:
        one = constrained([{500, 600, 4321}, {1, 2}])
        engine.open(one)
        (tokens,) = step(engine, rest(one))
        logits = last_logits(engine)
        assert tokens[0].id == max((500, 600, 4321), key=lambda token: logits[token])


def test_penalties_count_only_the_token_that_was_chosen_in_the_end() -> None:
    """The refused first choice must not be remembered: it stays the favourite afterwards."""
    penalized = replace(GREEDY, presence_penalty=100.0)
    with executor() as engine:
        favourite = first_token(engine, replace(penalized, logit_bias=((4321, 60.0),)), slot=1).id
        one = constrained([{500, 600}, {4321, 500, 600}], sampling=replace(penalized, logit_bias=((4321, 60.0),)))
        engine.open(one)
        (first,) = step(engine, rest(one))
        (second,) = step(engine, rest(one))
        assert favourite == 4321 == second[0].id
        assert first[0].id in {500, 600}


def test_a_resumed_sequence_goes_on_in_the_middle_of_its_grammar() -> None:
    with executor() as engine:
        one = constrained([{500}, {600}, {700, 701}], resumed=(500, 600))
        engine.open(one)
        (tokens,) = step(engine, rest(one))
        assert tokens[0].id in {700, 701}
        assert tokens[1].id == model().end_token


def test_guesses_are_judged_by_the_grammar_too() -> None:
    with executor() as engine:
        one = constrained([{500, 600}, {700, 701}, {800, 801}, {900, 901}])
        engine.open(one)
        step(engine, rest(one))
        (tokens,) = step(engine, rest(one, (9999, 800)))
        assert len(tokens) == 1, "no guess that the grammar refuses is taken"
        assert tokens[0].id in {700, 701}


class Broken(Only):
    def accept(self, tokens: Sized[int]) -> None:
        raise RuntimeError("a grammar's fault")


def test_a_broken_grammar_fails_its_own_row_only() -> None:
    with executor() as engine:
        broken, good = constrained([{500}, {600}]), sequence(PROMPT, slot=1)
        broken.constraint = Broken([{500}, {600}])
        engine.open(broken)
        engine.open(good)
        failed, fine = engine.run([rest(broken), rest(good)], None)
        assert str(failed.error) == "a grammar's fault"
        assert fine.error is None
        assert len(fine.tokens) == 1


def test_bits_of_a_mask_are_token_ids() -> None:
    assert allowed_tokens(bytes([0b101, 0, 0, 0x80, 0xFF, 0, 0, 0]), 33).tolist() == [0, 2, 31, 32]
