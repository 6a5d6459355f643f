"""The scheduler under clients that come and go in any order: what always holds."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from inference.batching.scheduler import Limits
from inference.batching.sequence import Sequence
from inference.types import SamplingParams
from tests.inference.pretending import undisturbed
from tests.inference.scheduling import BATCH, KV, PRIORITIES, ROWS, SLOTS, Driver


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
