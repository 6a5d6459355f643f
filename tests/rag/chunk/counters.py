"""Tokenizers for tests, and a counter of their calls."""

import re
from collections.abc import Sequence

from rag.ports import CountTokens


async def count_words(texts: Sequence[str]) -> list[int]:
    """A tokenizer with two special tokens and long words in several pieces."""
    return [2 + len(re.findall(r"\w{1,4}|[^\w\s]", text)) for text in texts]


async def count_bytes(texts: Sequence[str]) -> list[int]:
    """The most tokens that a byte-level tokenizer can make."""
    return [len(text.encode()) for text in texts]


async def count_unevenly(texts: Sequence[str]) -> list[int]:
    """A whole has more tokens than its parts: the worst case for a packer that adds up."""
    return [len(text) // 5 + (len(text) // 150) * 30 for text in texts]


COUNTERS: tuple[CountTokens, ...] = (count_words, count_bytes, count_unevenly)


class Calls:
    """Counts like `count_words` and remembers how much it was asked at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.chars = 0

    async def __call__(self, texts: Sequence[str]) -> list[int]:
        self.sizes.append(len(texts))
        self.chars += sum(map(len, texts))
        return await count_words(texts)
