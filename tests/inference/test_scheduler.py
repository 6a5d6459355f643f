"""The scheduler, driven by a pretend model whose next token depends on all tokens before it."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from inference.batching.kv import MIN_MATCH
from inference.batching.scheduler import Limits, Scheduler
from inference.batching.sequence import Batch, Sequence
from inference.types import Priority, SamplingParams
from tests.inference.pretending import END, PretendExecutor, undisturbed

KV, ROWS, SLOTS, BATCH = 700, 3, 5, 16
LIMITS = Limits(kv_tokens=KV, max_sequences=ROWS, batch_tokens=BATCH, slots=SLOTS)
PRIORITIES: tuple[Priority, ...] = ("interactive", "workflow", "batch")


class Driver:
    """A scheduler, the pretend model and a clock that steps move on."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.scheduler = Scheduler(limits, end_tokens=frozenset({END}))
        self.executor = PretendExecutor(limits.kv_tokens)
        self.now_s = 0.0
        self.ended: list[Sequence] = []
        self._count = 0

    def add(self, tokens: list[int], max_tokens: int = 10, **more: object) -> Sequence:
        sequence = Sequence(self._count, list(tokens), max_tokens, **more)  # type: ignore[arg-type]  # as given
        self._count += 1
        self.scheduler.add(sequence, self.now_s)
        return sequence

    def step(self, seconds: float = 0.05) -> Batch:
        limits = self.scheduler.limits
        had_work = self.scheduler.has_work
        batch = self.scheduler.schedule(self.now_s)
        assert bool(batch.rows) == had_work, "a step has rows exactly when there is work"
        assert len(batch.rows) <= limits.max_sequences
        assert batch.tokens <= limits.batch_tokens
        assert all(row.size > 0 for row in batch.rows)
        self.executor.move(batch.moves)
        outcomes = self.executor.run(batch.rows, batch.adapter)
        self.now_s += seconds
        for progress in self.scheduler.update(batch.rows, outcomes, self.now_s):
            if progress.finish_reason is not None:
                self.scheduler.finish(progress.sequence)
                self.ended.append(progress.sequence)
        self.scheduler.record(batch, seconds)
        assert self.executor.unique - self._unmoved() == self.scheduler.kv.used, "the account is the cache's"
        return batch

    def run(self, most: int = 20_000) -> int:
        """Make steps until all is done; return how many that took."""
        for count in range(most):
            if not self.scheduler.has_work:
                return count
            self.step()
        raise AssertionError("it does not end")

    def _unmoved(self) -> int:
        """Return the cells that go with the moves which the next step brings."""
        before = self.executor.unique
        self.executor.move(self.scheduler.kv.take_moves())
        return before - self.executor.unique


class Machine(RuleBasedStateMachine):
    """Clients of several tenants come and go in any order while steps are made."""

    @initialize(
        scheduling=st.sampled_from(["mlfq", "fcfs"]),
        shares=st.booleans(),
        cached=st.sampled_from([None, 0, 100]),
    )
    def start(self, scheduling: str, shares: bool, cached: int | None) -> None:
        limits = Limits(
            kv_tokens=KV,
            max_sequences=ROWS,
            batch_tokens=BATCH,
            slots=SLOTS,
            cached_tokens=cached,
            shares_prefixes=shares,
            scheduling="mlfq" if scheduling == "mlfq" else "fcfs",
        )
        self.driver = Driver(limits)
        self.expected: dict[int, list[int]] = {}
        self.live: dict[int, Sequence] = {}

    @rule(
        kind=st.integers(0, 3),
        length=st.integers(1, 150),
        tail=st.lists(st.integers(0, 9), max_size=6),
        max_tokens=st.integers(1, 400),
        tenant=st.sampled_from(["a", "b"]),
        adapter=st.sampled_from([None, None, None, "x"]),
        priority=st.sampled_from(PRIORITIES),
        deterministic=st.integers(0, 9).map(lambda number: number == 0),
        ignore_eos=st.booleans(),
    )
    def add(
        self,
        kind: int,
        length: int,
        tail: list[int],
        max_tokens: int,
        deterministic: bool,
        ignore_eos: bool,
        **more: object,
    ) -> None:
        prompt = [kind * 10 + i % 7 for i in range(length)] + tail  # prompts of a kind begin alike
        sampling = SamplingParams(deterministic=deterministic, ignore_eos=ignore_eos)
        sequence = self.driver.add(prompt, max_tokens, sampling=sampling, **more)
        self.expected[sequence.id] = undisturbed(prompt, max_tokens, ignore_eos=ignore_eos)
        self.live[sequence.id] = sequence

    @rule(data=st.data())
    def go_on_where_one_ended(self, data: st.DataObject) -> None:
        """The next turn of a conversation: what came out before is the beginning of the prompt."""
        if not self.driver.ended:
            return
        before = data.draw(st.sampled_from(self.driver.ended))
        prompt = [*before.tokens, 1, 2, 3][:300]
        sequence = self.driver.add(prompt, 50, tenant=before.tenant, adapter=before.adapter)
        self.expected[sequence.id] = undisturbed(prompt, 50)
        self.live[sequence.id] = sequence

    @precondition(lambda self: bool(self.live))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        sequence = self.live.pop(data.draw(st.sampled_from(sorted(self.live))))
        self.driver.scheduler.finish(sequence)
        assert sequence.slot is None

    @precondition(lambda self: bool(self.live))
    @rule(data=st.data(), kept=st.integers(1, 20))
    def stop_early(self, data: st.DataObject, kept: int) -> None:
        """A stop string was seen: the last tokens do not count."""
        sequence = self.live.pop(data.draw(st.sampled_from(sorted(self.live))))
        self.driver.scheduler.finish(sequence, max(sequence.prompt_tokens, len(sequence.tokens) - kept))
        self.driver.ended.append(sequence)

    @rule(steps=st.integers(1, 40), seconds=st.sampled_from([0.01, 0.2, 3.0]))
    def step(self, steps: int, seconds: float) -> None:
        for _ in range(steps):
            self.make_step(seconds)

    @rule()
    def lose_the_context(self) -> None:
        self.driver.executor.slots.clear()
        self.driver.scheduler.reset()

    @rule()
    def relieve(self) -> None:
        self.driver.scheduler.relieve()

    def make_step(self, seconds: float) -> None:
        known = len(self.driver.ended)
        self.driver.step(seconds)
        for sequence in self.driver.ended[known:]:
            del self.live[sequence.id]
            assert sequence.tokens == self.expected[sequence.id], "batching changed an answer"

    @invariant()
    def every_sequence_is_in_exactly_one_queue(self) -> None:
        scheduler = self.driver.scheduler
        everyone = [*scheduler.resident, *scheduler.waiting]
        assert sorted(sequence.id for sequence in everyone) == sorted(self.live)
        assert all(sequence.slot is not None for sequence in scheduler.resident)
        assert all(sequence.slot is None and sequence.computed == 0 for sequence in scheduler.waiting)

    @invariant()
    def slots_and_cells_are_conserved(self) -> None:
        kv = self.driver.scheduler.kv
        running = [sequence.slot for sequence in self.driver.scheduler.resident if sequence.slot is not None]
        assert sorted([*running, *kv.leaves, *kv.free_slots]) == list(range(SLOTS))
        ahead = sum(kv.limit_of(s) - s.computed for s in self.driver.scheduler.resident if s.slot is not None)
        assert kv.used + ahead + kv.free == kv.total
        assert kv.free >= 0
        assert all(kv.limit_of(s) >= s.computed for s in self.driver.scheduler.resident if s.slot is not None)

    def teardown(self) -> None:
        if not hasattr(self, "driver"):
            return
        for _ in range(20_000):
            if not self.driver.scheduler.has_work:
                break
            self.make_step(0.05)
        assert not self.live, "every sequence ends"
        kv = self.driver.scheduler.kv
        assert kv.used == kv.cached, "nobody runs: all cells are leaves"
        assert kv.free == kv.total - kv.used


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestScheduler = Machine.TestCase


def rows_of(batch: Batch) -> list[tuple[int, int]]:
    return [(row.sequence.id, row.count) for row in batch.rows]


def test_decoding_comes_before_prefill_and_prefill_gets_what_time_is_left() -> None:
    driver = Driver()
    driver.add([1], 10)
    driver.step()
    driver.add(list(range(50)))
    driver.scheduler.speed.itl_target_s = 0.0
    assert rows_of(driver.step()) == [(0, 1), (1, 8)], "the smallest chunk"
    driver.scheduler.speed.itl_target_s = 100.0
    assert rows_of(driver.step()) == [(0, 1), (1, 15)], "the whole batch"


def test_a_long_prompt_is_computed_in_chunks_and_samples_once() -> None:
    driver = Driver()
    driver.add(list(range(40)), 1)
    counts = []
    while not driver.ended:
        rows = driver.scheduler.schedule(driver.now_s).rows
        counts.append([(row.count, row.samples) for row in rows])
        driver.step()
    assert counts == [[(16, False)], [(16, False)], [(8, True)]]


def test_who_does_not_fit_waits_instead_of_failing() -> None:
    driver = Driver(Limits(kv_tokens=300, max_sequences=ROWS, batch_tokens=BATCH, slots=SLOTS))
    first, second = driver.add([1] * 100, 100), driver.add([2] * 100, 100)
    driver.step()
    assert driver.scheduler.resident == (first,)
    assert driver.scheduler.waiting == (second,)
    driver.run()
    assert {s.id for s in driver.ended} == {0, 1}


def test_when_cells_run_out_the_lowest_gives_way_and_loses_nothing() -> None:
    driver = Driver(Limits(kv_tokens=700, max_sequences=ROWS, batch_tokens=300, slots=SLOTS, scheduling="fcfs"))
    eos = SamplingParams(ignore_eos=True)
    sequences = [driver.add([number] * 50, 500, sampling=eos) for number in range(2)]
    while not driver.scheduler.preemptions:
        driver.step()
    assert driver.scheduler.resident == (sequences[0],), "the first keeps its place"
    assert sequences[1].generated > 0, "what it generated is kept"
    driver.run()
    assert [s.tokens for s in sequences] == [undisturbed([n] * 50, 500, ignore_eos=True) for n in range(2)]


def test_the_time_in_the_queue_ends_with_the_first_admission() -> None:
    driver = Driver(Limits(kv_tokens=700, max_sequences=1, batch_tokens=300, slots=1, scheduling="fcfs"))
    for number in range(2):
        driver.add([number] * 50, 4, sampling=SamplingParams(ignore_eos=True))
    while driver.scheduler.has_work:
        driver.step(2.0)
    assert (driver.scheduler.admitted, driver.scheduler.queued_s) == (2, 8.0), "the second waited for four steps"


def test_a_second_prompt_that_begins_alike_computes_only_the_rest() -> None:
    driver = Driver()
    driver.add([*range(100), 1], 1)
    driver.run()
    before = driver.executor.computed
    later = driver.add([*range(100), 2, 3], 1)
    driver.run()
    assert driver.executor.computed - before == 2
    assert later.cached_tokens == 100
    assert driver.scheduler.prefix_hit_tokens == 100


def test_prompts_that_run_at_the_same_time_are_computed_once() -> None:
    driver = Driver()
    for _ in range(3):
        driver.add(list(range(100)), 1)
    driver.run()
    assert driver.executor.computed <= 100 + 2 * MIN_MATCH, "for less than a match nobody waits"


@pytest.mark.parametrize("more", [{"tenant": "other"}, {"adapter": "x"}], ids=["tenant", "adapter"])
def test_tenants_and_adapters_find_nothing_of_each_other(more: dict[str, str]) -> None:
    driver = Driver()
    driver.add(list(range(100)), 1)
    driver.run()
    before = driver.executor.computed
    driver.add(list(range(100)), 1, **more)
    driver.run()
    assert driver.executor.computed - before == 100


def test_the_next_turn_of_a_conversation_takes_over_the_slot_of_the_last() -> None:
    driver = Driver()
    first = driver.add(list(range(100)), 5)
    driver.run()
    leaves = driver.scheduler.kv.leaves
    second = driver.add([*first.tokens, 1, 2, 3], 5)
    driver.step()
    assert (second.slot,) == leaves
    driver.run()
    assert len(driver.scheduler.kv.leaves) == 1


def test_a_deterministic_sequence_is_cut_in_the_same_way_and_alone_whatever_else_runs() -> None:
    def shapes(prepare: Callable[[Driver], object]) -> list[int]:
        driver = Driver()
        prepare(driver)
        sequence = driver.add(list(range(40)), 6, sampling=SamplingParams(deterministic=True, ignore_eos=True))
        counts = []
        while sequence not in driver.ended:
            batch = driver.step()
            if any(row.sequence is sequence for row in batch.rows):
                assert len(batch.rows) == 1
                counts.append(batch.rows[0].count)
        assert sequence.cached_tokens == 0
        return counts

    def before_others(driver: Driver) -> None:
        driver.add(list(range(40)), 1)
        driver.run()
        for number in range(5):
            driver.add([number, *range(40)], 20)

    assert shapes(lambda driver: None) == shapes(before_others) == [16, 16, 8, 1, 1, 1, 1, 1]


def test_a_deterministic_sequence_repeats_its_steps_after_the_context_was_lost() -> None:
    driver = Driver()
    sequence = driver.add(list(range(20)), 5, sampling=SamplingParams(deterministic=True, ignore_eos=True))
    for _ in range(4):
        driver.step()
    driver.executor.slots.clear()
    driver.scheduler.reset()
    counts = []
    while sequence not in driver.ended:
        counts.append(driver.step().rows[0].count)
    assert counts == [16, 4, 1, 1, 1, 1]


def test_adapters_and_deterministic_sequences_take_turns() -> None:
    driver = Driver()
    for adapter in (None, "x", "y"):
        driver.add([1, 2, 3], 30, adapter=adapter, sampling=SamplingParams(ignore_eos=True))
    driver.add([1, 2, 3], 30, sampling=SamplingParams(ignore_eos=True, deterministic=True))
    turns = [driver.step().rows[0].sequence.id for _ in range(40)]
    assert all(turns.count(number) == 10 for number in range(4))


def test_ignore_eos_goes_on_to_max_tokens() -> None:
    driver = Driver()
    prompt = next([n] for n in range(10_000) if undisturbed([n], 1) == [n])
    short, long = driver.add(prompt, 4), driver.add(prompt, 4, sampling=SamplingParams(ignore_eos=True))
    driver.run()
    assert (short.generated, long.generated) == (0, 4)


def test_a_single_sequence_that_repeats_itself_is_drafted_for_and_says_the_same() -> None:
    driver = Driver(Limits(kv_tokens=KV, max_sequences=ROWS, batch_tokens=BATCH))
    answer = undisturbed([1, 2, 3], 60, ignore_eos=True)
    prompt = [1, 2, 3, *answer, 9, 9, 1, 2, 3]
    sequence = driver.add(prompt, 40, sampling=SamplingParams(ignore_eos=True))
    drafted = 0
    while driver.scheduler.has_work:
        drafted += len(driver.step().rows[0].draft)
    assert drafted > 0
    assert driver.scheduler.speculation.drafted == drafted
    assert sequence.tokens == undisturbed(prompt, 40, ignore_eos=True)


def test_guesses_stay_within_what_the_grammar_takes_and_before_the_end() -> None:
    class OnlyTwo:
        def admissible(self, draft: list[int], remaining: int) -> int:
            return min(2, len(draft))

    driver = Driver(Limits(kv_tokens=KV, max_sequences=ROWS, batch_tokens=64))
    for constraint, after, expected in ((None, 8, 4), (OnlyTwo(), 8, 2), (None, END, 0)):
        prompt = [20, 21, 22, 23, 24, after, after, after, after, 20, 21, 22, 23, 24]
        sequence = driver.add(prompt, 20, constraint=constraint)
        driver.step()
        sequence.tokens[-1:] = [24] if sequence.generated else []
        sequence.tokens[-5:] = [20, 21, 22, 23, 24]
        batch = driver.scheduler.schedule(driver.now_s)
        assert len(batch.rows[0].draft) == expected
        driver.scheduler.finish(sequence)


@pytest.mark.parametrize("is_whole", [True, False])
def test_the_last_token_that_is_allowed_may_be_the_one_that_makes_the_answer_whole(is_whole: bool) -> None:
    class Counting:
        def __init__(self) -> None:
            self.is_whole = is_whole

    driver = Driver()
    sequence = driver.add([1, 2, 3], 2, constraint=Counting(), sampling=SamplingParams(ignore_eos=True))
    driver.step()
    batch = driver.scheduler.schedule(driver.now_s)
    (progress,) = driver.scheduler.update(batch.rows, driver.executor.run(batch.rows, None), 1.0)
    assert (progress.sequence, progress.finish_reason) == (sequence, "stop" if is_whole else "length")


@given(st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_first_come_first_served_admits_in_order(lengths: list[int]) -> None:
    driver = Driver(Limits(kv_tokens=KV, max_sequences=ROWS, batch_tokens=BATCH, slots=SLOTS, scheduling="fcfs"))
    for number, length in enumerate(lengths):
        driver.add([number] * length, 5)
    admitted: list[int] = []
    while driver.scheduler.has_work:
        admitted += sorted(row.sequence.id for row in driver.step().rows if row.start == 0)
    assert admitted == sorted(admitted), "nobody starts in a later step than who came after"
