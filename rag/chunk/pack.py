"""Runs of atoms that fill a budget of tokens and end where the text does. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.chunk.atoms import Atom, Break

_LOOK_BACK = 3
"""A chunk may end up to a third of its budget early where the text has a better place to end."""
_HEADER_SHARE = 3
"""A header that takes more than a third of the budget is not repeated."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The tokens of a chunk, and how many of them it may share with the one before."""

    max_tokens: float
    overlap_tokens: float = 0.0


def pack(atoms: Sequence[Atom], budget: Budget) -> list[tuple[int, int]]:
    """Return runs `[first, last)` of atoms: every atom is in one, and each run ends later than the one before."""
    runs: list[tuple[int, int]] = []
    first = covered = 0
    while covered < len(atoms):
        last = covered + 1
        tokens = header_tokens(atoms, first, budget) + sum(atom.tokens for atom in atoms[first:last])
        while last < len(atoms) and tokens + atoms[last].tokens <= budget.max_tokens:
            tokens += atoms[last].tokens
            last += 1
        if last < len(atoms):
            last = _best_end(atoms, covered + 1, last, budget.max_tokens / _LOOK_BACK)
        runs.append((first, last))
        covered = last
        first = _overlap_start(atoms, first, covered, budget)
    return runs


def header_tokens(atoms: Sequence[Atom], first: int, budget: Budget) -> float:
    """Return what it costs to repeat the table's header before the atom `first`; 0 where it is not repeated."""
    tokens = atoms[first].header_tokens if atoms[first].header else 0.0
    return tokens if tokens <= budget.max_tokens / _HEADER_SHARE else 0.0


def _best_end(atoms: Sequence[Atom], lowest: int, end: int, may_drop_tokens: float) -> int:
    best, dropped = end, 0.0
    for candidate in range(end - 1, lowest - 1, -1):
        dropped += atoms[candidate].tokens
        if dropped > may_drop_tokens:
            break
        if atoms[candidate - 1].after > atoms[best - 1].after:
            best = candidate
    return best


def _overlap_start(atoms: Sequence[Atom], first: int, covered: int, budget: Budget) -> int:
    """Return where the next run begins; sections share nothing, and neither do rows, which stand for themselves."""
    if covered >= len(atoms) or atoms[covered - 1].after is Break.HEADING or atoms[covered].header:
        return covered
    left = min(budget.overlap_tokens, budget.max_tokens - atoms[covered].tokens)
    start = covered
    while start - 1 > first and atoms[start - 1].tokens <= left and not atoms[start - 1].header:
        start -= 1
        left -= atoms[start].tokens
    if atoms[covered - 1].after is not Break.WORD:
        # The end of a sentence without its beginning says little; in the middle of one it is all there is.
        while start < covered and atoms[start - 1].after is Break.WORD:
            start += 1
    return start
