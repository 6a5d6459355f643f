"""Prompts of an exact number of tokens, made of words that are one token each; none shares a head with another."""

import asyncio
import random
from collections.abc import Sequence

import httpx

_CANDIDATES = [
    "time",
    "year",
    "people",
    "way",
    "day",
    "man",
    "thing",
    "woman",
    "life",
    "child",
    "world",
    "school",
    "state",
    "family",
    "student",
    "group",
    "country",
    "problem",
    "hand",
    "part",
    "place",
    "case",
    "week",
    "company",
    "system",
    "program",
    "question",
    "work",
    "government",
    "number",
    "night",
    "point",
    "home",
    "water",
    "room",
    "mother",
    "area",
    "money",
    "story",
    "fact",
    "month",
    "lot",
    "right",
    "study",
    "book",
    "eye",
    "job",
    "word",
    "business",
    "issue",
    "side",
    "kind",
    "head",
    "house",
    "service",
    "friend",
    "father",
    "power",
    "hour",
    "game",
    "line",
    "end",
    "member",
    "law",
    "car",
    "city",
    "community",
    "name",
    "president",
    "team",
    "minute",
    "idea",
    "body",
    "information",
    "back",
    "parent",
    "face",
    "others",
    "level",
    "office",
    "door",
    "health",
    "person",
    "art",
    "war",
    "history",
    "party",
    "result",
    "change",
    "morning",
    "reason",
    "research",
    "girl",
    "guy",
    "moment",
    "air",
    "teacher",
    "force",
    "education",
    "green",
    "river",
    "stone",
    "paper",
    "winter",
    "summer",
    "music",
    "garden",
    "letter",
    "market",
    "animal",
    "color",
    "forest",
    "island",
    "bridge",
    "village",
    "machine",
    "engine",
    "battery",
    "signal",
    "channel",
    "pattern",
    "surface",
    "measure",
    "weather",
    "bread",
    "butter",
    "silver",
    "copper",
    "iron",
    "glass",
    "cotton",
    "leather",
    "pencil",
    "mirror",
    "window",
    "ladder",
    "basket",
    "candle",
    "anchor",
]
# Fewer would make two prompts begin alike too often.
_ENOUGH = 64


class Prompts:
    """Draws prompts; the same seed gives the same ones."""

    def __init__(self, words: Sequence[str], seed: int) -> None:
        self._words = words
        self._random = random.Random(seed)  # noqa: S311  # a trace, not a secret

    def draw(self, tokens: int) -> str:
        """A prompt of `tokens` tokens, the first of which starts with a space."""
        return "".join(f" {word}" for word in self._random.choices(self._words, k=tokens))


async def single_token_words(client: httpx.AsyncClient, model: str) -> list[str]:
    """The candidates that the server's tokenizer makes one token of when a space precedes them."""
    limit = asyncio.Semaphore(8)

    async def count(text: str) -> int:
        async with limit:
            answer = await client.post("/tokenize", json={"model": model, "prompt": text})
        return int(answer.raise_for_status().json()["count"])

    counts = await asyncio.gather(*(count(f" {word} {word}") for word in _CANDIDATES))
    # Not 2: some tokenizers open every prompt with a token of their own.
    fewest = min(counts)
    words = [word for word, found in zip(_CANDIDATES, counts, strict=True) if found == fewest]
    if len(words) < _ENOUGH:
        raise RuntimeError(f"only {len(words)} of {len(_CANDIDATES)} words are one token of {model!r}: add words")
    return words
