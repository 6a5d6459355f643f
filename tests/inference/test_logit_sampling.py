"""Choosing tokens in numpy: the same rules as the built-in engine's samplers."""

import numpy as np
import pytest

from inference.batching.sequence import Sequence
from inference.engines.logit_sampling import Logits, LogitSampler
from inference.types import SamplingParams

LOGITS: Logits = np.array([0.0, 3.0, 2.5, 1.0, -2.0], np.float32)
END = 4


def sampler(tokens: tuple[int, ...] = (0,), **sampling: object) -> LogitSampler:
    params = SamplingParams(**{"temperature": 0.0, **sampling})  # type: ignore[arg-type]  # by name
    return LogitSampler(Sequence(1, list(tokens), 50, params), ends=frozenset({END}))


def drawn(count: int = 300, **sampling: object) -> set[int]:
    one = sampler((0,), temperature=1.0, seed=3, **sampling)
    return {one.sample(LOGITS, 10).id for _ in range(count)}


def test_without_temperature_the_likeliest_is_taken() -> None:
    assert sampler().sample(LOGITS, 10).id == 1


def test_a_bias_moves_the_choice() -> None:
    assert sampler(logit_bias=((3, 10.0),)).sample(LOGITS, 10).id == 3


def test_the_end_is_never_chosen_where_it_is_to_be_ignored() -> None:
    certain = np.array([0.0, 0.0, 0.0, 0.0, 50.0], np.float32)
    assert sampler().sample(certain, 10).id == END
    assert sampler(ignore_eos=True).sample(certain, 10).id != END


@pytest.mark.parametrize("penalty", [{"presence_penalty": 2.0}, {"frequency_penalty": 2.0}, {"repeat_penalty": 3.0}])
def test_what_was_said_before_is_less_likely(penalty: dict[str, object]) -> None:
    assert sampler((1,), **penalty).sample(LOGITS, 10).id == 2


def test_what_is_said_counts_from_then_on() -> None:
    one = sampler(presence_penalty=2.0)
    assert [one.sample(LOGITS, 10).id for _ in range(2)] == [1, 2]


def test_filters_leave_the_likeliest() -> None:
    assert drawn(top_k=2) == {1, 2}
    assert drawn(top_p=0.5) <= {1, 2}
    assert drawn(min_p=0.5) == {1, 2}
    assert {1, 2, 3} <= drawn()


def test_the_same_seed_draws_the_same() -> None:
    first, second = (sampler(temperature=1.5, seed=11) for _ in range(2))
    assert [first.sample(LOGITS, 9).id for _ in range(20)] == [second.sample(LOGITS, 9).id for _ in range(20)]


def test_log_probabilities_are_those_before_any_filter() -> None:
    token = sampler(top_logprobs=2, logit_bias=((3, 10.0),)).sample(LOGITS, 10)
    expected = LOGITS - np.log(np.exp(LOGITS).sum())
    assert (token.id, [candidate for candidate, _ in token.top]) == (3, [1, 2])
    assert token.logprob == pytest.approx(float(expected[3]), abs=1e-5)
