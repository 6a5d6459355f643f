"""Free text that may open a tool call: the grammar is at work only inside the call."""

from collections.abc import Callable, Sequence

from inference.structured.constraint import GrammarConstraint
from inference.structured.vocabulary import Vocabulary
from inference.tool_parsing import Dialect


class OpeningConstraint:
    """One sequence whose model may call or not ("auto"). What it writes is free until the dialect's trigger."""

    def __init__(
        self, dialect: Dialect, vocabulary: Vocabulary, open_call: Callable[[], GrammarConstraint], *, most_calls: int
    ) -> None:
        self._dialect = dialect
        self._vocabulary = vocabulary
        self._open_call = open_call
        self._most_calls = most_calls
        self._trigger = dialect.trigger.encode()
        self._tail = b""  # the end of the free text, as long as a trigger may have begun in it
        self._has_text = False
        self._has_text_after = False  # behind the last call
        self._calls = 0
        self._call: GrammarConstraint | None = None

    def allows(self, token: int, remaining: int) -> bool:
        if self._call is not None:
            return self._call.allows(token, remaining)
        if token in self._vocabulary.ends:
            return True
        if self.is_complete or not self._vocabulary.is_text(token):
            return False
        inside = self._inside_after(token)
        return inside is None or self._opened(inside, remaining - 1) is not None

    def mask(self, remaining: int) -> bytes:
        if self._call is not None:
            return self._call.mask(remaining)
        ends = self._vocabulary.bits(sorted(self._vocabulary.ends))
        if self.is_complete:
            return ends.tobytes()
        refused = [
            token
            for token in self._vocabulary.completing(self._trigger, self._tail)
            if not self.allows(token, remaining)
        ]
        return ((self._vocabulary.text_bits & ~self._vocabulary.bits(refused)) | ends).tobytes()

    def accept(self, tokens: Sequence[int]) -> None:
        for token in tokens:
            if token in self._vocabulary.ends:
                return
            if self._call is not None:
                self._call.accept((token,))
                self._close_when_complete()
                continue
            inside = self._inside_after(token)
            if inside is None:
                self._note(self._vocabulary.pieces[token])
                continue
            self._call = self._opened(inside, None)
            if self._call is None:
                raise ValueError(f"Token {token} does not fit the grammar: ask allows() before.")
            self._calls += 1
            self._tail, self._has_text, self._has_text_after = b"", True, False
            self._close_when_complete()

    def forced(self, limit: int, remaining: int) -> list[int]:
        return [] if self._call is None else self._call.forced(limit, remaining)

    def admissible(self, draft: Sequence[int], remaining: int) -> int:
        if self._call is not None:
            return self._call.admissible(draft, remaining)
        if self.is_complete:
            return 0
        tail = self._tail
        for i, token in enumerate(draft):  # guesses end where a call may open
            if not self._vocabulary.is_text(token):
                return i
            tail += self._vocabulary.pieces[token]
            if self._trigger in tail:
                return i
            tail = tail[-len(self._trigger) :]
        return len(draft)

    @property
    def is_complete(self) -> bool:
        if self._call is not None:
            return self._call.is_complete
        return self._calls >= self._most_calls or (self._calls > 0 and not self._dialect.text_after)

    @property
    def is_whole(self) -> bool:
        if self._call is not None:
            return self._call.is_whole
        return self._calls > 0 and not self._has_text_after

    def _close_when_complete(self) -> None:
        """Behind a closed call there is free text again, where the dialect has it and more calls are wanted."""
        if self._call is not None and self._call.is_complete and self._dialect.text_after:
            self._call = None

    def _inside_after(self, token: int) -> bytes | None:
        """Return what `token` would have written of a call, or None when no call opens with it."""
        if self._dialect.only_first and self._has_text:
            return None
        text = self._tail + self._vocabulary.pieces[token]
        at = text.find(self._trigger)
        if at < 0 or (self._dialect.only_first and not self._is_blank(text[:at])):
            return None
        return text[at + self._dialect.inside :]

    def _note(self, piece: bytes) -> None:
        self._has_text_after = self._has_text_after or bool(piece.strip())
        text = self._tail + piece
        if self._dialect.only_first:
            begun = self._without_markers(text).lstrip()
            self._has_text = not self._trigger.startswith(begun)
        self._tail = text[-(len(self._trigger) - 1) :]

    def _is_blank(self, text: bytes) -> bool:
        return not self._without_markers(text).strip()

    def _without_markers(self, text: bytes) -> bytes:
        for marker in self._dialect.markers:
            text = text.replace(marker.encode(), b"")
        return text

    def _opened(self, inside: bytes, remaining: int | None) -> GrammarConstraint | None:
        """Return the grammar after `inside`, or None when it does not fit or cannot be closed."""
        call = self._open_call()
        for part in self._vocabulary.split(inside):
            if not call.allows(part, 2**31):
                return None
            call.accept((part,))
        return call if remaining is None or call.shortest <= remaining else None
