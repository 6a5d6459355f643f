"""Guessing by lookup: what is guessed was there before, and it stops when it does not pay."""

from hypothesis import given
from hypothesis import strategies as st

from inference.batching.lookup import NgramIndex, Speculation, without
from inference.batching.speed import StepSpeed


def speed(*, ratio: float) -> StepSpeed:
    """Return a speed at which a step of five rows costs `ratio` times one of a single row."""
    made = StepSpeed()
    made.record(1, 0, 0.01)
    made.record(5, 0, 0.01 * ratio)
    return made


def slow_draft(tokens: list[int], limit: int) -> list[int]:
    for size in (5, 4, 3):
        for end in range(len(tokens) - 1, size - 1, -1):
            if tokens[end - size : end] == tokens[-size:] and len(tokens) >= size:
                return tokens[end : end + limit]
    return []


@given(st.lists(st.lists(st.integers(0, 2), max_size=10), max_size=6), st.integers(1, 4))
def test_the_index_finds_what_a_search_finds_however_the_tokens_arrive(parts: list[list[int]], limit: int) -> None:
    index, tokens = NgramIndex(), list[int]()
    for part in parts:
        tokens += part
        assert index.draft(tokens, limit) == slow_draft(tokens, limit)


def test_guessing_goes_on_while_guesses_are_right() -> None:
    speculation = Speculation(speed(ratio=3.0))
    for _ in range(100):
        assert speculation.may_draft()
        speculation.record(4, 4)
    assert (speculation.drafted, speculation.accepted) == (400, 400)


def test_guessing_stops_by_itself_when_it_does_not_pay_and_is_tried_again_ever_later() -> None:
    speculation = Speculation(speed(ratio=3.0))
    pauses = []
    for _ in range(3):
        while speculation.may_draft():
            speculation.record(4, 0)
        pause = 1
        while not speculation.may_draft():
            pause += 1
        pauses.append(pause)
    assert pauses[0] >= 60
    assert pauses[1] >= 2 * pauses[0] - 4
    assert pauses[2] >= 2 * pauses[1] - 4


def test_whether_it_pays_depends_on_what_the_step_costs() -> None:
    cheap, dear = Speculation(speed(ratio=1.2)), Speculation(speed(ratio=4.5))
    for _ in range(40):
        for speculation in (cheap, dear):
            if speculation.may_draft():
                speculation.record(4, 2)
    assert cheap.pays
    assert cheap.drafted > dear.drafted


def test_nothing_is_guessed_beyond_the_end() -> None:
    assert without([1, 2, 7, 3], frozenset({7, 8})) == [1, 2]
    assert without([1, 2], frozenset({7})) == [1, 2]
