"""Back-off: doubling, bounded, and forgotten by a process that ran well."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from backend.embedded.child import LONGEST_DELAY_S, STABLE_AFTER_S, Child, restart_delay_s
from backend.embedded.service import Service


def test_delays_double_up_to_half_a_minute() -> None:
    assert [restart_delay_s(n) for n in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


@given(st.integers(min_value=1, max_value=10_000))
def test_a_delay_never_exceeds_the_longest(failures: int) -> None:
    assert 0 < restart_delay_s(failures) <= LONGEST_DELAY_S


def test_failures_in_a_row_wait_longer_and_a_long_run_forgives_them() -> None:
    child = Child(Service(name="x", command=("x",)), Path("x.log"))
    now = 100.0
    for expected in (0.5, 1.0, 2.0):
        child.status, child.started_at = "running", now
        child.exited(1, now + 1)
        assert child.status == "backoff"
        assert child.due_at == now + 1 + expected
        now = child.due_at
    child.status, child.started_at = "running", now
    child.exited(1, now + STABLE_AFTER_S)
    assert child.due_at == now + STABLE_AFTER_S + 0.5
    assert child.restarts == 4
