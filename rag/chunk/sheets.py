"""Spans of many texts at once: cut by estimates, count what came out, correct the estimates where they were wrong.

Counting every sentence would cost a call per few pages. Counting slices of some pages and then the spans costs a call
per hundreds: an estimate that fits a page as a whole is nearly right for each of its parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count as rounds_from

from rag.chunk.atoms import Atom, halves
from rag.chunk.counting import counted
from rag.chunk.pack import Budget, header_tokens, pack
from rag.ports import CountTokens

_GROUP_CHARS = (200, 4_000)
"""The least and the most characters of a slice by which estimates are corrected."""
_GROUP_CHARS_PER_TOKEN = 16
_AIM = 0.96
"""What share of the budget is filled by estimate: a span that is found too long costs another count."""
_EXACT_ROUNDS = 4
_GROWTH = 1.25


@dataclass(frozen=True, slots=True)
class Span:
    """The slice `[start, end)` of a text, after its table's `header` where it begins with a row; and its tokens."""

    start: int
    end: int
    tokens: int
    header: str = ""

    def text_of(self, text: str) -> str:
        """Return what the span reads."""
        return _text_of(text, (self.start, self.end, self.header))


_Key = tuple[int, int, str]


@dataclass(slots=True)
class Sheet:
    """A text on its way to spans; `known` has the tokens of what was counted."""

    text: str
    atoms: list[Atom]
    spans: list[Span] = field(default_factory=list)
    known: dict[_Key, int] = field(default_factory=dict)


async def cut_sheets(
    sheets: Sequence[Sheet], *, max_tokens: int, overlap_tokens: int, count_tokens: CountTokens
) -> None:
    """Fill `spans` of every sheet: in order, all of its text, each within `max_tokens` (or of one character)."""
    await _calibrate(sheets, max_tokens, count_tokens)
    budget = Budget(max_tokens * _AIM, overlap_tokens * _AIM)
    pending = [sheet for sheet in sheets if sheet.atoms and not sheet.spans]
    for done in rounds_from():
        if not pending:
            return
        runs = [pack(sheet.atoms, budget) for sheet in pending]
        keys = [[_key(sheet, run, budget) for run in own] for sheet, own in zip(pending, runs, strict=True)]
        await _count(pending, keys, count_tokens)
        pending = [
            sheet
            for sheet, own, names in zip(pending, runs, keys, strict=True)
            if not _accept(sheet, own, names, max_tokens, is_late=done >= _EXACT_ROUNDS)
        ]


async def _calibrate(sheets: Sequence[Sheet], max_tokens: int, count_tokens: CountTokens) -> None:
    """Count slices of some sentences and make the estimates of their atoms add up to it."""
    least, most = _GROUP_CHARS
    chars = min(max(max_tokens * _GROUP_CHARS_PER_TOKEN, least), most)
    groups = [(sheet, first, last) for sheet in sheets for first, last in _groups(sheet.atoms, chars)]
    texts = [sheet.text[sheet.atoms[first].start : sheet.atoms[last - 1].end] for sheet, first, last in groups]
    for (sheet, first, last), tokens in zip(groups, await counted(texts, count_tokens), strict=True):
        if tokens <= max_tokens and last - first == len(sheet.atoms) and not sheet.atoms[0].header:
            sheet.spans = [Span(sheet.atoms[0].start, sheet.atoms[-1].end, tokens)]
        own = sheet.atoms[first:last]
        _scale(own, max(tokens, 1) / sum(atom.tokens for atom in own))


def _groups(atoms: Sequence[Atom], chars: int) -> list[tuple[int, int]]:
    groups: list[tuple[int, int]] = []
    first = 0
    for index, atom in enumerate(atoms, start=1):
        if atom.end - atoms[first].start >= chars or index == len(atoms):
            groups.append((first, index))
            first = index
    return groups


def _key(sheet: Sheet, run: tuple[int, int], budget: Budget) -> _Key:
    first, last = run
    header = sheet.atoms[first].header if header_tokens(sheet.atoms, first, budget) else ""
    return sheet.atoms[first].start, sheet.atoms[last - 1].end, header


async def _count(sheets: Sequence[Sheet], keys: Sequence[Sequence[_Key]], count_tokens: CountTokens) -> None:
    new = [(sheet, key) for sheet, own in zip(sheets, keys, strict=True) for key in own if key not in sheet.known]
    counts = await counted([_text_of(sheet.text, key) for sheet, key in new], count_tokens)
    for (sheet, key), tokens in zip(new, counts, strict=True):
        sheet.known[key] = tokens


def _accept(
    sheet: Sheet, runs: Sequence[tuple[int, int]], keys: Sequence[_Key], max_tokens: int, *, is_late: bool
) -> bool:
    """Take the runs as spans, or correct the estimates of those that are too long.

    Estimates of what is too long only grow, so no run is tried twice; after some rounds all that follows grows too.
    """
    too_long = [run for run, key in zip(runs, keys, strict=True) if _is_too_long(sheet.known[key], key, max_tokens)]
    if not too_long:
        sheet.spans = [Span(start, end, sheet.known[start, end, header], header) for start, end, header in keys]
        sheet.known.clear()
        sheet.atoms.clear()
        return True
    by_run = dict(zip(runs, keys, strict=True))
    for first, last in reversed(too_long):
        start, end, header = by_run[first, last]
        if last - first == 1:
            _cut_atom(sheet, first, repeats_header=bool(header))
        else:
            own = sheet.atoms[first:last]
            estimate = sum(atom.tokens for atom in own) + (own[0].header_tokens if header else 0.0)
            _scale(own, max(1.0, sheet.known[start, end, header] / estimate))
    if is_late:
        _scale(sheet.atoms[too_long[0][0] :], _GROWTH)
    return False


def _is_too_long(tokens: int, key: _Key, max_tokens: int) -> bool:
    start, end, header = key
    return tokens > max_tokens and (end - start > 1 or bool(header))


def _cut_atom(sheet: Sheet, index: int, *, repeats_header: bool) -> None:
    atom = sheet.atoms[index]
    if repeats_header:
        # The row does not fit under its header: it goes without.
        atom.header, atom.header_tokens = "", 0.0
    else:
        sheet.atoms[index : index + 1] = halves(sheet.text, atom)


def _scale(atoms: Sequence[Atom], factor: float) -> None:
    for atom in atoms:
        atom.scale(factor)


def _text_of(text: str, key: _Key) -> str:
    start, end, header = key
    return f"{header}\n{text[start:end]}" if header else text[start:end]
