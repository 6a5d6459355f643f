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
_LIFT_TOKENS = 32  # given to who was lifted before it falls back
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

    def rank(self, sequence: Sequence, now_s: float) -> Rank:
        return (self._numbers[sequence.id],)

    def served(self, sequence: Sequence, prefilled: int, generated: int, now_s: float) -> None:
        return

    def is_aged(self, sequence: Sequence, now_s: float) -> bool:
        return True

    def is_long(self, sequence: Sequence) -> bool:
        return False

    def outranks(self, candidate: Sequence, resident: Sequence) -> bool:
        return False


@dataclass(slots=True)
class _Standing:
    """Where a sequence stands: the level it sank to, and how far ageing has lifted it above that for a while."""

    number: int
    first_class: int
    level: int
    used: float = 0.0  # of the quantum of its level
    lifted: int = 0  # levels, then classes
    lift_used: float = 0.0
    waiting_since_s: float = 0.0


class MlfqPolicy:
    """Short work first without knowing what is short: a multi-level feedback queue inside classes and tenants.

    A sequence joins at the level of its prompt's length (FastServe's skip-join, arXiv 2305.05920) and sinks a level
    whenever it has used up a quantum of 64 * 2^level tokens. For every 5 s without service it rises a level, at the
    first level a class, until it has been given a little: nobody starves, and who waits long does not hold up who
    needs little (were the whole quantum given at the first level, the queue of the long ones would be served first
    come, first served, and all others behind it).
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
            standing.waiting_since_s += _AGEING_S
            standing.lifted = min(standing.lifted + 1, standing.level + standing.first_class)
        deficit = self._counters.rank(sequence.tenant)
        if not standing.lifted:
            return standing.first_class, deficit, standing.level, sequence.missing, standing.number
        # Ahead of its new peers: among them the shortest remaining would go first.
        return self._class(standing), deficit, max(0, standing.level - standing.lifted), 0, standing.number

    def served(self, sequence: Sequence, prefilled: int, generated: int, now_s: float) -> None:
        self._counters.charge(sequence.tenant, prefilled, generated)
        standing = self._standings[sequence.id]
        cost = generated + prefilled / _PROMPT_SHARE
        standing.waiting_since_s = now_s
        standing.used += cost
        if standing.lifted:
            standing.lift_used += cost
            if standing.lift_used >= _LIFT_TOKENS:
                standing.lifted, standing.lift_used = 0, 0
        if standing.used >= _QUANTUM_TOKENS << standing.level:
            standing.level, standing.used = min(standing.level + 1, _LEVELS - 1), 0

    def is_aged(self, sequence: Sequence, now_s: float) -> bool:
        return self._standings[sequence.id].lifted > 0

    def is_long(self, sequence: Sequence) -> bool:
        return self._standings[sequence.id].level > 0

    def outranks(self, candidate: Sequence, resident: Sequence) -> bool:
        return self._class(self._standings[candidate.id]) < self._class(self._standings[resident.id])

    def _class(self, standing: _Standing) -> int:
        return standing.first_class - max(0, standing.lifted - standing.level)


def _level_of(tokens: int) -> int:
    """Return the first level whose quantum holds `tokens`."""
    return min(max(0, (tokens - 1) // _QUANTUM_TOKENS).bit_length(), _LEVELS - 1)
