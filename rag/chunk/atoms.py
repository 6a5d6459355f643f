"""Atoms: the slices of a text that are not cut, and how good it is to end a chunk after each."""

from dataclasses import dataclass
from enum import IntEnum

_CLAUSE_ENDS = " \t\u3000,;:，、；："
_LEAST_CHARS = 40


class Break(IntEnum):
    """How good a place to end a chunk is, by what stands around it."""

    WORD = 0
    LINE = 1
    SENTENCE = 2
    PARAGRAPH = 3
    HEADING = 4


@dataclass(slots=True)
class Atom:
    """The slice `[start, end)`, without white space at its ends; only white space stands between two atoms.

    `tokens` is an estimate that gets better as texts are counted. A row of a table has its `header`, which a chunk
    that begins with the row repeats, for `header_tokens`.
    """

    start: int
    end: int
    after: Break
    tokens: float
    header: str = ""
    header_tokens: float = 0.0

    def scale(self, factor: float) -> None:
        """Correct the estimates by what was counted."""
        self.tokens *= factor
        self.header_tokens *= factor


def estimated_tokens(text: str) -> float:
    """Return about how many tokens a text has: words of other scripts than Latin are cut into smaller pieces."""
    if text.isascii():
        return 0.25 * len(text) + 0.1
    return 0.25 * len(text) + 0.35 * (len(text.encode("utf-8", "replace")) - len(text)) + 0.1


class AtomWriter:
    """Collects atoms in the order of the text; what is longer than `most_chars` is cut between words."""

    def __init__(self, text: str, most_chars: int) -> None:
        self.atoms: list[Atom] = []
        self._text = text
        self._most = most_chars

    def add(self, start: int, end: int, after: Break) -> None:
        """Add a slice of prose or code; short lines become one atom."""
        end = _end_trimmed(self._text, start, end)
        if start >= end:
            return
        last = self.atoms[-1] if self.atoms else None
        if last and last.after is Break.LINE and after <= Break.LINE and not last.header:
            least = min(_LEAST_CHARS, self._most)
            if end - last.start <= least:
                last.end, last.after = end, after
                last.tokens = estimated_tokens(self._text[last.start : end])
                return
        while end - start > self._most:
            cut = self._cut(start)
            self._put(start, _end_trimmed(self._text, start, cut), Break.WORD)
            start = cut
            while self._text[start].isspace():
                start += 1
        self._put(start, end, after)

    def add_whole(self, start: int, end: int, after: Break, header: str = "") -> None:
        """Add a slice that stays whole however long it is: a row of a table, its header."""
        end = _end_trimmed(self._text, start, end)
        self._put(start, end, after)
        if header:
            self.atoms[-1].header = header
            self.atoms[-1].header_tokens = estimated_tokens(header)

    def raise_break(self, after: Break) -> None:
        """Say that the text so far may end at least as well as `after`."""
        if self.atoms and self.atoms[-1].after < after:
            self.atoms[-1].after = after

    def _put(self, start: int, end: int, after: Break) -> None:
        if start < end:
            self.atoms.append(Atom(start, end, after, estimated_tokens(self._text[start:end])))

    def _cut(self, start: int) -> int:
        limit = start + self._most
        best = max(self._text.rfind(mark, start + self._most // 2, limit) for mark in _CLAUSE_ENDS)
        return best + 1 if best > start else limit


def halves(text: str, atom: Atom) -> list[Atom]:
    """Return the two halves of an atom that is too long for any chunk."""
    middle = (atom.start + atom.end) // 2
    space = text.rfind(" ", atom.start + 1, middle + 1)
    middle = space if space > 0 else middle
    tokens = atom.tokens / 2
    first = Atom(atom.start, _end_trimmed(text, atom.start, middle), Break.WORD, tokens)
    start = middle
    while start < atom.end and text[start].isspace():
        start += 1
    return [half for half in (first, Atom(start, atom.end, atom.after, tokens)) if half.start < half.end]


def _end_trimmed(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1].isspace():
        end -= 1
    return end
