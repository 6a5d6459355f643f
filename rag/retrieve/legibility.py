"""How well an embedding model reads a query, by what its tokenizer makes of it.

A model that never saw a language has no pieces for it: words fall apart into letters, or become the token for what is
unknown. Then its vectors say next to nothing, whatever their similarity.
"""

from collections.abc import Sequence

from rag.lexical.scripts import script_of
from rag.ports import TokenReader

# A hieroglyph and a letter of Ugarit: what a tokenizer makes of them is what it makes of the unknown. (Signs for
# private use would not do: some tokenizers leave them out, as they do control characters.)
_UNKNOWN_PROBE = "\U00013000 \U00010380"
# Tokens per letter: a language that a tokenizer was made for has 0.2–0.35 (alphabets) or up to 1 (Chinese characters),
# one that it never saw 0.7 and more, 1.5 and more.
_FLUENT_PER_LETTER = 0.5
_SHATTERED_PER_LETTER = 0.75
_FLUENT_PER_CHARACTER = 1.25
_SHATTERED_PER_CHARACTER = 1.75
_MOST_UNKNOWN = 0.1

_UNKNOWN: dict[str, set[int]] = {}
"""What stands for the unknown, by model: it never changes."""


async def legibility_of(query: str, model: str, reader: TokenReader) -> float:
    """Return 0 (the model cannot read this) to 1 (it reads it like its own language, or does not show its tokens)."""
    unknown = _UNKNOWN.get(model)
    if unknown is None:
        unknown = _UNKNOWN[model] = set(await reader.tokens(_UNKNOWN_PROBE)) - set(await reader.tokens("a"))
    return legibility(query, await reader.tokens(query), unknown)


def legibility(query: str, tokens: Sequence[int], unknown: set[int]) -> float:
    """Return the same for tokens that are known already; `unknown` are those that stand for what has none."""
    letters = [character for character in query if character.isalpha()]
    if not letters or not tokens:
        return 1.0
    wide = sum(script_of(character) in ("han", "kana", "hangul") for character in letters)
    share = wide / len(letters)
    fluent = share * _FLUENT_PER_CHARACTER + (1 - share) * _FLUENT_PER_LETTER
    shattered = share * _SHATTERED_PER_CHARACTER + (1 - share) * _SHATTERED_PER_LETTER
    per_letter = len(tokens) / len(letters)
    known = min(max((shattered - per_letter) / (shattered - fluent), 0.0), 1.0)
    missing = sum(token in unknown for token in tokens) / len(tokens)
    return known * max(1 - missing / _MOST_UNKNOWN, 0.0)
