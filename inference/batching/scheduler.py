"""Decides what the next step computes: a pure value machine, without threads, clocks or llama.cpp."""

from collections import deque
from collections.abc import Sequence as Sized
from dataclasses import dataclass

from inference.batching.kv import KvAccount
from inference.batching.sequence import Batch, Row, Sequence
from inference.types import FinishReason


@dataclass(frozen=True, slots=True)
class Sampled:
    """What one step gave to one sequence: a token, an end, or both."""

    sequence: Sequence
    token: int | None
    finish_reason: FinishReason | None


class Scheduler:
    """First come, first served, decoding before prefill.

    waiting ──admit──▶ running ──finish/cancel──▶ gone
       ▲                  │
       └────preempt───────┘   the youngest gives up its cells when an older one must grow, and is computed again later

    Invariants: at most `max_sequences` run, each in a slot of its own; a step has at most `batch_tokens` tokens;
    reserved cells never exceed the cache; the oldest running sequence always progresses.
    """

    def __init__(
        self, *, kv_tokens: int, max_sequences: int, batch_tokens: int, end_tokens: frozenset[int] = frozenset()
    ) -> None:
        assert batch_tokens > max_sequences > 0
        self.kv = KvAccount(kv_tokens)
        self.preemptions = 0
        self.batch_tokens = batch_tokens
        self._end_tokens = end_tokens
        self._slots = list(range(max_sequences - 1, -1, -1))
        self._freed: list[int] = []
        self._waiting: deque[Sequence] = deque()
        self._running: list[Sequence] = []  # in order of admission

    @property
    def has_work(self) -> bool:
        return bool(self._waiting or self._running)

    @property
    def running(self) -> tuple[Sequence, ...]:
        return tuple(self._running)

    @property
    def waiting(self) -> tuple[Sequence, ...]:
        return tuple(self._waiting)

    @property
    def is_decoding(self) -> bool:
        return any(sequence.missing == 1 for sequence in self._running)

    @property
    def kv_used(self) -> int:
        return sum(sequence.computed for sequence in self._running)

    def add(self, sequence: Sequence) -> None:
        """Queue a sequence; prompt and answer together must fit into the cache."""
        assert sequence.prompt_tokens + sequence.max_tokens <= self.kv.total
        self._waiting.append(sequence)

    def finish(self, sequence: Sequence) -> None:
        """Drop a sequence, whether it waits or runs; its cells and slot are free at once. Unknown ones are ignored."""
        if sequence in self._running:
            self._running.remove(sequence)
            self._vacate(sequence)
        elif sequence in self._waiting:
            self._waiting.remove(sequence)

    def take_freed(self) -> list[int]:
        """Return the slots vacated since the last call: their cells must be cleared before the next step."""
        freed, self._freed = self._freed, []
        return freed

    def schedule(self, prefill_tokens: int) -> Batch:
        """Return the next step: one token of every decoding sequence, then at most `prefill_tokens` of prompts."""
        self._make_room()
        rows = [Row(sequence, sequence.computed, 1) for sequence in self._running if sequence.missing == 1]
        budget = min(prefill_tokens, self.batch_tokens - len(rows))
        for sequence in self._running:
            if sequence.missing > 1 and budget > 0:
                rows.append(Row(sequence, sequence.computed, min(sequence.missing, budget)))
                budget -= rows[-1].count
        while budget > 0 and (admitted := self._admit()) is not None:
            rows.append(Row(admitted, 0, min(admitted.missing, budget)))
            budget -= rows[-1].count
        return Batch(tuple(rows))

    def update(self, batch: Batch, tokens: Sized[int | None]) -> list[Sampled]:
        """Take in one sampled token per row (None where the row samples nothing) and return what is new."""
        outcome: list[Sampled] = []
        for row, token in zip(batch.rows, tokens, strict=True):
            sequence = row.sequence
            assert sequence.computed == row.start
            samples = row.samples
            sequence.computed += row.count
            if not samples:
                continue
            assert token is not None
            if token in self._end_tokens:
                outcome.append(Sampled(sequence, None, "stop"))
                continue
            sequence.tokens.append(token)
            outcome.append(Sampled(sequence, token, "length" if sequence.remaining == 0 else None))
        for sampled in outcome:
            if sampled.finish_reason is not None:
                self.finish(sampled.sequence)
        return outcome

    def _make_room(self) -> None:
        """Grow the reservations that are used up, oldest first; the youngest are preempted when cells run out."""
        for sequence in tuple(self._running):
            while sequence.slot is not None and not self.kv.can_hold(sequence.id, len(sequence.tokens)):
                if not self.kv.grow(sequence.id, len(sequence.tokens), sequence.remaining):
                    self._preempt(self._running[-1])

    def _preempt(self, sequence: Sequence) -> None:
        self._running.remove(sequence)
        self._vacate(sequence)
        self._waiting.appendleft(sequence)
        self.preemptions += 1

    def _vacate(self, sequence: Sequence) -> None:
        assert sequence.slot is not None
        self._freed.append(sequence.slot)
        self._slots.append(sequence.slot)
        self.kv.release(sequence.id)
        sequence.slot = None
        sequence.computed = 0

    def _admit(self) -> Sequence | None:
        if not self._waiting or not self._slots:
            return None
        head = self._waiting[0]
        if not self.kv.can_admit(len(head.tokens), head.remaining):
            return None
        self._waiting.popleft()
        self.kv.admit(head.id, len(head.tokens), head.remaining)
        head.slot = self._slots.pop()
        self._running.append(head)
        return head
