"""What a tool is, and what it is given.

Failure has three meanings: `ToolRetry` (the model may call again, differently), `ToolFailed`
(the model reads the message and goes on without it) and `RunAborted` (the whole run fails).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from agents.ports import Knowledge
from agents.types import JsonObject, JsonValue, Source


@dataclass(frozen=True, slots=True)
class ToolContext:
    """The surroundings of one call.

    `call_key` is the same when the same call is made again after a crash: an idempotency key for effects.
    `cite` numbers passages within the answer and announces them; it returns them with their numbers.
    """

    run_id: str
    scope: str
    call_key: str
    knowledge: Knowledge
    cite: Callable[[Sequence[Source]], Awaitable[tuple[Source, ...]]]


class Tool(Protocol):
    """Something that a model may call."""

    @property
    def name(self) -> str:
        """What the model calls it by."""
        ...

    @property
    def description(self) -> str:
        """What it does and when to use it, for the model."""
        ...

    @property
    def parameters(self) -> JsonObject:
        """The JSON schema, of type object, of its arguments."""
        ...

    @property
    def idempotent(self) -> bool:
        """Whether calling it twice does no more than calling it once."""
        ...

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> JsonValue:
        """Return the result: a string, or JSON that the model reads as text."""
        ...


class NoConfig(BaseModel):
    """The configuration of a tool that has none."""

    model_config = ConfigDict(extra="allow")


class ToolType(Protocol):
    """A tool as an application's author chooses it: what is shown, and how it is made from its configuration."""

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    icon: ClassVar[str]
    parameters: ClassVar[JsonObject]
    config_type: ClassVar[type[BaseModel]]

    @classmethod
    def configured(cls, config: JsonObject) -> Tool:
        """Return the tool for one application; raises `pydantic.ValidationError`."""
        ...
