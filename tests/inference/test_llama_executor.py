"""LlamaExecutor with the real model: cells, guesses, saved states and what goes wrong in C."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest

from inference.batching.executor import CacheFullError, ContextLostError
from inference.batching.sequence import Copy, Row, Trim
from inference.engines.llama_bindings import library
from inference.engines.llama_executor import LlamaExecutor
from inference.errors import EngineFailedError
from inference.types import SamplingParams
from tests.inference.llama_model import GREEDY, executor, last_logits, model, rest, run_out, sequence, step, tokens_of

pytestmark = pytest.mark.model
TEXT = "The quick brown fox jumps over the lazy dog, and the dog does not mind at all. " * 4
CLOSE = 0.4  # mean distance of logits: another order of addition gives 0.1 to 0.33, another prompt 1 and more


def distance(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> float:
    return float(np.abs(first - second).mean())


def test_another_prompt_gives_other_logits() -> None:
    """The tolerance of the tests below means something."""
    with executor() as engine:
        first, second = sequence(TEXT + "Who jumps?"), sequence(TEXT[3:] + "Who minds?", slot=1)
        engine.open(first)
        engine.open(second)
        step(engine, rest(first))
        before = last_logits(engine)
        step(engine, rest(second))
        assert distance(before, last_logits(engine)) > 2 * CLOSE


def test_rows_computed_together_give_the_logits_they_give_alone() -> None:
    texts = ["The capital of France is", "Two and two are", "Once upon a time, there was a"]
    with executor() as engine:
        together = [sequence(text, slot=slot) for slot, text in enumerate(texts)]
        for one in together:
            engine.open(one)
        step(engine, *map(rest, together))
        shared = last_logits(engine)
        alone = sequence(texts[-1], slot=9)
        engine.open(alone)
        step(engine, rest(alone))
        assert distance(shared, last_logits(engine)) < CLOSE


def test_a_prompt_in_chunks_gives_the_logits_of_one_piece() -> None:
    with executor() as engine:
        whole, chunked = sequence(TEXT, slot=0), sequence(TEXT, slot=1)
        engine.open(whole)
        engine.open(chunked)
        step(engine, rest(whole))
        expected = last_logits(engine)
        for size in (7, 20):
            assert engine.run([Row(chunked, chunked.computed, size)], None)[0].tokens == ()
            chunked.computed += size
        step(engine, rest(chunked))
        assert distance(expected, last_logits(engine)) < CLOSE


def test_a_shared_prefix_gives_the_logits_of_a_cold_one() -> None:
    with executor() as engine:
        first, second = sequence(TEXT + "Who jumps?", slot=0), sequence(TEXT + "Who minds?", slot=31)
        engine.open(first)
        step(engine, rest(first))
        shared = len(tokens_of(TEXT)) - 1
        engine.move([Copy(0, 31, shared)])
        engine.move([Trim(0)])
        second.computed = shared
        engine.open(second)
        step(engine, rest(second))
        warm = last_logits(engine)
        cold = sequence(TEXT + "Who minds?", slot=5)
        engine.open(cold)
        step(engine, rest(cold))
        assert distance(warm, last_logits(engine)) < CLOSE


def test_right_guesses_save_steps_and_wrong_ones_change_nothing() -> None:
    with executor() as engine:
        plain = run_out(engine, sequence("1, 2, 3, 4,"), 24)
        guessed = sequence("1, 2, 3, 4,", slot=1)
        engine.open(guessed)
        steps = 0
        while guessed.generated < 24:
            at = guessed.generated
            draft = tuple(plain[at : at + 4]) if steps % 2 == 0 else (plain[at], 11, 12)
            before = guessed.generated
            step(engine, rest(guessed, draft))
            steps += 1
            assert guessed.generated - before == (5 if len(draft) == 4 else 2) or guessed.generated >= 20
            assert guessed.missing == 1, "the cells of refused guesses are gone"
        assert guessed.tokens[guessed.prompt_tokens :][:24] == plain
        assert steps <= 9


def test_a_draft_never_passes_the_end_nor_the_limit() -> None:
    end = model().end_token
    with executor() as engine:
        one = sequence("Hello", max_tokens=2, sampling=SamplingParams(temperature=0, logit_bias=((end, 100.0),)))
        engine.open(one)
        (tokens,) = step(engine, rest(one, (end, end, end)))
        assert [token.id for token in tokens] == [end]
        limited = sequence("1, 2, 3, 4,", slot=1, max_tokens=2)
        plain = run_out(engine, sequence("1, 2, 3, 4,", slot=2), 6)
        engine.open(limited)
        (tokens,) = step(engine, rest(limited, tuple(plain[:4])))
        assert [token.id for token in tokens] == plain[:2]


def test_sampled_guesses_are_those_that_sampling_alone_would_give() -> None:
    """So hot, and so biased to ten tokens, that only the random numbers decide, not the last digits of the logits."""
    biases = tuple((token, 1e5) for token in range(1000, 1010))
    sampling = SamplingParams(temperature=1000.0, seed=5, logit_bias=biases)
    with executor() as engine:
        plain = run_out(engine, sequence(TEXT, sampling=sampling), 6)
        assert len(set(plain)) > 2
        guessed = sequence(TEXT, slot=1, sampling=sampling)
        engine.open(guessed)
        step(engine, rest(guessed))
        step(engine, rest(guessed, (plain[1], plain[2], plain[3])))
        step(engine, rest(guessed, (plain[0] + 20,)))
        assert guessed.tokens[guessed.prompt_tokens :] == plain


def test_a_full_cache_says_so_and_loses_nothing() -> None:
    with executor(context_tokens=256) as engine:
        first, second = sequence(tokens_of(TEXT * 3)[:200]), sequence(tokens_of(TEXT)[:60], slot=1)
        engine.open(first)
        engine.open(second)
        step(engine, rest(first))
        with pytest.raises(CacheFullError):
            engine.run([rest(first), rest(second)], None)
        step(engine, rest(first))
        engine.move([Trim(0)])
        step(engine, rest(second))


def test_cells_are_reused_for_a_thousand_steps() -> None:
    """Of 256 cells, 1,000 steps of two sequences need every one again and again."""
    with executor(context_tokens=256) as engine:
        for number in range(25):
            ones = [sequence(f"{number} Hello", slot=slot, max_tokens=40) for slot in (number % 30, 31)]
            for one in ones:
                engine.open(one)
            for _ in range(40):
                engine.run([rest(one) for one in ones], None)
                for one in ones:
                    one.computed = len(one.tokens)
                    one.tokens.append(11)
            for one in ones:
                engine.close(one)
                engine.move([Trim(one.slot or 0)])
        assert not engine._samplers


def test_an_invalid_token_fails_only_its_own_step(capfd: pytest.CaptureFixture[str]) -> None:
    with executor() as engine:
        good, bad = sequence("Hello"), sequence([1, 2, 10_000_000], slot=1)
        engine.open(good)
        engine.open(bad)
        with pytest.raises(EngineFailedError, match="-1"):
            engine.run([rest(good), rest(bad)], None)
        assert step(engine, rest(good)) == [(good_token(engine),)]


def good_token(engine: LlamaExecutor) -> object:
    twin = sequence("Hello", slot=9)
    engine.open(twin)
    return step(engine, rest(twin))[0][0]


def failing(status: int) -> SimpleNamespace:
    """The C library whose next step ends with `status`; everything else is real."""
    calls = {name: getattr(library(), name) for name in dir(library()) if name.startswith(("llama_", "LLAMA", "GGML"))}
    decode: Callable[[object, object], int] = lambda context, batch: status  # noqa: E731
    return SimpleNamespace(**{**calls, "llama_decode": decode})


def test_a_damaged_context_is_made_anew_and_computes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with executor() as engine:
        one = sequence(TEXT)
        engine.open(one)
        step(engine, rest(one))
        with monkeypatch.context() as patch:
            patch.setattr(engine, "_api", failing(-3))
            with pytest.raises(ContextLostError):
                engine.run([rest(one)], None)
        expected = [*one.tokens]
        one.computed = 0
        step(engine, rest(one))
        twin = sequence(expected, slot=7)
        engine.open(twin)
        step(engine, rest(twin))
        assert one.tokens == twin.tokens


def test_an_aborted_step_can_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    with executor() as engine:
        one = sequence("Hello")
        engine.open(one)
        with monkeypatch.context() as patch:
            patch.setattr(engine, "_api", failing(2))
            with pytest.raises(EngineFailedError, match="aborted"):
                engine.run([rest(one)], None)
        step(engine, rest(one))


def test_time_inside_llama_cpp_is_counted() -> None:
    with executor() as engine:
        run_out(engine, sequence("Hello", sampling=GREEDY), 3)
        assert engine.compute_s > 0
