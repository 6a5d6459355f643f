"""Who is to blame for a crash: properties of the quarantine."""

import random

from hypothesis import given
from hypothesis import strategies as st

from inference.isolation.quarantine import MAX_CRASHES, Quarantine


def test_one_crash_happens_to_anybody() -> None:
    quarantine = Quarantine()
    assert quarantine.blame([1, 2, 3]) == []
    assert all(quarantine.admit(request) for request in (1, 2, 3))


def test_suspects_run_one_at_a_time_and_others_beside_them() -> None:
    quarantine = Quarantine()
    quarantine.blame([1, 2])
    quarantine.blame([1, 2])
    assert quarantine.admit(1)
    assert quarantine.admit(1)
    assert not quarantine.admit(2)
    assert quarantine.admit(3)
    quarantine.forget(1)
    assert quarantine.admit(2)


@given(st.sets(st.integers(0, 20), min_size=1), st.data())
def test_exactly_the_poisons_are_condemned(requests: set[int], data: st.DataObject) -> None:
    poisons = data.draw(st.sets(st.sampled_from(sorted(requests))))
    chance = data.draw(st.randoms(use_true_random=False))
    assert condemned_of(requests, poisons, chance) == poisons


def condemned_of(requests: set[int], poisons: set[int], chance: random.Random) -> set[int]:
    """Run an engine that dies while a poison runs, and otherwise finishes one request per turn."""
    quarantine, waiting, condemned = Quarantine(), set(requests), set[int]()
    for _ in range(len(requests) * (MAX_CRASHES + 2) + 1):
        running = {request for request in chance.sample(sorted(waiting), len(waiting)) if quarantine.admit(request)}
        if not running:
            break
        is_crash = bool(running & poisons)
        gone = set(quarantine.blame(running)) if is_crash else {chance.choice(sorted(running))}
        condemned |= gone if is_crash else set()
        waiting -= gone
        for request in gone:
            quarantine.forget(request)
    assert not waiting
    return condemned
