"""From pages to chunks: cut at the structure first, then fill a budget of tokens, with an overlap.

A page is cut into atoms (`langchain-text-splitters` knows where each format may be cut), all atoms are counted in one
call, and chunks are runs of atoms. So a chunk is always a slice of its page: nothing is lost, nothing is rewritten.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from rag.errors import EmbeddingMismatchError, InvalidSettingsError
from rag.ports import CountTokens
from rag.types import ChunkText, Extraction

if TYPE_CHECKING:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

MIN_TOKENS = 16
_ATOM_CHARS = (40, 200)
"""The least and the most characters of an atom: about as many as a chunk has tokens, so a chunk has several."""
_COUNT_BATCH = 512
_LOOK_BACK = 3
"""A chunk may end up to a third of its budget early where the text has a better place to end."""

_PARAGRAPHS = (r"\n\s*\n",)
# After a digit a full stop numbers a list; a sentence may also end inside quotes or brackets.
_SENTENCES = (r"(?<=[^\d\s][.!?…])\s+", r"(?<=[.!?…][\"')\]»”’])\s+", r"(?<=[。！？；])")
_WORDS = (r"\n", r"\s", "")
_BLOCKS: dict[str, tuple[str, ...]] = {"markdown": (r"\n#{1,6} ", r"\n(?=```)", r"\n[*_-]{3,}\n")}
"""Where formats that mark their structure may be cut first."""

_HEADING = re.compile(r"\s*#{1,6} ")
_SENTENCE_END = ".!?…。！？；"


@dataclass(frozen=True, slots=True)
class SplitSettings:
    """How long chunks are, in tokens of the embedding model; `overlap_tokens` is the most two neighbours share."""

    max_tokens: int = 200
    overlap_tokens: int = 32

    def __post_init__(self) -> None:
        if self.max_tokens < MIN_TOKENS:
            raise InvalidSettingsError(f"max_tokens is {self.max_tokens!r}; a chunk needs at least {MIN_TOKENS}")
        if not 0 <= self.overlap_tokens <= self.max_tokens // 2:
            raise InvalidSettingsError(
                f"overlap_tokens is {self.overlap_tokens!r}; it goes from 0 to half of max_tokens ({self.max_tokens})"
            )


@dataclass(frozen=True, slots=True)
class Span:
    """The slice `[start, end)` of a page's text that becomes a chunk, and its tokens."""

    start: int
    end: int
    tokens: int


class _Break(IntEnum):
    """How good a place to end a chunk is, by what stands around it."""

    WORD = 0
    LINE = 1
    SENTENCE = 2
    PARAGRAPH = 3
    HEADING = 4


@dataclass(frozen=True, slots=True)
class _Atom:
    """The slice `[start, end)` that is never cut, and how good it is to end after it."""

    start: int
    end: int
    tokens: int
    break_after: _Break


async def split(
    extraction: Extraction, *, format_name: str, settings: SplitSettings, count_tokens: CountTokens
) -> list[ChunkText]:
    """Return the chunks of all pages in order; each lies within one page and within `settings.max_tokens`."""
    chunks: list[ChunkText] = []
    for page in extraction.pages:
        spans = await page_spans(page.text, format_name=format_name, settings=settings, count_tokens=count_tokens)
        for span in spans:
            text = page.text[span.start : span.end]
            chunks.append(ChunkText(text, page.number, len(chunks), span.tokens))
    return chunks


async def page_spans(text: str, *, format_name: str, settings: SplitSettings, count_tokens: CountTokens) -> list[Span]:
    """Return the spans of one page: in order, without white space at their ends, together all of the text."""
    if not text.strip():
        return []
    atoms = await _atoms(text, format_name, settings.max_tokens, count_tokens)
    runs = _pack(atoms, settings)
    spans: list[Span] = []
    while runs:
        slices = [_trimmed(text, atoms[first].start, atoms[last - 1].end) for first, last in runs]
        counts = await _counted([text[start:end] for start, end in slices], count_tokens)
        too_long = []
        for (first, last), (start, end), tokens in zip(runs, slices, counts, strict=True):
            if tokens > settings.max_tokens and last - first > 1:
                middle = (first + last) // 2
                too_long += [(first, middle), (middle, last)]
            elif start < end:
                spans.append(Span(start, end, tokens))
        # The tokens of a whole can be more than those of its parts; what came out too long is cut once more.
        runs = too_long
    return _without_repeats(spans)


def _without_repeats(spans: list[Span]) -> list[Span]:
    """Return the spans in order, less those that lie within what was before: a run that was cut may be all overlap."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if not kept or span.end > kept[-1].end:
            kept.append(span)
    return kept


async def _atoms(text: str, format_name: str, max_tokens: int, count_tokens: CountTokens) -> list[_Atom]:
    bounds: list[tuple[int, int]] = []
    end = 0
    least, most = _ATOM_CHARS
    for piece in _splitter(format_name, min(max(max_tokens, least), most)).split_text(text):
        bounds.append((end, end + len(piece)))
        end += len(piece)
    assert end == len(text), "the splitter lost text"
    counts = await _counted([text[start:end] for start, end in bounds], count_tokens)
    while any(count > max_tokens and end - start > 1 for (start, end), count in zip(bounds, counts, strict=True)):
        bounds, counts = await _halved(text, bounds, counts, max_tokens, count_tokens)
    return [
        _Atom(start, end, count, _break_at(text, end, format_name))
        for (start, end), count in zip(bounds, counts, strict=True)
    ]


async def _halved(
    text: str, bounds: list[tuple[int, int]], counts: list[int], max_tokens: int, count_tokens: CountTokens
) -> tuple[list[tuple[int, int]], list[int]]:
    out: list[tuple[int, int]] = []
    kept: dict[tuple[int, int], int] = {}
    for (start, end), count in zip(bounds, counts, strict=True):
        if count > max_tokens and end - start > 1:
            middle = _middle(text, start, end)
            out += [(start, middle), (middle, end)]
        else:
            out.append((start, end))
            kept[start, end] = count
    new = [bound for bound in out if bound not in kept]
    kept.update(zip(new, await _counted([text[start:end] for start, end in new], count_tokens), strict=True))
    return out, [kept[bound] for bound in out]


def _middle(text: str, start: int, end: int) -> int:
    middle = (start + end) // 2
    space = text.rfind(" ", start + 1, middle + 1)
    return space if space > 0 else middle


def _pack(atoms: Sequence[_Atom], settings: SplitSettings) -> list[tuple[int, int]]:
    """Return runs `[first, last)` of atoms; every atom is in one, and neighbours share at most the overlap."""
    runs: list[tuple[int, int]] = []
    first = covered = 0
    while covered < len(atoms):
        last, tokens = covered + 1, sum(atom.tokens for atom in atoms[first : covered + 1])
        while last < len(atoms) and tokens + atoms[last].tokens <= settings.max_tokens:
            tokens += atoms[last].tokens
            last += 1
        if last < len(atoms):
            last = _best_end(atoms, covered + 1, last, settings.max_tokens // _LOOK_BACK)
        runs.append((first, last))
        covered = last
        first = _overlap_start(atoms, first, covered, settings)
    return runs


def _best_end(atoms: Sequence[_Atom], lowest: int, end: int, may_drop_tokens: int) -> int:
    best, dropped = end, 0
    for candidate in range(end - 1, lowest - 1, -1):
        dropped += atoms[candidate].tokens
        if dropped > may_drop_tokens:
            break
        if atoms[candidate - 1].break_after > atoms[best - 1].break_after:
            best = candidate
    return best


def _overlap_start(atoms: Sequence[_Atom], first: int, covered: int, settings: SplitSettings) -> int:
    if covered >= len(atoms) or atoms[covered - 1].break_after is _Break.HEADING:
        return covered
    budget = min(settings.overlap_tokens, settings.max_tokens - atoms[covered].tokens)
    start = covered
    while start - 1 > first and atoms[start - 1].tokens <= budget:
        start -= 1
        budget -= atoms[start].tokens
    return start


def _break_at(text: str, offset: int, format_name: str) -> _Break:
    start, end = _gap(text, offset)
    gap = text[start:end]
    if format_name in _BLOCKS and "\n" in gap and _HEADING.match(text, start):
        return _Break.HEADING
    if gap.count("\n") > 1:
        return _Break.PARAGRAPH
    if start > 0 and text[start - 1] in _SENTENCE_END:
        return _Break.SENTENCE
    return _Break.LINE if "\n" in gap else _Break.WORD


def _gap(text: str, offset: int) -> tuple[int, int]:
    """Return the slice of white space around `offset`."""
    start = end = offset
    while start > 0 and text[start - 1].isspace():
        start -= 1
    while end < len(text) and text[end].isspace():
        end += 1
    return start, end


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


async def _counted(texts: Sequence[str], count_tokens: CountTokens) -> list[int]:
    counts: list[int] = []
    for first in range(0, len(texts), _COUNT_BATCH):
        batch = texts[first : first + _COUNT_BATCH]
        got = await count_tokens(batch)
        if len(got) != len(batch):
            raise EmbeddingMismatchError(f"{len(batch)} texts were counted, and {len(got)} counts came back")
        counts += got
    return counts


@lru_cache(maxsize=8)
def _splitter(format_name: str, atom_chars: int) -> "RecursiveCharacterTextSplitter":
    # 1.5 s and 39 MB: only a process that indexes pays for it.
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    return RecursiveCharacterTextSplitter(
        separators=[*_BLOCKS.get(format_name, ()), *_PARAGRAPHS, *_SENTENCES, *_WORDS],
        is_separator_regex=True,
        keep_separator="start",
        strip_whitespace=False,
        chunk_size=atom_chars,
        chunk_overlap=0,
    )
