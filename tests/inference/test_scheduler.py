"""The scheduler, driven by a pretend model whose next token depends on all tokens before it."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from inference.batching.scheduler import Scheduler
from inference.batching.sequence import Batch, Sequence

KV, SLOTS, BATCH, END = 700, 3, 16, 7


def next_token(tokens: list[int]) -> int:
    """Return 0…199; END comes up now and then."""
    return hash(tuple(tokens)) % 200


@dataclass
class PretendCache:
    """What a real KV cache would hold: the tokens of each slot, in order."""

    slots: dict[int, list[int]]

    def run(self, batch: Batch) -> list[int | None]:
        sampled: list[int | None] = []
        for row in batch.rows:
            assert row.sequence.slot is not None
            held = self.slots.setdefault(row.sequence.slot, [])
            assert len(held) == row.start, "a row must continue where its slot ends"
            held.extend(row.sequence.tokens[row.start : row.start + row.count])
            sampled.append(next_token(held) if row.samples else None)
        assert sum(map(len, self.slots.values())) <= KV, "the cache is overfull"
        return sampled


def solo(prompt: list[int], max_tokens: int) -> list[int]:
    tokens = list(prompt)
    while len(tokens) - len(prompt) < max_tokens and (token := next_token(tokens)) != END:
        tokens.append(token)
    return tokens


class Machine(RuleBasedStateMachine):
    """Clients come and go in any order while steps are made."""

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = Scheduler(kv_tokens=KV, max_sequences=SLOTS, batch_tokens=BATCH, end_tokens=frozenset({END}))
        self.cache = PretendCache({})
        self.expected: dict[int, list[int]] = {}
        self.live: dict[int, Sequence] = {}
        self.count = 0

    @rule(prompt=st.lists(st.integers(0, 99), min_size=1, max_size=120), max_tokens=st.integers(1, 500))
    def add(self, prompt: list[int], max_tokens: int) -> None:
        sequence = Sequence(self.count, list(prompt), max_tokens)
        self.expected[sequence.id] = solo(prompt, max_tokens)
        self.live[sequence.id] = sequence
        self.scheduler.add(sequence)
        self.count += 1

    @precondition(lambda self: bool(self.live))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        sequence = self.live.pop(data.draw(st.sampled_from(sorted(self.live))))
        self.scheduler.finish(sequence)
        assert sequence.slot is None

    @rule(prefill=st.integers(1, 20), steps=st.integers(1, 40))
    def step(self, prefill: int, steps: int) -> None:
        for _ in range(steps):
            self.make_step(prefill)

    def make_step(self, prefill: int) -> None:
        batch = self.scheduler.schedule(prefill)
        for slot in self.scheduler.take_freed():
            self.cache.slots.pop(slot, None)
        assert batch.tokens <= BATCH
        assert bool(batch.rows) == self.scheduler.has_work, "there is work, so there is a step"
        for sampled in self.scheduler.update(batch, self.cache.run(batch)):
            if sampled.finish_reason is not None:
                sequence = self.live.pop(sampled.sequence.id)
                assert sequence.tokens == self.expected[sequence.id], "batching changed an answer"
                is_full = sequence.generated == sequence.max_tokens
                assert sampled.finish_reason == ("length" if is_full else "stop")

    @invariant()
    def slots_and_cells_are_never_shared_or_overspent(self) -> None:
        slots = [sequence.slot for sequence in self.scheduler.running]
        assert len(set(slots)) == len(slots) <= SLOTS
        assert self.scheduler.kv.free >= 0
        for sequence in self.scheduler.running:
            assert sequence.computed <= self.scheduler.kv.reserved(sequence.id)

    def teardown(self) -> None:
        for _ in range(20_000):
            if not self.scheduler.has_work:
                break
            self.make_step(BATCH)
        assert not self.live, "every sequence ends"
        assert self.scheduler.kv.free == KV
        assert self.scheduler.kv_used == 0


Machine.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
TestScheduler = Machine.TestCase


def scheduler(*, kv_tokens: int = KV, batch_tokens: int = BATCH) -> Scheduler:
    return Scheduler(kv_tokens=kv_tokens, max_sequences=SLOTS, batch_tokens=batch_tokens)


def test_decoding_comes_before_prefill() -> None:
    made = scheduler()
    made.add(Sequence(0, [1], 10))
    made.update(made.schedule(BATCH), [5])
    made.add(Sequence(1, [1] * 50, 10))
    batch = made.schedule(4)
    assert [(row.sequence.id, row.count) for row in batch.rows] == [(0, 1), (1, 4)]


def test_a_long_prompt_is_computed_in_chunks_and_samples_once() -> None:
    made = scheduler()
    made.add(Sequence(0, list(range(40)), 10))
    counts = []
    for _ in range(3):
        batch = made.schedule(BATCH)
        counts.append([(row.count, row.samples) for row in batch.rows])
        made.update(batch, [5 if row.samples else None for row in batch.rows])
    assert counts == [[(16, False)], [(16, False)], [(8, True)]]


def test_who_does_not_fit_waits_instead_of_failing() -> None:
    made = scheduler(kv_tokens=300)
    made.add(Sequence(0, [1] * 100, 100))
    made.add(Sequence(1, [1] * 100, 100))
    made.schedule(BATCH)
    assert [sequence.id for sequence in made.running] == [0]
    assert [sequence.id for sequence in made.waiting] == [1]


def test_the_youngest_gives_way_when_the_oldest_must_grow() -> None:
    made = scheduler(kv_tokens=700, batch_tokens=300)
    for number in range(2):
        made.add(Sequence(number, [1] * 50, 600))
    while not made.preemptions:
        batch = made.schedule(300)
        made.update(batch, [5 if row.samples else None for row in batch.rows])
    assert [sequence.id for sequence in made.running] == [0]
    (waiting,) = made.waiting
    assert waiting.generated > 0, "what it generated is kept"
    assert waiting.computed == 0


@given(st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_first_come_first_admitted(lengths: list[int]) -> None:
    made = scheduler()
    for number, length in enumerate(lengths):
        made.add(Sequence(number, [1] * length, 5))
    admitted: list[int] = []
    while made.has_work:
        batch = made.schedule(BATCH)
        admitted += [row.sequence.id for row in batch.rows if row.start == 0]
        made.update(batch, [5 if row.samples else None for row in batch.rows])
    assert admitted == sorted(admitted)
