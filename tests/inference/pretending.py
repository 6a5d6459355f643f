"""A pretend model and its cache, cell by cell: the next token depends on all tokens before it."""

from collections.abc import Sequence as Sized
from dataclasses import dataclass, field

from inference.batching.sequence import Copy, Outcome, Row, Sequence, Token, Trim

END = 7
VOCABULARY = 200
STEP_S = 1e-6  # what a step is said to have taken


def next_token(tokens: Sized[int]) -> int:
    """Return 0…199; END comes up now and then."""
    return hash(tuple(tokens)) % VOCABULARY


def undisturbed(prompt: Sized[int], max_tokens: int, *, ignore_eos: bool = False) -> list[int]:
    """Return prompt and answer of a sequence that has the model to itself."""
    tokens = list(prompt)
    while len(tokens) - len(prompt) < max_tokens:
        token = next_token(tokens)
        if token == END and not ignore_eos:
            break
        tokens.append(token)
    return tokens


@dataclass(slots=True, eq=False)
class Cell:
    """One position of the cache: the tokens up to and including it, and whom it was computed for."""

    prefix: tuple[int, ...]
    salt: object


@dataclass
class PretendExecutor:
    """Implements Executor, and asserts that every row continues exactly what its slot holds."""

    cells: int = 1_000_000
    slots: dict[int, list[Cell]] = field(default_factory=dict)
    opened: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    computed: int = 0  # tokens, refused guesses included
    is_shut_down: bool = False
    compute_s: float = 0.0

    @property
    def unique(self) -> int:
        return len({id(cell) for held in self.slots.values() for cell in held})

    def open(self, sequence: Sequence) -> None:
        self.opened.append(sequence.id)

    def close(self, sequence: Sequence) -> None:
        self.closed.append(sequence.id)

    def shutdown(self) -> None:
        self.is_shut_down = True

    def move(self, moves: Sized[Copy | Trim]) -> None:
        for move in moves:
            match move:
                case Copy(source, target, tokens):
                    assert not self.slots.get(target), "only an empty slot may be copied into"
                    assert tokens <= len(self.slots[source])
                    self.slots[target] = self.slots[source][:tokens]
                case Trim(slot, tokens):
                    del self.slots[slot][tokens:]

    def run(self, rows: Sized[Row], adapter: str | None) -> list[Outcome]:
        self.compute_s += STEP_S
        assert len({row.sequence.slot for row in rows}) == len(rows), "one row per slot"
        assert all(row.sequence.adapter == adapter for row in rows), "a step has one adapter"
        return [self._compute(row) for row in rows]

    def _compute(self, row: Row) -> Outcome:
        sequence = row.sequence
        assert sequence.slot is not None
        held = self.slots.setdefault(sequence.slot, [])
        salt = (sequence.tenant, sequence.adapter)
        assert len(held) == row.start, "a row must continue where its slot ends"
        assert all(cell.salt == salt for cell in held), "tenants and adapters never share cells"
        assert row.start == 0 or held[-1].prefix == tuple(sequence.tokens[: row.start]), "cells of other tokens"
        end = row.start + row.count
        for position in range(row.start, end):
            held.append(Cell(tuple(sequence.tokens[: position + 1]), salt))
        self.computed += row.size
        assert self.unique + len(row.draft) <= self.cells, "the cache is overfull"
        if not row.samples:
            assert not row.draft
            return Outcome((), end)
        tokens = [next_token(sequence.tokens)]
        for guess in row.draft:
            if guess != tokens[-1]:
                break
            prefix = (*sequence.tokens, *tokens)
            held.append(Cell(prefix, salt))
            tokens.append(next_token(prefix))
        return Outcome(tuple(Token(token) for token in tokens), len(held))
