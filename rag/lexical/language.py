"""Which language a text is in: by its script where that is enough, by a classifier where it has words enough."""

import re
from collections import Counter
from functools import cache
from importlib import import_module
from typing import Protocol

from rag.lexical.scripts import Script, script_of

SAMPLE_CHARS = 4000
# Below this many letters the classifier guesses.
LEAST_LETTERS = 24
LEAST_PROBABILITY = 0.8
# The share of kana and Hangul that tells Japanese and Korean from Chinese: names and quotations have less.
_TELLING_SHARE = 0.05

_CANDIDATES: dict[Script, tuple[str, ...]] = {
    "latin": (
        "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no", "nb", "nn", "fi", "pl", "cs", "sk", "hu", "ro",
        "tr", "ca", "eu", "et", "lt", "lv", "id", "ms", "vi", "hr", "sl", "ga", "la", "sq",
    ),
    "cyrillic": ("ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "mn"),
    "arabic": ("ar", "fa", "ur"),
    "devanagari": ("hi", "ne", "mr"),
    "hebrew": ("he",),
    "greek": ("el",),
    "armenian": ("hy",),
    "tamil": ("ta",),
    "unspaced": ("th", "lo", "km"),
}  # fmt: skip
_SPACE = re.compile(r"\s+")
_NOISE = re.compile(r"https?://\S+|\S+@\S+|[\d_`|#*<>{}\[\]=/\\]+")


class _Identifier(Protocol):
    def rank(self, text: str) -> list[tuple[str, float]]: ...


def detect(text: str) -> str:
    """Return the ISO 639-1 code of the language of `text`, or an empty string when it cannot be told.

    Cyrillic and Arabic too short to tell more count as Russian and Arabic; short Latin text stays unknown.
    """
    sample = _SPACE.sub(" ", _NOISE.sub(" ", text[:SAMPLE_CHARS]))
    scripts = Counter(script_of(character) for character in sample if character.isalpha())
    letters = scripts.total()
    if not letters:
        return ""
    if scripts["kana"] + scripts["hangul"] >= letters * _TELLING_SHARE:
        return "ja" if scripts["kana"] >= scripts["hangul"] else "ko"
    # A Han character says as much as a word of several letters.
    weighed = Counter({script: count * (3 if script == "han" else 1) for script, count in scripts.items()})
    [(script, _)] = weighed.most_common(1)
    if script == "han":
        return "zh"
    candidates = _CANDIDATES.get(script, ())
    if len(candidates) <= 1:
        return next(iter(candidates), "")
    return _classified(sample, scripts[script], candidates)


def _classified(sample: str, letters: int, candidates: tuple[str, ...]) -> str:
    cautious = "" if candidates[0] == "en" else candidates[0]
    if letters < LEAST_LETTERS:
        return cautious
    ranked = [(name, value) for name, value in _identifier().rank(sample) if name in candidates]
    if not ranked:
        return cautious
    total = sum(value for _, value in ranked)
    name, value = max(ranked, key=lambda pair: pair[1])
    return _merged(name) if total > 0 and value / total >= LEAST_PROBABILITY else cautious


def _merged(name: str) -> str:
    return "no" if name in ("nb", "nn") else name


@cache
def _identifier() -> _Identifier:
    """Load the classifier (70 MB) when it is first needed, never with the import."""
    module = import_module("py3langid.langid")
    identifier: _Identifier = module.LanguageIdentifier.from_model_file(module.MODEL_FILE, norm_probs=True)
    return identifier
