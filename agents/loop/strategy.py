"""What an agent's strategy is: how steps are told to a model, and how its turn is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.events import ToolCalled, ToolResult
from agents.types import JsonObject
from inference.types import Delta, Message, ToolSpec


@dataclass(frozen=True, slots=True)
class CallWish:
    """A call that a model asks for. `arguments` is None when what it wrote, `raw`, is no JSON object."""

    call_id: str
    name: str
    arguments: JsonObject | None
    raw: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The turn was the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Calls:
    """The turn asks for tools; `thought` is what was said before."""

    thought: str
    wishes: tuple[CallWish, ...]


@dataclass(frozen=True, slots=True)
class Malformed:
    """The turn is neither; `complaint` tells the model what to do."""

    text: str
    complaint: str


Outcome = Answer | Calls | Malformed


@dataclass(frozen=True, slots=True)
class Step:
    """A turn that called tools, with what they answered, in the order of the calls."""

    calls: tuple[tuple[ToolCalled, ToolResult], ...]

    @property
    def thought(self) -> str:
        """What the model said before it called."""
        return self.calls[0][0].thought


Entry = Step | Malformed


class TurnReader(Protocol):
    """Reads one turn while it streams."""

    def feed(self, delta: Delta) -> str:
        """Take a delta; return the text that can be shown now."""
        ...

    @property
    def is_done(self) -> bool:
        """Whether the rest of the stream does not matter."""
        ...

    def outcome(self) -> Outcome:
        """Return what the turn was, once it ended."""
        ...


class Strategy(Protocol):
    """A way of calling tools. On the `last` turn there are none left, and the model has to answer."""

    stop: tuple[str, ...]

    def addition(self, tools: Sequence[ToolSpec]) -> str:
        """Return what is added to the system prompt."""
        ...

    def offered(self, tools: Sequence[ToolSpec], *, last: bool) -> tuple[ToolSpec, ...]:
        """Return the tools that go into the request itself."""
        ...

    def tail(self, entries: Sequence[Entry], *, last: bool) -> tuple[Message, ...]:
        """Return the messages that tell the turns so far, after the prompt."""
        ...

    def prefix(self, shown: str) -> str:
        """Return the assistant's unfinished text of which `shown` is what the user saw."""
        ...

    def reader(self, tools: Sequence[ToolSpec], *, last: bool, shown: str = "") -> TurnReader:
        """Return a reader of one turn; `shown` is its beginning, from before a crash."""
        ...
