"""What steps cost is learned; what a prompt may take of a step, and who may still queue, follows from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.batching.pressure import Intake
from inference.batching.sequence import Sequence
from inference.batching.speed import StepSpeed


def learned(*, decode_s: dict[int, float], prefill_rate: float) -> StepSpeed:
    speed = StepSpeed()
    for _ in range(100):
        for rows, seconds in decode_s.items():
            speed.record(rows, 0, seconds)
        speed.record(0, 100, 100 / prefill_rate)
    return speed


def test_steps_teach_what_the_next_ones_cost() -> None:
    speed = learned(decode_s={1: 0.007, 8: 0.03}, prefill_rate=400)
    assert speed.decode_s(0) == 0
    assert speed.decode_s(1) == pytest.approx(0.007)
    assert speed.decode_s(4) == pytest.approx(0.007 + 3 / 7 * 0.023)
    assert speed.decode_s(16) == pytest.approx(0.06)
    assert speed.prefill_rate == pytest.approx(400, rel=0.01)


def test_a_mixed_step_teaches_the_rate_of_its_prompt_alone() -> None:
    speed = learned(decode_s={4: 0.02}, prefill_rate=400)
    for _ in range(100):
        speed.record(4, 40, 0.02 + 40 / 200)
    assert speed.prefill_rate == pytest.approx(200, rel=0.01)


def test_a_prompt_gets_the_time_between_two_tokens_of_a_stream() -> None:
    speed = learned(decode_s={8: 0.03}, prefill_rate=400)
    assert speed.prefill_budget(8, 128) == pytest.approx((0.1 - 0.03) * 400, abs=1.5)
    assert speed.prefill_budget(0, 128) == 128
    assert speed.prefill_budget(8, 30) == 22, "never more than the batch holds"
    slow = learned(decode_s={8: 0.3}, prefill_rate=100)
    assert slow.prefill_budget(8, 128) == 8, "never nothing"


@given(st.dictionaries(st.integers(1, 16), st.floats(0.001, 1), max_size=5), st.integers(1, 40), st.integers(41, 512))
def test_the_budget_stays_within_the_batch(decode_s: dict[int, float], decoding: int, batch_tokens: int) -> None:
    speed = StepSpeed()
    for rows, seconds in decode_s.items():
        speed.record(rows, 0, seconds)
    assert 0 < speed.prefill_budget(decoding, batch_tokens) <= max(8, batch_tokens - decoding)


def intake(max_queued: int = 8, ttft_target_s: float = 30.0) -> Intake:
    speed = learned(decode_s={1: 0.01, 4: 0.02}, prefill_rate=100)
    return Intake(speed, max_running=4, max_queued=max_queued, ttft_target_s=ttft_target_s)


def filled(made: Intake, count: int, tokens: int = 10, tenant: str = "") -> None:
    for number in range(count):
        made.enter(Sequence(hash((tenant, number)), [1] * tokens, 10, tenant=tenant))


def test_a_full_queue_refuses() -> None:
    made = intake()
    filled(made, 6, tenant="a")
    filled(made, 5, tenant="b")
    assert made.refusal(Sequence(1, [1], 10)) is None
    filled(made, 1, tenant="c")
    assert made.refusal(Sequence(1, [1], 10)) is not None


def test_one_tenant_leaves_room_for_others() -> None:
    made = intake()
    filled(made, 10, tenant="a")
    assert made.refusal(Sequence(1, [1], 10, tenant="a")) is not None
    assert made.refusal(Sequence(1, [1], 10, tenant="b")) is None


def test_a_wait_beyond_the_target_is_refused_for_whoever_watches() -> None:
    made = intake(max_queued=50)
    filled(made, 4, tokens=2000)
    assert made.refusal(Sequence(1, [1] * 10, 10)) is None, "20 s of backlog"
    filled(made, 8, tokens=1000, tenant="b")
    refusal = made.refusal(Sequence(1, [1] * 10, 10))
    assert refusal is not None
    assert refusal.retry_after_s >= 1
    assert made.refusal(Sequence(1, [1] * 10, 10, priority="batch")) is None


def test_who_would_wait_too_long_because_steps_are_slow_now_is_refused() -> None:
    """Steps that decode and prefill at once say nothing about decoding alone, so only their own length shows it."""
    made = intake(max_queued=50)
    filled(made, 4, tokens=1500)
    assert made.refusal(Sequence(1, [1] * 10, 10)) is None, "15 s of backlog"
    for _ in range(30):
        made.slowness.record(4, 10, 0.36)  # expected: 0.02 s for 4 tokens, 0.1 s for 10 of a prompt
    assert made.slowness.factor == pytest.approx(3.0)
    refusal = made.refusal(Sequence(1, [1] * 10, 10))
    assert refusal is not None
    assert refusal.retry_after_s >= 20
    for _ in range(100):
        made.slowness.record(4, 10, 0.12)
    assert made.refusal(Sequence(1, [1] * 10, 10)) is None, "what was ten busy seconds ago does not count"


def test_who_finds_an_idle_engine_is_never_refused() -> None:
    assert intake(max_queued=0, ttft_target_s=0.0).refusal(Sequence(1, [1] * 100_000, 10)) is None


def test_who_leaves_makes_room() -> None:
    made = intake(max_queued=1)
    sequences = [Sequence(number, [1], 10) for number in range(5)]
    for sequence in sequences:
        made.enter(sequence)
    assert made.refusal(Sequence(9, [1], 10)) is not None
    made.leave(sequences[0])
    made.leave(sequences[0])
    assert made.refusal(Sequence(9, [1], 10)) is None
    assert made.refusal(Sequence(9, [1], 10, tenant="other")) is None
