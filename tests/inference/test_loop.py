"""The engine thread with an executor that fails when told to."""

import threading
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Sized
from dataclasses import dataclass, field

import pytest

from inference.batching.loop import EngineLoop
from inference.batching.scheduler import Scheduler
from inference.batching.sequence import Row, Sequence
from inference.errors import EngineFailedError, InferenceError, OverloadedError
from inference.types import FinishReason

POISON = 666


@dataclass
class PretendExecutor:
    """Samples token 5 for every row; a step that contains POISON fails."""

    steps: threading.Semaphore | None = None
    cleared: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    is_shut_down: bool = False

    def open(self, sequence: Sequence) -> None:
        if sequence.tokens == [0]:
            raise ValueError("no sampler for this")

    def run(self, rows: Sized[Row]) -> list[int | None]:
        if self.steps is not None:
            self.steps.acquire()
        if any(POISON in row.sequence.tokens for row in rows):
            raise RuntimeError("the model fell over")
        return [5 if row.samples else None for row in rows]

    def clear(self, slots: Sized[int]) -> None:
        self.cleared.extend(slots)

    def close(self, sequence: Sequence) -> None:
        self.closed.append(sequence.id)

    def shutdown(self) -> None:
        self.is_shut_down = True


@dataclass
class Ear:
    """Keeps what it hears; `stop_after` tokens it has seen a stop string."""

    stop_after: int = 1_000_000
    tokens: list[int] = field(default_factory=list)
    reason: FinishReason | None = None
    error: InferenceError | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def token(self, token: int) -> bool:
        self.tokens.append(token)
        return len(self.tokens) >= self.stop_after

    def finished(self, reason: FinishReason, sequence: Sequence) -> None:
        self.reason = reason
        self.over.set()

    def failed(self, error: InferenceError) -> None:
        self.error = error
        self.over.set()


Make = Callable[..., tuple[EngineLoop, PretendExecutor]]


@pytest.fixture
def make() -> Iterator[Make]:
    loops: list[tuple[EngineLoop, PretendExecutor]] = []

    def start(
        *, steps: threading.Semaphore | None = None, max_in_flight: int = 100
    ) -> tuple[EngineLoop, PretendExecutor]:
        executor = PretendExecutor(steps)
        scheduler = Scheduler(kv_tokens=2000, max_sequences=4, batch_tokens=64)
        loop = EngineLoop(executor, scheduler, max_in_flight=max_in_flight, name="test")
        loops.append((loop, executor))
        return loop, executor

    yield start
    for loop, executor in loops:
        if executor.steps is not None:
            executor.steps.release(10_000)
        loop.stop()


def test_every_sequence_is_answered(make: Make) -> None:
    loop, executor = make()
    ears = [Ear() for _ in range(20)]
    for number, ear in enumerate(ears):
        loop.submit(Sequence(number, [1, 2, 3], 6), ear)
    assert all(ear.over.wait(10) for ear in ears)
    assert all((ear.tokens, ear.reason) == ([5] * 6, "length") for ear in ears)
    loop.stop()
    assert sorted(executor.closed) == list(range(20))
    assert loop.stats().active == loop.stats().queued == loop.stats().kv_used == 0


def test_a_failing_sequence_fails_alone(make: Make) -> None:
    loop, _ = make(steps=(gate := threading.Semaphore(0)))
    ears = {number: Ear() for number in range(4)}
    for number, ear in ears.items():
        loop.submit(Sequence(number, [POISON if number == 2 else 1], 5), ear)
    gate.release(1000)
    assert all(ear.over.wait(10) for ear in ears.values())
    assert isinstance(ears.pop(2).error, EngineFailedError)
    assert all(ear.tokens == [5] * 5 and ear.error is None for ear in ears.values())


def test_a_sequence_that_cannot_be_opened_fails_alone(make: Make) -> None:
    loop, _ = make()
    bad, good = Ear(), Ear()
    loop.submit(Sequence(0, [0], 5), bad)
    loop.submit(Sequence(1, [1], 5), good)
    assert good.over.wait(10)
    assert bad.over.wait(10)
    assert isinstance(bad.error, EngineFailedError)
    assert good.reason == "length"


def test_a_listener_that_saw_a_stop_string_ends_its_sequence(make: Make) -> None:
    loop, _ = make()
    ear = Ear(stop_after=3)
    loop.submit(Sequence(0, [1], 50), ear)
    assert ear.over.wait(10)
    assert (ear.tokens, ear.reason) == ([5] * 3, "stop")


def test_cancel_frees_the_slot_within_a_step_and_is_silent(make: Make) -> None:
    gate = threading.Semaphore(0)
    loop, executor = make(steps=gate)
    cancelled, other = Ear(), Ear()
    loop.submit(Sequence(0, [1], 1000), cancelled)
    loop.cancel(0)
    loop.cancel(0)
    loop.submit(Sequence(1, [1], 3), other)
    gate.release(10)
    assert other.over.wait(10)
    assert not cancelled.over.is_set()
    assert 0 in executor.closed
    assert loop.stats().active == 0


def test_more_than_the_limit_is_refused_with_a_time_to_come_back(make: Make) -> None:
    gate = threading.Semaphore(0)
    loop, _ = make(steps=gate, max_in_flight=2)
    ears = [Ear(), Ear()]
    for number, ear in enumerate(ears):
        loop.submit(Sequence(number, [1], 2), ear)
    with pytest.raises(OverloadedError) as refused:
        loop.submit(Sequence(2, [1], 2), Ear())
    assert refused.value.retry_after_s is not None
    assert refused.value.retry_after_s >= 1
    gate.release(100)
    assert all(ear.over.wait(10) for ear in ears), "those admitted are not harmed"


def test_stop_fails_what_is_left_and_frees_the_executor(make: Make) -> None:
    gate = threading.Semaphore(0)
    loop, executor = make(steps=gate)
    ear = Ear()
    loop.submit(Sequence(0, [1], 1000), ear)
    stopping = threading.Thread(target=loop.stop)
    stopping.start()
    gate.release(2000)
    stopping.join(10)
    assert isinstance(ear.error, EngineFailedError) or ear.reason == "length"
    assert executor.is_shut_down
    with pytest.raises(EngineFailedError):
        loop.submit(Sequence(1, [1], 1), Ear())
