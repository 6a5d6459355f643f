"""Whose turn it is: ranks sequences for a step. Knows no cells and no rows."""

from dataclasses import dataclass
from typing import Protocol

from inference.batching.fairness import TokenCounters
from inference.batching.sequence import Sequence
from inference.types import Priority

Rank = tuple[float, ...]

_CLASSES: dict[Priority, int] = {"interactive": 0, "workflow": 1, "batch": 2}
_QUANTUM_TOKENS = 64  # generated at the first level; every further level has twice as many
_PROMPT_SHARE = 4  # prompt tokens that cost as much as a generated one, about
_LEVELS = 6
_LIFT_TOKENS = 64  # given to who was lifted before it falls back
_AGEING_S = 5.0
_BLOCKING_S = 60.0


class Policy(Protocol):
    """Orders the sequences that want to be computed; lower ranks go first."""

    def arrive(self, sequence: Sequence, now_s: float) -> None: ...

    def leave(self, sequence: Sequence) -> None: ...

    def age(self, now_s: float) -> None:
        """Take note that a step is planned now."""
        ...

    def rank(self, sequence: Sequence) -> Rank: ...

    def level(self, sequence: Sequence) -> tuple[int, int]:
        """Return whom it goes before, tenants aside: a prompt of a higher level takes turns with answers of a lower."""
        ...

    def served(self, sequence: Sequence, prefilled: int, generated: int, now_s: float) -> None:
        """Charge a sequence for what a step computed of it."""
        ...

    def blocks(self, sequence: Sequence, now_s: float) -> bool:
        """Say whether nobody behind it may be admitted before it."""
        ...

    def is_long(self, sequence: Sequence) -> bool:
        """Say whether its admission must leave some cells to sequences that need few."""
        ...

    def outranks(self, candidate: Sequence, resident: Sequence) -> bool:
        """Say whether `candidate` is worth throwing `resident` out of the cache."""
        ...


class FcfsPolicy:
    """First come, first served: the order of arrival, whatever the priority."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._count = 0

    def arrive(self, sequence: Sequence, now_s: float) -> None:
        self._numbers[sequence.id] = self._count
        self._count += 1

    def leave(self, sequence: Sequence) -> None:
        self._numbers.pop(sequence.id, None)

    def age(self, now_s: float) -> None:
        return

    def rank(self, sequence: Sequence) -> Rank:
        return (self._numbers[sequence.id],)

    def level(self, sequence: Sequence) -> tuple[int, int]:
        return 0, 0

    def served(self, sequence: Sequence, prefilled: int, generated: int, now_s: float) -> None:
        return

    def blocks(self, sequence: Sequence, now_s: float) -> bool:
        return True

    def is_long(self, sequence: Sequence) -> bool:
        return False

    def outranks(self, candidate: Sequence, resident: Sequence) -> bool:
        return False


@dataclass(slots=True)
class _Standing:
    """Where a sequence stands, and how much of its quantum is used."""

    number: int
    first_class: int
    level: int
    waiting_since_s: float
    used: float = 0.0


class MlfqPolicy:
    """Short work first without knowing what is short: a multi-level feedback queue inside classes and tenants.

    A sequence joins at the level of its prompt's length (FastServe's skip-join, arXiv 2305.05920) and sinks a level
    whenever it has used up a quantum of 64 * 2^level tokens. Every 5 s the one that has waited longest, if that is
    5 s, goes before all others until it has been given a first quantum. One at a time: nobody starves, and those who
    wait long take a bounded part of the engine however many they are. (Lifted all at once, they would be served first
    come, first served, and the short ones behind them.)
    """

    def __init__(self) -> None:
        self._counters = TokenCounters()
        self._standings: dict[int, _Standing] = {}
        self._count = 0
        self._lifted: _Standing | None = None
        self._given = 0.0  # to the lifted one
        self._next_lift_s = 0.0

    def arrive(self, sequence: Sequence, now_s: float) -> None:
        self._counters.arrive(sequence.tenant)
        level = _level_of(sequence.missing // _PROMPT_SHARE)
        self._standings[sequence.id] = _Standing(self._count, _CLASSES[sequence.priority], level, now_s)
        self._count += 1

    def leave(self, sequence: Sequence) -> None:
        standing = self._standings.pop(sequence.id, None)
        if standing is not None:
            self._counters.leave(sequence.tenant)
            if standing is self._lifted:
                self._lifted = None

    def age(self, now_s: float) -> None:
        if now_s < self._next_lift_s or not self._standings:
            return
        self._next_lift_s = now_s + _AGEING_S
        longest = min(self._standings.values(), key=lambda standing: standing.waiting_since_s)
        has_waited = now_s - longest.waiting_since_s >= _AGEING_S
        if self._lifted is None or (has_waited and longest is not self._lifted):
            self._lifted, self._given = longest if has_waited else None, 0.0

    def rank(self, sequence: Sequence) -> Rank:
        standing = self._standings[sequence.id]
        if standing is self._lifted:
            return (-1,)
        deficit = self._counters.rank(sequence.tenant)
        return standing.first_class, deficit, standing.level, sequence.missing, standing.number

    def level(self, sequence: Sequence) -> tuple[int, int]:
        standing = self._standings[sequence.id]
        return (-1, 0) if standing is self._lifted else (standing.first_class, standing.level)

    def served(self, sequence: Sequence, prefilled: int, generated: int, now_s: float) -> None:
        self._counters.charge(sequence.tenant, prefilled, generated)
        standing = self._standings[sequence.id]
        cost = generated + prefilled / _PROMPT_SHARE
        standing.waiting_since_s = now_s
        standing.used += cost
        if standing.used >= _QUANTUM_TOKENS << standing.level:
            standing.level, standing.used = min(standing.level + 1, _LEVELS - 1), 0.0
        if standing is self._lifted:
            self._given += cost
            if self._given >= _LIFT_TOKENS:
                self._lifted = None

    def blocks(self, sequence: Sequence, now_s: float) -> bool:
        standing = self._standings[sequence.id]
        return standing is self._lifted and now_s - standing.waiting_since_s >= _BLOCKING_S

    def is_long(self, sequence: Sequence) -> bool:
        return self._standings[sequence.id].level > 0

    def outranks(self, candidate: Sequence, resident: Sequence) -> bool:
        one, other = self._standings[candidate.id], self._standings[resident.id]
        return one.first_class < other.first_class and other is not self._lifted


def _level_of(tokens: int) -> int:
    """Return the first level whose quantum holds `tokens`."""
    return min(max(0, (tokens - 1) // _QUANTUM_TOKENS).bit_length(), _LEVELS - 1)
