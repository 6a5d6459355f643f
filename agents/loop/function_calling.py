"""Function calling: the model has a format of its own for calls, and the engine parses it."""

import json
import re
from collections.abc import Sequence

from agents.loop.json_text import cleaned, json_object
from agents.loop.strategy import Answer, Calls, CallWish, Entry, Malformed, Outcome, Step
from inference.types import Delta, Message, ToolCall, ToolSpec

EMPTY_COMPLAINT = "Your reply was empty. Answer the question, or call a tool."
_AROUND_CALL = re.compile(r"^\s*(?:```\w*|<tool_call>)|(?:```|</tool_call>)\s*$")
LAST_TURN = "You have no tool calls left. Answer now with what you know."


class FunctionCallingReader:
    """Shows text as it comes: whether a call follows is known only at the end."""

    is_done = False

    def __init__(self, shown: str, known: frozenset[str] = frozenset()) -> None:
        self._text = [shown]
        self._known = known
        self._ids: dict[int, str] = {}
        self._names: dict[int, str] = {}
        self._arguments: dict[int, list[str]] = {}

    def feed(self, delta: Delta) -> str:
        for piece in delta.tool_calls:
            self._ids[piece.index] = piece.id or self._ids.get(piece.index, "")
            self._names[piece.index] = piece.name or self._names.get(piece.index, "")
            self._arguments.setdefault(piece.index, []).append(piece.arguments)
        self._text.append(delta.text)
        return delta.text

    def outcome(self) -> Outcome:
        text = "".join(self._text)
        if self._arguments:
            return Calls(text, tuple(self._wish(index) for index in sorted(self._arguments)))
        if wish := self._written_call(text):
            return Calls("", (wish,))
        return Answer(text) if text.strip() else Malformed(text, EMPTY_COMPLAINT)

    def _wish(self, index: int) -> CallWish:
        raw = "".join(self._arguments[index])
        return CallWish(cleaned(self._ids[index]), cleaned(self._names[index]), json_object(raw or "{}"), raw)

    def _written_call(self, text: str) -> CallWish | None:
        """Return the call that a small model wrote, `{"name": …, "arguments": {…}}`, instead of making it."""
        bare = _AROUND_CALL.sub("", text).strip()
        found = json_object(bare) if bare.startswith("{") else None
        name = found.get("name") if found else None
        if found is None or not isinstance(name, str) or name not in self._known:
            return None
        arguments = found.get("arguments", found.get("parameters"))
        if not isinstance(arguments, dict) or len(found) > 2:  # a name and its arguments, and nothing else
            return None
        return CallWish("", name, arguments, bare)


class FunctionCalling:
    """The strategy."""

    stop: tuple[str, ...] = ()

    def addition(self, tools: Sequence[ToolSpec]) -> str:
        return ""

    def offered(self, tools: Sequence[ToolSpec], *, last: bool) -> tuple[ToolSpec, ...]:
        return () if last else tuple(tools)

    def tail(self, entries: Sequence[Entry], *, last: bool) -> tuple[Message, ...]:
        messages: list[Message] = []
        for entry in entries:
            match entry:
                case Step(calls=calls):
                    made = tuple(
                        ToolCall(call.call_id, call.name, json.dumps(call.arguments, ensure_ascii=False))
                        for call, _ in calls
                    )
                    messages.append(Message("assistant", entry.thought, tool_calls=made))
                    messages += [Message("tool", result.output, tool_call_id=result.call_id) for _, result in calls]
                case Malformed(text=text, complaint=complaint):
                    messages += [Message("assistant", text)] if text.strip() else []
                    messages.append(Message("user", complaint))
        if last and entries:
            messages.append(Message("user", LAST_TURN))
        return tuple(messages)

    def prefix(self, shown: str) -> str:
        return shown

    def reader(self, tools: Sequence[ToolSpec], *, last: bool, shown: str = "") -> FunctionCallingReader:
        return FunctionCallingReader(shown, frozenset() if last else frozenset(tool.name for tool in tools))
