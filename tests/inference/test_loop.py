"""The engine thread with an executor that fails when told to."""

import threading
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Sized
from dataclasses import dataclass, field

import pytest

from inference.batching.executor import CacheFullError, ContextLostError
from inference.batching.loop import EngineLoop
from inference.batching.scheduler import Limits, Scheduler
from inference.batching.sequence import Copy, Outcome, Row, Sequence, Token, Trim
from inference.errors import EngineFailedError, InferenceError, OverloadedError
from inference.types import FinishReason, SamplingParams
from tests.inference.pretending import END, STEP_S, PretendExecutor, undisturbed

POISON = 666
ENDLESS = SamplingParams(ignore_eos=True)


@dataclass
class FailingExecutor(PretendExecutor):
    """Waits for a permit before every step; steps with POISON fail, and others when their number is named."""

    permits: threading.Semaphore | None = None
    failures: dict[int, Exception] = field(default_factory=dict)  # by number of the call
    calls: int = 0
    moves_fail: bool = False

    def open(self, sequence: Sequence) -> None:
        if sequence.tokens == [0]:
            raise ValueError("no sampler for this")
        super().open(sequence)

    def move(self, moves: Sized[Copy | Trim]) -> None:
        if self.moves_fail and any(isinstance(move, Copy) for move in moves):
            raise RuntimeError("the cells did not move")
        super().move([move for move in moves if not isinstance(move, Trim) or move.slot in self.slots])

    def run(self, rows: Sized[Row], adapter: str | None) -> list[Outcome]:
        if self.permits is not None:
            self.permits.acquire()
        self.calls += 1
        if (failure := self.failures.get(self.calls)) is not None:
            if isinstance(failure, ContextLostError):
                self.slots.clear()
            raise failure
        if any(POISON in row.sequence.tokens for row in rows):
            raise RuntimeError("the model fell over")
        return super().run(rows, adapter)


@dataclass
class Ear:
    """Keeps what it hears; `stop_after` tokens it has seen a stop string."""

    stop_after: int = 1_000_000
    tokens: list[int] = field(default_factory=list)
    reason: FinishReason | None = None
    error: InferenceError | None = None
    generated: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def token(self, token: Token) -> bool:
        self.tokens.append(token.id)
        return len(self.tokens) >= self.stop_after

    def finished(self, reason: FinishReason, sequence: Sequence) -> None:
        self.reason, self.generated = reason, sequence.generated
        self.over.set()

    def failed(self, error: InferenceError) -> None:
        self.error = error
        self.over.set()


Make = Callable[..., tuple[EngineLoop, FailingExecutor]]


@pytest.fixture
def make() -> Iterator[Make]:
    loops: list[tuple[EngineLoop, FailingExecutor]] = []

    def start(
        *,
        permits: threading.Semaphore | None = None,
        failures: dict[int, Exception] | None = None,
        max_queued: int = 100,
        kv_tokens: int = 2000,
    ) -> tuple[EngineLoop, FailingExecutor]:
        executor = FailingExecutor(permits=permits, failures=failures or {})
        limits = Limits(kv_tokens=kv_tokens, max_sequences=4, batch_tokens=64)
        scheduler = Scheduler(limits, end_tokens=frozenset({END}))
        loop = EngineLoop(executor, scheduler, max_queued=max_queued, name="test")
        loops.append((loop, executor))
        return loop, executor

    yield start
    for loop, executor in loops:
        if executor.permits is not None:
            executor.permits.release(10_000)
        loop.stop()


def answer(prompt: list[int], count: int) -> list[int]:
    return undisturbed(prompt, count, ignore_eos=True)[len(prompt) :]


def test_every_sequence_is_answered(make: Make) -> None:
    loop, executor = make()
    ears = [Ear() for _ in range(20)]
    for number, ear in enumerate(ears):
        loop.submit(Sequence(number, [number, 2, 3], 6, ENDLESS), ear)
    assert all(ear.over.wait(10) for ear in ears)
    assert all((ear.tokens, ear.reason) == (answer([n, 2, 3], 6), "length") for n, ear in enumerate(ears))
    loop.stop()
    assert sorted(executor.closed) == list(range(20))
    stats = loop.stats()
    assert stats.active == stats.queued == stats.kv_used == 0
    assert stats.prompt_tokens == 60
    assert 20 * 6 <= stats.step_sequences <= 4 * stats.steps
    assert stats.compute_s == executor.compute_s == pytest.approx(stats.steps * STEP_S), "not what Python adds"
    assert stats.admitted == 20
    assert stats.queued_s > 0


def test_a_failing_sequence_fails_alone(make: Make) -> None:
    loop, _ = make(permits=(permits := threading.Semaphore(0)))
    ears = {number: Ear() for number in range(4)}
    for number, ear in ears.items():
        loop.submit(Sequence(number, [POISON if number == 2 else number + 1], 5, ENDLESS), ear)
    permits.release(1000)
    assert all(ear.over.wait(10) for ear in ears.values())
    assert isinstance(ears.pop(2).error, EngineFailedError)
    assert all(ear.tokens == answer([n + 1], 5) and ear.error is None for n, ear in ears.items())


def test_a_sequence_that_cannot_be_opened_fails_alone(make: Make) -> None:
    loop, _ = make()
    bad, good = Ear(), Ear()
    loop.submit(Sequence(0, [0], 5), bad)
    loop.submit(Sequence(1, [1], 5, ENDLESS), good)
    assert good.over.wait(10)
    assert bad.over.wait(10)
    assert isinstance(bad.error, EngineFailedError)
    assert good.reason == "length"


def test_a_listener_that_saw_a_stop_string_ends_its_sequence(make: Make) -> None:
    loop, _ = make()
    ear = Ear(stop_after=3)
    loop.submit(Sequence(0, [1], 50, ENDLESS), ear)
    assert ear.over.wait(10)
    assert (len(ear.tokens), ear.reason, ear.generated) == (3, "stop", 3)


def test_cancel_frees_the_slot_within_a_step_and_is_silent(make: Make) -> None:
    loop, executor = make(permits=(permits := threading.Semaphore(0)))
    cancelled, other = Ear(), Ear()
    loop.submit(Sequence(0, [1], 1000, ENDLESS), cancelled)
    loop.cancel(0)
    loop.cancel(0)
    loop.submit(Sequence(1, [1], 3, ENDLESS), other)
    permits.release(10)
    assert other.over.wait(10)
    assert not cancelled.over.is_set()
    assert 0 in executor.closed
    assert loop.stats().active == 0


def test_a_lost_context_costs_no_generation_a_token(make: Make) -> None:
    loop, _ = make(failures={3: ContextLostError("gone"), 7: ContextLostError("gone again")})
    ears = [Ear() for _ in range(4)]
    for number, ear in enumerate(ears):
        loop.submit(Sequence(number, [number] * 30, 8, ENDLESS), ear)
    assert all(ear.over.wait(10) for ear in ears)
    assert [ear.tokens for ear in ears] == [answer([n] * 30, 8) for n in range(4)]


def test_a_full_cache_preempts_instead_of_failing(make: Make) -> None:
    loop, _ = make(failures={number: CacheFullError() for number in (2, 4, 5)}, permits=(p := threading.Semaphore(0)))
    ears = [Ear() for _ in range(4)]
    for number, ear in enumerate(ears):
        loop.submit(Sequence(number, [number] * 30, 8, ENDLESS), ear)
    p.release(1000)
    assert all(ear.over.wait(10) for ear in ears)
    assert [ear.tokens for ear in ears] == [answer([n] * 30, 8) for n in range(4)]
    assert loop.stats().preemptions > 0


def test_who_does_not_fit_alone_fails_and_the_next_one_is_served(make: Make) -> None:
    loop, _ = make(failures={1: CacheFullError()})
    alone, later = Ear(), Ear()
    loop.submit(Sequence(0, [1], 5, ENDLESS), alone)
    assert alone.over.wait(10)
    assert isinstance(alone.error, EngineFailedError)
    loop.submit(Sequence(1, [1], 5, ENDLESS), later)
    assert later.over.wait(10)
    assert later.reason == "length"


def test_cells_that_cannot_be_moved_end_the_sequences_but_not_the_engine(make: Make) -> None:
    loop, executor = make()
    first, second, third = Ear(), Ear(), Ear()
    loop.submit(Sequence(0, list(range(50)), 5, ENDLESS), first)
    assert first.over.wait(10)
    executor.moves_fail = True
    loop.submit(Sequence(1, [*range(40), 9], 5, ENDLESS), second)
    assert second.over.wait(10)
    assert isinstance(second.error, EngineFailedError)
    loop.submit(Sequence(2, [*range(40), 9], 5, ENDLESS), third)
    assert third.over.wait(10)
    assert third.tokens == answer([*range(40), 9], 5)


def test_more_than_the_queue_holds_is_refused_with_a_time_to_come_back(make: Make) -> None:
    loop, _ = make(permits=(permits := threading.Semaphore(0)), max_queued=2)
    ears = [Ear() for _ in range(6)]
    for number, ear in enumerate(ears):
        loop.submit(Sequence(number, [1], 2, ENDLESS), ear)
    with pytest.raises(OverloadedError) as refused:
        loop.submit(Sequence(6, [1], 2), Ear())
    assert refused.value.retry_after_s is not None
    assert refused.value.retry_after_s >= 1
    assert loop.stats().rejected_requests == 1
    permits.release(100)
    assert all(ear.over.wait(10) for ear in ears), "those admitted are not harmed"


def test_stop_fails_what_is_left_and_frees_the_executor(make: Make) -> None:
    loop, executor = make(permits=(permits := threading.Semaphore(0)))
    ear = Ear()
    loop.submit(Sequence(0, [1], 1000, ENDLESS), ear)
    stopping = threading.Thread(target=loop.stop)
    stopping.start()
    permits.release(2000)
    stopping.join(10)
    assert isinstance(ear.error, EngineFailedError) or ear.reason == "length"
    assert executor.is_shut_down
    with pytest.raises(EngineFailedError):
        loop.submit(Sequence(1, [1], 1), Ear())
