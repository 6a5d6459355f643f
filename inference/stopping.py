"""Turns pieces of bytes into text: whole characters only, and nothing from a stop string on."""

import codecs
from collections.abc import Sequence


class StopFilter:
    """Incremental: text that may still become a stop string or a character is held back.

    Fed with any split of the same bytes, the concatenation of what it returns is the same.
    """

    def __init__(self, stops: Sequence[str] = ()) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self.is_stopped = False

    def push(self, piece: bytes) -> str:
        """Return the text that `piece` makes certain; once `is_stopped`, nothing more comes."""
        return self._take(self._decoder.decode(piece))

    def flush(self) -> str:
        """Return what was held back, at the end of the generation."""
        text = self._take(self._decoder.decode(b"", final=True))
        if self.is_stopped:
            return text
        held, self._held = self._held, ""
        return text + held

    def _take(self, text: str) -> str:
        if self.is_stopped:
            return ""
        self._held += text
        found = [position for stop in self._stops if (position := self._held.find(stop)) >= 0]
        if found:
            self.is_stopped = True
            sure, self._held = self._held[: min(found)], ""
            return sure
        keep = _held_length(self._held, self._stops)
        split = len(self._held) - keep
        sure, self._held = self._held[:split], self._held[split:]
        return sure


def _held_length(text: str, marks: Sequence[str]) -> int:
    """Return the length of the longest end of `text` that is a proper beginning of one of `marks`."""
    longest = max((len(mark) for mark in marks), default=0)
    for length in range(min(len(text), longest - 1), 0, -1):
        if any(mark.startswith(text[-length:]) for mark in marks if len(mark) > length):
            return length
    return 0
