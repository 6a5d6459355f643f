"""Packs hits into the numbered passages of a prompt, within a budget of the chat model's tokens.

The layout, `[1] text` on one line per passage, is the one that very small models follow best, and the one the starter
model's adapter was trained on.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.ports import CountTokens
from rag.types import Hit

# "[3]" in a source would read as a citation of our third passage.
_BRACKETED_NUMBER = re.compile(r"\[(\d+(?:\s*[,;–-]\s*\d+)*)\]")
_SPACE = re.compile(r"\s+")
_SHRINK = 0.95
_MIN_CHARS = 20


@dataclass(frozen=True, slots=True)
class Passage:
    """A hit as it stands in the prompt, under the number `position` (from 1)."""

    position: int
    hit: Hit
    text: str


@dataclass(frozen=True, slots=True)
class Packed:
    """The passages that fit, best first, their text for the prompt and its tokens; `left_out` hits did not fit."""

    passages: tuple[Passage, ...]
    text: str
    tokens: int
    left_out: int


async def pack(hits: Sequence[Hit], *, count_tokens: CountTokens, budget_tokens: int) -> Packed:
    """Number the best hits that fit into `budget_tokens` together; the first is shortened rather than left out."""
    lines = [passage_line(position, hit.text) for position, hit in enumerate(hits, start=1)]
    if not lines or budget_tokens <= 0:
        return Packed((), "", 0, len(hits))
    kept: list[str] = []
    total = 0
    # A line break is counted with each line, so the sum is never below the tokens of the whole.
    for line, tokens in zip(lines, await count_tokens([f"{line}\n" for line in lines]), strict=True):
        if total + tokens > budget_tokens:
            break
        kept.append(line)
        total += tokens
    if not kept:
        kept, total = await _shortened(lines[0], count_tokens, budget_tokens)
    passages = tuple(Passage(i + 1, hits[i], line) for i, line in enumerate(kept))
    return Packed(passages, "\n".join(kept), total, len(hits) - len(kept))


def passage_line(position: int, text: str) -> str:
    """Return the line of one passage: numbered, without line breaks and without foreign citation marks."""
    one_line = _SPACE.sub(" ", _BRACKETED_NUMBER.sub(r"(\1)", text)).strip()
    return f"[{position}] {one_line}"


def grounded_question(passages: str, question: str) -> str:
    """Return the user's message that holds the passages and then the question; only the question without passages."""
    return f"Context:\n{passages}\n\nQuestion: {question}" if passages else question


async def _shortened(line: str, count_tokens: CountTokens, budget_tokens: int) -> tuple[list[str], int]:
    [tokens] = await count_tokens([line])
    while tokens > budget_tokens and len(line) > _MIN_CHARS:
        cut = line[: int(len(line) * budget_tokens / tokens * _SHRINK)]
        # At a word, where there are any.
        line = cut.rpartition(" ")[0] if cut.count(" ") > 1 else cut
        [tokens] = await count_tokens([line])
    return ([line], tokens) if tokens <= budget_tokens and len(line) > _MIN_CHARS else ([], 0)
