"""WordPiece as BERT's own tokenizer does it.

llama.cpp's reading differs for scripts whose letters decompose (Korean) or carry spacing marks (Devanagari),
and other tokens mean other vectors than the model was trained for.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

_LONGEST_WORD = 100  # characters; BERT gives up on longer words
_RUN = re.compile(r"[^ \t\n\r]+")  # what BERT's cleaning can neither join nor separate from its neighbours
_LONGEST_RUN = 40  # characters; longer ones are hardly met again
_SPACE = "\u2581"
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class WordPiece:
    """Splits text into the pieces of one vocabulary, in which word starts carry a leading U+2581."""

    def __init__(self, vocabulary: Sequence[str], *, unknown: int, lowercase: bool) -> None:
        self._ids: Mapping[str, int] = {piece: number for number, piece in enumerate(vocabulary)}
        self._unknown = unknown
        self._lowercase = lowercase
        self._word = lru_cache(maxsize=16_384)(self._split_word)
        self._run = lru_cache(maxsize=16_384)(self._split_run)

    def tokenize(self, text: str, limit: int) -> list[int]:
        """Return at most `limit` tokens of `text`, without the special ones around it."""
        tokens: list[int] = []
        for found in _RUN.finditer(text):  # a generator: of a book, only its beginning is looked at
            run = found[0]
            tokens += self._run(run) if len(run) <= _LONGEST_RUN else self._split_long_run(run, limit - len(tokens))
            if len(tokens) >= limit:
                return tokens[:limit]
        return tokens

    def _split_run(self, run: str) -> tuple[int, ...]:
        return tuple(token for word in self._words(run) for token in self._word(word))

    def _split_long_run(self, run: str, limit: int) -> list[int]:
        """Return at least `limit` tokens of a run, or all: a window of it is mostly enough and spares the rest."""
        window = limit * 32
        tokens: list[int] = []
        if len(run) > window:
            for word in self._words(run[:window])[:-1]:  # the last word may go on behind the window
                tokens += self._word(word)
        if len(tokens) >= limit:
            return tokens
        return [token for word in self._words(run) for token in self._word(word)]

    def _words(self, text: str) -> list[str]:
        spaced = "".join(map(_spaced, text))
        if self._lowercase:
            decomposed = unicodedata.normalize("NFD", spaced)
            spaced = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
            spaced = "".join(c.lower() for c in spaced)
        return [part for word in spaced.split() for part in _split_punctuation(word)]

    def _split_word(self, word: str) -> tuple[int, ...]:
        """Take the longest known piece again and again; a word with an unknown rest is unknown as a whole."""
        if len(word) > _LONGEST_WORD:
            return (self._unknown,)
        pieces: list[int] = []
        start = 0
        while start < len(word):
            mark = _SPACE if start == 0 else ""
            for end in range(len(word), start, -1):
                number = self._ids.get(mark + word[start:end])
                if number is not None:
                    break
            else:
                return (self._unknown,)
            pieces.append(number)
            start = end
        return tuple(pieces)


@lru_cache(maxsize=8192)
def _spaced(char: str) -> str:
    """Return what stands for `char` in cleaned text: nothing for control characters, spaces around ideographs."""
    code = ord(char)
    if char in "\t\n\r " or unicodedata.category(char) == "Zs":
        return " "
    if code in {0, 0xFFFD} or unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs"}:
        return ""
    if any(first <= code <= last for first, last in _IDEOGRAPHS):
        return f" {char} "
    return char


@lru_cache(maxsize=8192)
def _is_punctuation(char: str) -> bool:
    is_ascii_symbol = char.isascii() and char.isprintable() and not char.isalnum() and char != " "
    return is_ascii_symbol or unicodedata.category(char).startswith("P")


def _split_punctuation(word: str) -> list[str]:
    parts: list[str] = []
    start = 0
    for position, char in enumerate(word):
        if _is_punctuation(char):
            parts.extend(part for part in (word[start:position], char) if part)
            start = position + 1
    if start < len(word):
        parts.append(word[start:])
    return parts
