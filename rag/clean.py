"""Takes out of a page what only costs tokens; its boxes stay where their text is."""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.types import Box, Page

_BLANK = r"[ \t\v\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]"
# Not U+200C and U+200D: Persian and Indic spelling and composed emoji need them.
_ZERO_WIDTH = re.compile("[\u180e\u200b\u2060\ufeff]+")
_RUNS = re.compile(rf"{_BLANK}{{2,}}")
# The look-behind also keeps the search linear: a long run is tried once, not at each of its characters.
_INNER_RUNS = re.compile(rf"(?<![\s]){_BLANK}{{2,}}")
_TRAILING = re.compile(rf"(?<!{_BLANK}){_BLANK}++(?=\n|\Z)")
_BLANK_LINES = re.compile(r"\n{3,}")

_ADDRESS = r"(?:https?://|ftp://|www\.|mailto:)"
_LINK = re.compile(
    rf"!?\[([^\[\]\n]{{0,500}})\]\(<?{_ADDRESS}(?:[^()\s<>]|\([^()\s]{{0,200}}\)){{0,2000}}>?(?:\s+\"[^\"\n]{{0,500}}\")?\)"
)
# A URL ends before punctuation that belongs to the sentence, and before scripts that put no spaces around it.
_URL = re.compile(
    rf"<?(?<![A-Za-z0-9_]){_ADDRESS}[^\s<>\"'`()\[\]{{}}|\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]*[^\s<>\"'`()\[\]{{}}|.,;:!?…\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]>?",
    re.IGNORECASE,
)
_EMAIL = re.compile(
    r"<?(?<![\w.%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}(?![A-Za-z0-9])>?"
)

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


@dataclass(frozen=True, slots=True)
class Edits:
    """Which slices of a text were replaced: `[old_starts, old_ends)` became `[new_starts, new_ends)`, in order."""

    old_starts: Sequence[int]
    old_ends: Sequence[int]
    new_starts: Sequence[int]
    new_ends: Sequence[int]

    def moved(self, start: int, end: int) -> tuple[int, int]:
        """Return where the slice `[start, end)` is now; a replaced text counts as a whole, a removed one as nothing."""
        return self._moved(start, self.new_starts), self._moved(end, self.new_ends)

    def _moved(self, offset: int, inside: Sequence[int]) -> int:
        edit = bisect_right(self.old_starts, offset) - 1
        if edit < 0:
            return offset
        if offset == self.old_starts[edit]:
            return self.new_starts[edit]
        if offset < self.old_ends[edit]:
            return inside[edit]
        return offset - self.old_ends[edit] + self.new_ends[edit]


def substitute(text: str, rule: Rule) -> tuple[str, Edits]:
    """Replace every match of the rule, which is never empty; return the new text and what was moved."""
    pattern, replacement = rule
    edits = Edits([], [], [], [])
    old_starts, old_ends, new_starts, new_ends = [], [], [], []
    out: list[str] = []
    copied = length = 0
    for match in pattern.finditer(text):
        start, end = match.span()
        new = replacement(match)
        out += (text[copied:start], new)
        length += start - copied
        old_starts.append(start)
        old_ends.append(end)
        new_starts.append(length)
        length += len(new)
        new_ends.append(length)
        copied = end
    if not old_starts:
        return text, edits
    out.append(text[copied:])
    return "".join(out), Edits(old_starts, old_ends, new_starts, new_ends)


def rules(*, whitespace: bool, urls_emails: bool, keeps_indentation: bool = False) -> tuple[Rule, ...]:
    """Return what to clean, in order: what a removed address leaves behind is white space.

    `whitespace`: runs of blanks, more than two line ends, zero-width characters. `keeps_indentation` leaves the blanks
    at the beginning of lines, which are structure in Markdown and code. `urls_emails`: a link keeps its text.
    """
    chosen: list[Rule] = []
    if urls_emails:
        chosen += [(_LINK, lambda match: match[1]), (_URL, _nothing), (_EMAIL, _nothing)]
    if whitespace:
        runs = _INNER_RUNS if keeps_indentation else _RUNS
        chosen += [(_ZERO_WIDTH, _nothing), (runs, lambda _: " "), (_TRAILING, _nothing), (_BLANK_LINES, _two_lines)]
    return tuple(chosen)


def clean_text(text: str, chosen: Sequence[Rule]) -> str:
    """Return the text with every rule applied."""
    for pattern, replacement in chosen:
        text = pattern.sub(replacement, text)
    return text


def clean_page(page: Page, chosen: Sequence[Rule]) -> Page:
    """Return the page with every rule applied, and its boxes where their text is now; cells stay."""
    if not chosen:
        return page
    text, boxes = page.text, page.boxes
    for rule in chosen:
        text, edits = substitute(text, rule)
        if boxes and edits.old_starts:
            boxes = tuple(_moved(box, edits) for box in boxes)
    kept = tuple(box for box in boxes if box.start < box.end)
    return Page(text, page.number, kept, page.rows)


def _moved(box: Box, edits: Edits) -> Box:
    start, end = edits.moved(box.start, box.end)
    return Box(start, end, box.area)


def _nothing(_: re.Match[str]) -> str:
    return ""


def _two_lines(_: re.Match[str]) -> str:
    return "\n\n"
