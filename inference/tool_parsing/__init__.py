"""Splits generated text into what is shown and the tool calls in it, while it is being generated."""

import json
import uuid
from dataclasses import dataclass
from typing import Protocol

from inference.tool_parsing.dialects import DIALECTS, FENCED, HERMES, LLAMA3, MISTRAL, Dialect, detect
from inference.types import ToolCall

HERMES_OPEN, HERMES_CLOSE = "<tool_call>", "</tool_call>"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became certain: visible text first, then calls."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()


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


class HermesParser:
    """`<tool_call>{"name": …, "arguments": {…}}</tool_call>`, as Hermes and Qwen models write it.

    What is no valid call is text, tags included: nothing that a model wrote is lost. White space around calls is.
    """

    def __init__(self, *, is_open: bool = False) -> None:
        """`is_open`: the prompt ends with the opening tag, so the generated text starts inside a call."""
        self._buffer = HERMES_OPEN if is_open else ""
        self._called = False

    def push(self, text: str) -> Parsed:
        self._buffer += text
        shown: list[str] = []
        calls: list[ToolCall] = []
        while self._advance(shown, calls):
            pass
        return Parsed("".join(shown), tuple(calls))

    def finish(self) -> Parsed:
        rest, self._buffer = self._buffer, ""
        if rest.startswith(HERMES_OPEN):
            call = parse_call(rest.removeprefix(HERMES_OPEN))
            if call is not None:
                return Parsed(calls=(call,))
        return Parsed("" if self._called and not rest.strip() else rest)

    def _advance(self, shown: list[str], calls: list[ToolCall]) -> bool:
        """Consume one thing from the buffer; False when more text is needed."""
        if not self._buffer.startswith(HERMES_OPEN):
            return self._take_text(shown)
        end = self._buffer.find(HERMES_CLOSE)
        if end < 0:
            return False
        whole, self._buffer = self._buffer[: end + len(HERMES_CLOSE)], self._buffer[end + len(HERMES_CLOSE) :]
        call = parse_call(whole[len(HERMES_OPEN) : -len(HERMES_CLOSE)])
        if call is None:
            shown.append(whole)
            self._called = False
        else:
            calls.append(call)
            self._called = True
        return bool(self._buffer)

    def _take_text(self, shown: list[str]) -> bool:
        start = self._buffer.find(HERMES_OPEN)
        if start >= 0:
            shown.append(self._buffer[:start].rstrip() if self._buffer[:start].strip() else "")
            self._buffer = self._buffer[start:]
            return True
        keep = _started_tag_length(self._buffer)
        body = self._buffer[: len(self._buffer) - keep]
        # White space is held back with the tag: it belongs to the call if one follows.
        sure = body.rstrip()
        if self._called:
            sure = sure.lstrip()
        shown.append(sure)
        if sure:
            self._called = False
            self._buffer = self._buffer[self._buffer.index(sure) + len(sure) :]
        return False


def _started_tag_length(text: str) -> int:
    """Return the length of the longest end of `text` that may become an opening tag."""
    longest = min(len(text), len(HERMES_OPEN) - 1)
    return next((length for length in range(longest, 0, -1) if text.endswith(HERMES_OPEN[:length])), 0)


def parse_call(text: str) -> ToolCall | None:
    """Read one call from JSON, or return None when it is not one."""
    try:
        loaded = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(loaded, dict) or not isinstance(loaded.get("name"), str) or not loaded["name"]:
        return None
    arguments = loaded.get("arguments", loaded.get("parameters", {}))
    if isinstance(arguments, str):
        written = arguments
    elif isinstance(arguments, dict):
        written = json.dumps(arguments, ensure_ascii=False)
    else:
        return None
    return ToolCall(id=f"call_{uuid.uuid4().hex[:24]}", name=loaded["name"], arguments=written)
