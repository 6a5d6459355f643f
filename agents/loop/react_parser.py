"""Reads a ReAct turn while it streams: pure, and the same however the text is cut into pieces."""

import json
import re
from collections.abc import Sequence

from agents.loop.json_text import check_storable
from agents.loop.strategy import Answer, Calls, CallWish, Malformed, Outcome
from agents.types import JsonObject, JsonValue
from inference.types import Delta, ToolSpec

_MARKER = re.compile(r"^[ \t]*(Thought|Action Input|Action|Observation|Final Answer)[ \t]*:", re.I | re.M)
_FENCE = re.compile(r"^```\w*\s*|\s*```$")
_CALL = re.compile(r"^([\w.-]+)\s*[(\[](.*)[)\]]$", re.S)
MAX_NAME_CHARS = 200
COMPLAINT = (
    "That is not the format. Write either 'Action: <tool name>' and on the next line 'Action Input: <JSON object>', "
    "or 'Final Answer: <the answer>'."
)


class ReActReader:
    """Shows only what follows `Final Answer:`, and is done where the model begins to invent an observation.

    A call that is complete wins over whatever the model writes after it: an answer there is made up.
    """

    def __init__(self, tools: Sequence[ToolSpec], *, last: bool, shown: str = "") -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._last = last
        self._raw = ""  # [0, scanned) has been split into sections · [scanned, end) may still begin a marker
        self._scanned = 0
        self._section = "thought"
        self._sections: dict[str, str] = {}
        self._answer: list[str] | None = [shown] if shown else None
        self.is_done = False

    def feed(self, delta: Delta) -> str:
        return "" if self.is_done else self.feed_text(delta.text)

    def feed_text(self, text: str) -> str:
        """Take text; return what of it belongs to the final answer."""
        if self._answer is not None:
            return self._answered(text)
        self._raw += text
        while match := _MARKER.search(self._raw, self._scanned):
            self._sections[self._section] = self._current() + self._raw[self._scanned : match.start()]
            if self._enter(match[1].lower()):
                rest = self._raw[match.end() :]
                self._raw = self._raw[: match.end()]
                return "" if self.is_done else self._answered(rest)
            self._scanned = match.end()
        # A marker begins at a line's start: everything before the last line is decided.
        line = self._raw.rfind("\n", self._scanned) + 1
        if line > self._scanned:
            self._sections[self._section] = self._current() + self._raw[self._scanned : line]
            self._scanned = line
        return ""

    def _current(self) -> str:
        return self._sections.get(self._section, "")

    def _enter(self, marker: str) -> bool:
        """Begin a section; return whether the markers are over: the turn is done, or the answer begins."""
        has_call = bool(self._sections.get("action", "").strip()) and "action input" in self._sections
        if has_call or (marker == "observation" and not self._last):
            self.is_done = True
            return True
        if marker == "final answer":
            self._answer = []
            return True
        self._section = marker
        self._sections.setdefault(marker, "")
        return False

    def _answered(self, text: str) -> str:
        assert self._answer is not None
        if not any(self._answer):
            text = text.lstrip()
        self._answer.append(text)
        return text

    def outcome(self) -> Outcome:
        if self._answer is not None:
            text = "".join(self._answer)
            return Answer(text) if text else Malformed(self._raw, COMPLAINT)
        sections = dict(self._sections)
        if not self.is_done:
            sections[self._section] = self._current() + self._raw[self._scanned :]
        if self._last:
            return Answer(sections.get("thought", "").strip())
        name = sections.get("action", "").strip().strip("`'\"*")
        raw = sections.get("action input", "").strip()
        if "action input" not in sections and (written := _CALL.match(name)):
            name, raw = written[1], written[2].strip().strip("'\"")
        elif not name or "action input" not in sections:
            return Malformed(self._raw, COMPLAINT)
        name = self._known(name)
        return Calls(sections.get("thought", "").strip(), (CallWish("", name, self._arguments(name, raw), raw),))

    def _arguments(self, name: str, raw: str) -> JsonObject | None:
        """Return the JSON object that `raw` begins with; a tool with one text argument takes `raw` itself."""
        text = _FENCE.sub("", raw).strip()
        try:
            value: JsonValue = json.JSONDecoder().raw_decode(text)[0] if text else {}
            check_storable(value)
        except (ValueError, RecursionError):
            value = text
        if isinstance(value, dict):
            return value
        only = self._only_argument(name)
        if only is None or text[:1] in ("{", "["):
            return None
        return {only: value if isinstance(value, str) else text}

    def _known(self, name: str) -> str:
        """Return the tool's own name where only case or spaces differ."""
        folded = {tool.casefold(): tool for tool in self._tools}
        return folded.get("_".join(name.split()).casefold(), name[:MAX_NAME_CHARS])

    def _only_argument(self, name: str) -> str | None:
        tool = self._tools.get(name)
        properties = tool.parameters.get("properties") if tool else None
        if not isinstance(properties, dict) or len(properties) != 1:
            return None
        (argument, schema), *_ = properties.items()
        return str(argument) if isinstance(schema, dict) and schema.get("type") == "string" else None
