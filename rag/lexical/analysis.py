"""From a text to the terms of full-text search: folded, cut into words and stemmed, by script and language.

Documents are analyzed in their language, queries in every language that the searched documents have. There are no
stop lists: BM25 gives a word that stands everywhere next to no weight, and a list would drop "The Who" and "to be".
"""

import re
import threading
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from itertools import chain
from typing import Protocol

from rag.lexical.scripts import RUN, script_of

MAX_TERM_CHARS = 80

# Letters, marks and digits, joined by what stands inside of names and numbers: a.b@c.org, 3.14, AB-1234, don't.
_WORD = re.compile(r"[^\W_]+(?:[\u0300-\u036f]|(?:[.@_\-/:+,'·]|_+)[^\W_]+|[^\W_]+)*")
_PART = re.compile(r"[^\W_]+")
_PART_OR_POSSESSIVE = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_DECIMAL = re.compile(r"\d+[.,]\d+")

_SNOWBALL = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "cs": "czech", "da": "danish", "nl": "dutch",
    "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish", "it": "italian",
    "lt": "lithuanian", "ne": "nepali", "no": "norwegian", "nb": "norwegian", "nn": "norwegian", "fa": "persian",
    "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "es": "spanish",
    "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
# The languages of each script: a Latin name in a Russian text is stemmed as English, not as Russian.
_OF_SCRIPT: dict[str, tuple[str, frozenset[str]]] = {
    "cyrillic": ("ru", frozenset({"ru", "sr"})),
    "greek": ("el", frozenset({"el"})),
    "arabic": ("ar", frozenset({"ar", "fa"})),
    "hebrew": ("", frozenset({"yi"})),
    "devanagari": ("hi", frozenset({"hi", "ne"})),
    "armenian": ("hy", frozenset({"hy"})),
    "tamil": ("ta", frozenset({"ta"})),
}
_NOT_LATIN = frozenset().union(*(known for _, known in _OF_SCRIPT.values())) - {"sr"} | {"", "zh", "ja", "ko"}
# Cyrillic without a Snowball stemmer: the rules of Russian would cut other endings.
_UNSTEMMED = frozenset({"uk", "be", "bg", "mk", "kk", "ky", "mn", "tg"})
_STEMMERS = threading.local()


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802  # PyStemmer's name


def analyze(text: str, language: str) -> list[str]:
    """Return the terms of `text` in order, each at most MAX_TERM_CHARS long.

    `language` is an ISO 639-1 code, or empty: then the script decides (Latin: English, Cyrillic: Russian).
    """
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    terms: list[str] = []
    for run in RUN.findall(folded):
        match script_of(run):
            case "han" | "kana":
                terms += _east_asian(run, language)
            case "unspaced":
                terms += _bigrams(run)
            case _:
                for word in _WORD.findall(run):
                    terms += _terms(word, language)
    return terms


@lru_cache(maxsize=20_000)
def _terms(word: str, language: str) -> tuple[str, ...]:
    """Return the terms of a word: a plain one is stemmed, a name with marks stays whole beside its parts."""
    if word.isalpha():
        return _bigrams(word) if script_of(word) == "hangul" else (_stemmed(word, language),)
    if _THOUSANDS.fullmatch(word):
        return (word.replace(",", "")[:MAX_TERM_CHARS],)
    if _DECIMAL.fullmatch(word):
        return (word[:MAX_TERM_CHARS],)
    # English stems take a possessive off themselves; in French and Italian an article ends here.
    parts = _PART_OR_POSSESSIVE.findall(word) if _latin_of(language) == "en" else _PART.findall(word)
    whole = (
        (word[:MAX_TERM_CHARS],)
        if len(parts) > 1 and ("@" in word or "_" in word or any(c.isdigit() for c in word))
        else ()
    )
    cut = (_bigrams(part) if script_of(part) == "hangul" else (_stemmed(part, language),) for part in parts)
    return whole + tuple(chain.from_iterable(cut))


def _stemmed(word: str, language: str) -> str:
    if any(c.isdigit() for c in word):
        return word[:MAX_TERM_CHARS]
    script = script_of(word)
    if script == "latin":
        chosen = _latin_of(language)
    elif script in _OF_SCRIPT:
        default, known = _OF_SCRIPT[script]
        chosen = language if language in known or (script == "cyrillic" and language in _UNSTEMMED) else default
    else:
        chosen = ""
    name = _SNOWBALL.get(chosen)
    return (_stemmer(name).stemWord(word) if name else word)[:MAX_TERM_CHARS]


def _latin_of(language: str) -> str:
    """Return the language of a Latin word in a text of `language`: a name in a Russian text is taken as English."""
    return "en" if language in _NOT_LATIN else language


def _stemmer(name: str) -> _Stemmer:
    # A stemmer keeps its state while it works: each thread has its own.
    known: dict[str, _Stemmer] | None = getattr(_STEMMERS, "known", None)
    if known is None:
        known = _STEMMERS.known = {}
    if name not in known:
        # Loaded with the first search or document: an idle process does without.
        known[name] = import_module("Stemmer").Stemmer(name)
    return known[name]


def _east_asian(run: str, language: str) -> Iterable[str]:
    """Cut Chinese by its dictionary (long words with the words inside them), Japanese into pairs of characters."""
    if language == "ja" or (language != "zh" and any(script_of(c) == "kana" for c in run)):
        return _bigrams(run)
    words: list[str] = import_module("rjieba").cut_for_search(run)
    return (word[:MAX_TERM_CHARS] for word in words)


def _bigrams(run: str) -> tuple[str, ...]:
    return tuple(run[start : start + 2] for start in range(len(run) - 1)) or (run,)
