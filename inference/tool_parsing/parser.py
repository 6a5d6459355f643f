"""Reads calls of any dialect out of text that comes in pieces, and passes their arguments on as they arrive."""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from inference.tool_parsing.calls import JsonScanner, may_be_call, new_id, parse_call, read_head
from inference.tool_parsing.dialects import HERMES, Dialect
from inference.types import ToolCallDelta


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became certain: visible text first, then pieces of calls."""

    text: str = ""
    calls: tuple[ToolCallDelta, ...] = ()


class ToolParser(Protocol):
    """One dialect in which models write calls. Pure and incremental."""

    def push(self, text: str) -> Parsed:
        """Take the next piece of generated text."""
        ...

    def finish(self) -> Parsed:
        """Return what was held back, at the end of the generation."""
        ...


class PlainParser:
    """The dialect of models that were given no tools: everything is text."""

    def push(self, text: str) -> Parsed:
        return Parsed(text)

    def finish(self) -> Parsed:
        return Parsed()


class _State(Enum):
    TEXT = auto()  # outside calls
    HEAD = auto()  # after what opens a call, until its arguments begin
    ARGUMENTS = auto()
    TAIL = auto()  # after the arguments, until the call's object ends
    BETWEEN = auto()  # after a call: another one, what closes calls, or text


@dataclass(slots=True)
class _Found:
    text: list[str] = field(default_factory=list)
    calls: list[ToolCallDelta] = field(default_factory=list)

    def parsed(self) -> Parsed:
        return Parsed("".join(self.text), tuple(self.calls))


class CallParser:
    """Reads the calls of one dialect. What is no call in the end is text: nothing that a model wrote is lost.

    White space around calls is. Buffer: what was not passed on yet; `_opened`: what opened a call that is not sure yet.
    """

    def __init__(self, dialect: Dialect, *, is_open: bool = False) -> None:
        """`is_open`: the prompt ends with what opens a call, so the generated text starts inside one."""
        self._dialect = dialect
        self._opening = dialect.trigger[: dialect.inside].strip()
        self._closing = dialect.close.strip()
        self._is_list = dialect.lead.startswith("[")
        self._buffer = ""
        self._opened = ""
        self._state = _State.HEAD if is_open and self._opening else _State.TEXT
        self._bracket_is_due = self._is_list and not is_open
        self._follows_call = False
        self._has_text = False
        self._index = -1
        self._scanner = JsonScanner()
        self._steps = {
            _State.TEXT: self._text_first if dialect.only_first else self._text,
            _State.HEAD: self._head,
            _State.ARGUMENTS: self._arguments,
            _State.TAIL: self._tail,
            _State.BETWEEN: self._between,
        }

    def push(self, text: str) -> Parsed:
        self._buffer += text
        found = _Found()
        while self._steps[self._state](found):
            pass
        return found.parsed()

    def finish(self) -> Parsed:
        found = _Found()
        rest, self._buffer = self._buffer, ""
        if self._state is _State.HEAD:
            call = parse_call(rest)
            if call is not None:
                self._begin(call.name, call.arguments, found)
                return found.parsed()
            rest = self._opened + rest
        elif self._state is not _State.TEXT and not rest.strip("} \t\r\n"):
            rest = ""
        if rest.strip() or not self._follows_call:
            found.text.append(rest)
        return found.parsed()

    def _text(self, found: _Found) -> bool:
        at = self._buffer.find(self._opening)
        if at >= 0:
            before = self._buffer[:at]
            shown = before.rstrip()
            self._show(shown, found)
            self._opened = before[len(shown) :] + self._opening if shown or not self._follows_call else self._opening
            self._buffer = self._buffer[at + len(self._opening) :]
            self._state, self._bracket_is_due = _State.HEAD, self._is_list
            return True
        keep = _begun(self._buffer, self._opening)
        # White space is held back with the tag: it belongs to the call if one follows.
        sure = self._buffer[: len(self._buffer) - keep].rstrip()
        if sure:
            self._buffer = self._buffer[len(sure) :]
            self._show(sure, found)
        return False

    def _text_first(self, found: _Found) -> bool:
        """Calls open only where an answer begins; later everything is text."""
        marker = self._dialect.markers[0]
        body = self._buffer.lstrip()
        if self._has_text or self._follows_call:
            self._show(self._buffer, found)
            self._buffer = ""
            return False
        if body.startswith(marker):
            body = body.removeprefix(marker).lstrip()
        if not body or marker.startswith(body):
            return False
        if not body.startswith("{"):
            self._has_text = True
            return True
        self._opened = self._buffer[: len(self._buffer) - len(body)]
        self._buffer = body
        self._state = _State.HEAD
        return True

    def _head(self, found: _Found) -> bool:
        body = self._buffer.lstrip()
        if self._bracket_is_due and body:
            if not body.startswith("["):
                return self._give_up(found)
            body = body[1:].lstrip()
        head = read_head(body)
        if head is not None:
            self._begin(head[0], "", found)
            self._buffer, self._state, self._scanner = body[head[1] :], _State.ARGUMENTS, JsonScanner()
            return True
        if not may_be_call(body):
            return self._give_up(found)
        end = JsonScanner().feed(body)
        if end < 0:
            return self._give_up(found) if self._closing and self._closing in body else False
        call = parse_call(body[:end])
        if call is None:
            return self._give_up(found)
        self._begin(call.name, call.arguments, found)
        self._buffer, self._state = body[end:], _State.BETWEEN
        return True

    def _arguments(self, found: _Found) -> bool:
        end = self._scanner.feed(self._buffer)
        piece = self._buffer if end < 0 else self._buffer[:end]
        if piece:
            self._pass_on(piece, found)
        self._buffer = self._buffer[len(piece) :]
        if end < 0:
            return False
        self._state, self._scanner = _State.TAIL, JsonScanner(depth=1)
        return True

    def _tail(self, found: _Found) -> bool:
        body = self._buffer.lstrip()
        if not body:
            return False
        if body[0] not in ",}":  # the closing brace is missing: the call stands all the same
            self._state = _State.BETWEEN
            return True
        end = JsonScanner(depth=1).feed(body)
        if end < 0:
            return False
        self._buffer, self._state = body[end:], _State.BETWEEN
        return True

    def _between(self, found: _Found) -> bool:
        body = self._buffer.lstrip()
        if not body:
            return False
        separator = self._dialect.between.strip()
        if body.startswith(separator) and len(separator) == 1:
            self._opened, self._buffer = separator, body[1:]
            self._state, self._bracket_is_due = _State.HEAD, False
            return True
        if self._closing and body.startswith(self._closing):
            self._buffer = body[len(self._closing) :]
        elif self._closing.startswith(body):
            return False
        self._state = _State.TEXT
        return True

    def _begin(self, name: str, arguments: str, found: _Found) -> None:
        self._index += 1
        self._follows_call = True
        found.calls.append(ToolCallDelta(self._index, new_id(), name, arguments))

    def _pass_on(self, piece: str, found: _Found) -> None:
        last = found.calls[-1] if found.calls else None
        if last is not None and last.index == self._index:
            found.calls[-1] = ToolCallDelta(last.index, last.id, last.name, last.arguments + piece)
        else:
            found.calls.append(ToolCallDelta(self._index, arguments=piece))

    def _give_up(self, found: _Found) -> bool:
        """What was opened is no call: it is text, and so is what follows until something else opens one."""
        self._follows_call = self._follows_call and not self._opened.strip()
        found.text.append(self._opened)
        self._has_text = True
        self._opened, self._state = "", _State.TEXT
        return True

    def _show(self, text: str, found: _Found) -> None:
        shown = text.lstrip() if self._follows_call else text
        if shown:
            self._follows_call, self._has_text = False, True
            found.text.append(shown)


class HermesParser(CallParser):
    """The dialect of Hermes and Qwen, and of every model whose template knows no tools."""

    def __init__(self, *, is_open: bool = False) -> None:
        super().__init__(HERMES, is_open=is_open)


def _begun(text: str, opening: str) -> int:
    """Return the length of the longest end of `text` that may become `opening`."""
    longest = min(len(text), len(opening) - 1)
    return next((length for length in range(longest, 0, -1) if text.endswith(opening[:length])), 0)
