"""A model's vocabulary as grammars see it: the bytes of every token, and how few tokens a text needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from llguidance import LLTokenizer
from numpy.typing import NDArray

_MAX_KNOWN = 20_000  # texts whose shortest split is remembered
_SIGNS = frozenset(b'{}[],:"\n<')  # bytes with which pieces of a JSON text begin, letters and digits apart
_SPECIAL = b"\xff"  # how llguidance marks a token that is never text

Bits = NDArray[np.uint8]


@dataclass(frozen=True)
class Vocabulary:
    """What a model's tokens are.

    `pieces`: the bytes of every token, control tokens included · `ends`: tokens that end a generation
    `control`: tokens that are never part of an answer's text · `tokenize`: the model's own way from text to tokens
    """

    pieces: Sequence[bytes]
    ends: frozenset[int]
    control: frozenset[int]
    tokenize: Callable[[str], Sequence[int]]
    _known: dict[bytes, tuple[int, ...]] = field(default_factory=dict, repr=False, compare=False)
    _completing: dict[bytes, list[list[int]]] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.ends:
            raise ValueError("A vocabulary needs a token that ends the generation.")

    @cached_property
    def tokenizer(self) -> LLTokenizer:
        """llguidance's view of the vocabulary; takes some tenths of a second to make."""
        return LLTokenizer(_Wrapper(self), eos_token=sorted(self.ends))  # type: ignore[arg-type]  # duck-typed in C

    @cached_property
    def inner(self) -> Bits:
        """Bitmap of the tokens that are whole characters which a JSON string may hold as they are."""
        return self.bits([token for token, piece in enumerate(self.pieces) if self.is_text(token) and _is_inner(piece)])

    def prepare(self) -> None:
        """Make what takes tenths of a second now, and not in the first step that needs it."""
        assert self.tokenizer and len(self.inner) and self._by_signs

    @property
    def mask_bytes(self) -> int:
        return 4 * ((len(self.pieces) + 31) // 32)

    @property
    def most_signs(self) -> int:
        return len(self._by_signs) - 1

    def with_signs(self, most: int) -> Bits:
        """Return the bitmap of the tokens with at most so many structural characters."""
        return self._by_signs[min(most, self.most_signs)]

    @cached_property
    def _by_signs(self) -> list[Bits]:
        counts = np.array([sum(byte in _SIGNS for byte in piece) for piece in self.pieces])
        return [self.bits(np.flatnonzero(counts <= most).tolist()) for most in range(int(counts.max()) + 1)]

    @cached_property
    def text_bits(self) -> Bits:
        """Bitmap of the tokens that may be part of a text."""
        return self.bits([token for token, piece in enumerate(self.pieces) if piece and self.is_text(token)])

    def completing(self, trigger: bytes, before: bytes) -> list[int]:
        """Return the tokens that complete `trigger` when they follow `before`."""
        known = self._completing.get(trigger)
        if known is None:
            known = self._completing[trigger] = self._by_begun(trigger)
        return [token for begun, tokens in enumerate(known) if before.endswith(trigger[:begun]) for token in tokens]

    def _by_begun(self, trigger: bytes) -> list[list[int]]:
        """Return, for every number of the trigger's bytes that stand already, the tokens that write the rest."""
        pieces = [(token, piece) for token, piece in enumerate(self.pieces) if self.is_text(token)]
        whole = [token for token, piece in pieces if trigger in piece]
        return [whole] + [
            [token for token, piece in pieces if piece.startswith(trigger[begun:])] for begun in range(1, len(trigger))
        ]

    def bits(self, tokens: Sequence[int]) -> Bits:
        """Return the bitmap of `tokens`: one bit each, in little-endian 32-bit words."""
        chosen = np.zeros(32 * ((len(self.pieces) + 31) // 32), np.uint8)
        chosen[list(tokens)] = 1
        return np.packbits(chosen, bitorder="little")

    def is_text(self, token: int) -> bool:
        return 0 <= token < len(self.pieces) and token not in self.control and token not in self.ends

    def split(self, text: bytes) -> tuple[int, ...]:
        """Return the fewest tokens that write `text`. Raises ValueError when the vocabulary cannot write it."""
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            known = self._known[text] = self._fewest(text)
        return known

    def _fewest(self, text: bytes) -> tuple[int, ...]:
        ids, longest = self._ids
        best: list[tuple[int, int]] = [(0, -1)]  # tokens needed for text[:end], the last of them
        for end in range(1, len(text) + 1):
            found = (len(text) + 1, -1)
            for start in range(max(0, end - longest), end):
                token = ids.get(text[start:end])
                if token is not None and best[start][0] + 1 < found[0]:
                    found = (best[start][0] + 1, token)
            best.append(found)
        tokens: list[int] = []
        end = len(text)
        while end:
            token = best[end][1]
            if token < 0:
                raise ValueError(f"the vocabulary cannot write {text[:40]!r}")
            tokens.append(token)
            end -= len(self.pieces[token])
        return tuple(reversed(tokens))

    @cached_property
    def _ids(self) -> tuple[dict[bytes, int], int]:
        ids: dict[bytes, int] = {}
        for token, piece in enumerate(self.pieces):
            if piece and self.is_text(token):
                ids.setdefault(piece, token)
        return ids, min(32, max(map(len, ids), default=1))


def _is_inner(piece: bytes) -> bool:
    try:
        text = piece.decode()
    except UnicodeDecodeError:
        return False
    return bool(text) and not any(character < " " or character in '"\\\x7f' for character in text)


class _Wrapper:
    """What llguidance asks of a tokenizer."""

    is_tokenizer_wrapper = True
    bos_token_id = None

    def __init__(self, vocabulary: Vocabulary) -> None:
        never = vocabulary.control | vocabulary.ends
        self.eos_token_id = min(vocabulary.ends)
        self.special_token_ids = sorted(never)
        self.tokens = [
            _SPECIAL + (piece or b"<end>") if token in never else piece for token, piece in enumerate(vocabulary.pieces)
        ]
        self._tokenize = vocabulary.tokenize

    def __call__(self, text: str | bytes) -> list[int]:
        return list(self._tokenize(text if isinstance(text, str) else text.decode("utf-8", "replace")))
