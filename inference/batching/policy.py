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
_AGEING_S = 5.0


class Policy(Protocol):
    """Orders the sequences that want to be computed; lower ranks go first."""

    def arrive(self, sequence: Sequence, now_s: float) -> None: ...

    def leave(self, sequence: Sequence) -> None: ...

    def rank(self, sequence: Sequence, now_s: float) -> Rank:
        """Return the place of a sequence; changes nothing that another rank depends on within a step."""
        ...

    def served(self, sequence: Sequence, prefilled: int, generated: int, now_s: float) -> None:
        """Charge a sequence for what a step computed of it."""
        ...

    def is_aged(self, sequence: Sequence, now_s: float) -> bool:
        """Say whether it has waited so long that nobody behind it may overtake it any more."""
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

    def rank(self, sequence: Sequence, now_s: float) -> Rank:
        return (self._numbers[sequence.id],)

    def served(self, sequence: Sequence, prefilled: int, generated: int, now_s: float) -> None:
        return

    def is_aged(self, sequence: Sequence, now_s: float) -> bool:
        return True

    def outranks(self, candidate: Sequence, resident: Sequence) -> bool:
        return False


@dataclass(slots=True)
class _Standing:
    """Where a sequence stands: `level` and how much of its quantum is used; ageing lifts level, then class."""

    number: int
    first_class: int
    level: int
    used: int = 0
    lifted: int = 0  # classes
    is_aged: bool = False
    waiting_since_s: float = 0.0


class MlfqPolicy:
    """Short work first without knowing what is short: a multi-level feedback queue inside classes and tenants.

    A sequence joins at the level of its prompt's length (FastServe's skip-join, arXiv 2305.05920) and sinks a level
    whenever it has used up a quantum of 64 * 2^level tokens. Who was not served for 5 s rises to the first level,
    then a class for every further 5 s, until it has used up a quantum there: nobody starves.
    """

    def __init__(self) -> None:
        self._counters = TokenCounters()
        self._standings: dict[int, _Standing] = {}
        self._count = 0

    def arrive(self, sequence: Sequence, now_s: float) -> None:
        self._counters.arrive(sequence.tenant)
        level = _level_of(sequence.missing // _PROMPT_SHARE)
        self._standings[sequence.id] = _Standing(self._count, _CLASSES[sequence.priority], level, waiting_since_s=now_s)
        self._count += 1

    def leave(self, sequence: Sequence) -> None:
        if self._standings.pop(sequence.id, None) is not None:
            self._counters.leave(sequence.tenant)

    def rank(self, sequence: Sequence, now_s: float) -> Rank:
        standing = self._standings[sequence.id]
        while now_s - standing.waiting_since_s >= _AGEING_S:
            self._lift(standing)
        missing = 0 if standing.is_aged else sequence.missing  # shortest remaining first
        deficit = self._counters.rank(sequence.tenant)
        return standing.first_class - standing.lifted, deficit, standing.level, missing, standing.number

    def served(self, sequence: Sequence, prefilled: int, generated: int, now_s: float) -> None:
        self._counters.charge(sequence.tenant, prefilled, generated)
        standing = self._standings[sequence.id]
        standing.waiting_since_s = now_s
        standing.used += generated + prefilled // _PROMPT_SHARE
        if standing.used >= _QUANTUM_TOKENS << standing.level:
            standing.level = min(standing.level + 1, _LEVELS - 1)
            standing.used, standing.lifted, standing.is_aged = 0, 0, False

    def is_aged(self, sequence: Sequence, now_s: float) -> bool:
        return self._standings[sequence.id].is_aged

    def outranks(self, candidate: Sequence, resident: Sequence) -> bool:
        one, other = self._standings[candidate.id], self._standings[resident.id]
        return one.first_class - one.lifted < other.first_class - other.lifted

    def _lift(self, standing: _Standing) -> None:
        standing.waiting_since_s += _AGEING_S
        standing.is_aged = True
        standing.used = 0
        if standing.level > 0:
            standing.level = 0
        elif standing.lifted < standing.first_class:
            standing.lifted += 1


def _level_of(tokens: int) -> int:
    """Return the first level whose quantum holds `tokens`."""
    return min(max(0, (tokens - 1) // _QUANTUM_TOKENS).bit_length(), _LEVELS - 1)
