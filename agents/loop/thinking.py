"""Separates what a model thinks, `<think>…</think>` before its answer, from the answer, while it streams."""

from dataclasses import dataclass

OPEN, CLOSE = "<think>", "</think>"


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of a piece of text. `restarts`: all text before it was reasoning as well."""

    text: str = ""
    reasoning: str = ""
    restarts: bool = False


class ThinkSplitter:
    """Reads a reply piece by piece; the parts are the same however it is cut.

    Only what precedes the answer is reasoning: an answer may speak of `<think>`. A template may have opened the
    reasoning in the prompt, so that the reply has its end alone: then everything before that was reasoning.
    """

    def __init__(self, shown: str = "") -> None:
        self._held = ""  # may be the beginning of a mark
        self._state = "before"  # before → thinking → between → answering
        self._was_opened = False
        self._said = ""
        if shown.strip():
            self._state, self._was_opened = "answering", True

    def feed(self, piece: str) -> Split:
        """Return what of the reply can be told apart by now."""
        self._held += piece
        done = Split()
        while part := self._step():
            done = _joined(done, part)
        return done

    def rest(self) -> Split:
        """Return what was held back, once the reply has ended."""
        held, self._held = self._held, ""
        match self._state:
            case "thinking":
                return Split(reasoning=held)
            case "between":
                return Split()
            case _:
                return Split(text=held)

    def _step(self) -> Split | None:
        """Decide on a part of what is held; None when more is needed for that."""
        if self._state == "thinking":
            return self._until(CLOSE)
        if self._state in ("before", "between"):
            return self._before()
        if self._was_opened:
            held, self._held = self._held, ""
            return Split(text=held) if held else None
        return self._answering()

    def _before(self) -> Split | None:
        stripped = self._held.lstrip()
        if not stripped:
            return None
        if stripped.startswith(OPEN):
            self._held, self._state, self._was_opened = stripped[len(OPEN) :], "thinking", True
            return Split()
        if OPEN.startswith(stripped):
            return None
        # Space before an answer is the answer's own, unless reasoning came before it.
        self._held = stripped if self._state == "between" else self._held
        self._state = "answering"
        return Split()

    def _until(self, mark: str) -> Split | None:
        found = self._held.find(mark)
        if found >= 0:
            inside, self._held = self._held[:found], self._held[found + len(mark) :]
            self._state = "between"
            return Split(reasoning=inside)
        safe = len(self._held) - _overlap(self._held, mark)
        inside, self._held = self._held[:safe], self._held[safe:]
        return Split(reasoning=inside) if inside else None

    def _answering(self) -> Split | None:
        """Show text, and take it back when it turns out to have been reasoning that the prompt had opened."""
        found = self._held.find(CLOSE)
        if found >= 0:
            thought = self._said + self._held[:found]
            if OPEN in thought:  # an answer that speaks of the marks
                self._was_opened = True
                return Split()
            self._held, self._said = self._held[found + len(CLOSE) :], ""
            self._state, self._was_opened = "between", True
            return Split(reasoning=thought, restarts=True)
        safe = len(self._held) - _overlap(self._held, CLOSE)
        text, self._held = self._held[:safe], self._held[safe:]
        self._said += text
        return Split(text=text) if text else None


def _overlap(text: str, mark: str) -> int:
    """Return how long the end of `text` is that may be the beginning of `mark`."""
    return next((size for size in range(min(len(mark) - 1, len(text)), 0, -1) if text.endswith(mark[:size])), 0)


def _joined(first: Split, then: Split) -> Split:
    if then.restarts:
        # What was thought by then includes all text so far.
        return Split(then.text, first.reasoning + then.reasoning, restarts=True)
    return Split(first.text + then.text, first.reasoning + then.reasoning, first.restarts)
