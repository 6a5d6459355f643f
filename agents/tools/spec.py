"""What a tool is, and what it is given.

Failure has three meanings: `ToolRetry` (the model may call again, differently), `ToolFailed`
(the model reads the message and goes on without it) and `RunAborted` (the whole run fails).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from agents.ports import Absent, CodeRunner, Credentials, Documents, Files, Knowledge, Ports, Web
from agents.types import FileRef, JsonObject, JsonValue, Source


@dataclass(frozen=True, slots=True)
class ToolContext:
    """The surroundings of one call.

    `call_key` is the same when the same call is made again after a crash: an idempotency key for effects.
    `cite` numbers passages within the answer and announces them; it returns them with their numbers. A tool keeps no
    client of `web` beyond its call, and shows nothing of what `credentials` gives.
    """

    run_id: str
    scope: str
    call_key: str
    knowledge: Knowledge
    cite: Callable[[Sequence[Source]], Awaitable[tuple[Source, ...]]]
    web: Web = field(default_factory=Absent)
    files: Files = field(default_factory=Absent)
    documents: Documents = field(default_factory=Absent)
    code: CodeRunner = field(default_factory=Absent)
    credentials: Credentials = field(default_factory=Absent)

    def with_ports(self, ports: Ports) -> "ToolContext":
        """Return the context with what a run has access to."""
        return replace(
            self,
            web=ports.web,
            files=ports.files,
            documents=ports.documents,
            code=ports.code,
            credentials=ports.credentials,
        )


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """A result of several parts: a model reads `text`, a graph besides the `fields` and the `files` that were made."""

    text: str
    fields: JsonObject = field(default_factory=dict)
    files: tuple[FileRef, ...] = ()


ToolAnswer = JsonValue | ToolOutput


class Tool(Protocol):
    """Something that a model may call.

    It may have two more attributes. `writes` (False where it has none): calling it changes something outside, so a
    person is asked first when what the model has read may come from a stranger. `trusted` (False where it has none):
    what it answers is made here and comes from nobody else, as a sum or the time does.
    """

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

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> ToolAnswer:
        """Return the result: a string, JSON that the model reads as text, or an output of several parts."""
        ...


@dataclass(frozen=True, slots=True)
class Credential:
    """What an administrator enters for a tool, once for the workspace; a secret is never shown again.

    The address of a service is one too, and no configuration of an application: whoever chose it would get the key.
    """

    name: str
    title: str
    help: str = ""
    is_secret: bool = True
    is_required: bool = True
    is_url: bool = False
    default: str = ""


def writes(tool: object) -> bool:
    """Whether a call of the tool changes something outside."""
    return bool(getattr(tool, "writes", False))


def is_trusted(tool: object) -> bool:
    """Whether nobody else can have written what the tool answers."""
    return bool(getattr(tool, "trusted", False))


class NoConfig(BaseModel):
    """The configuration of a tool that has none."""

    model_config = ConfigDict(extra="allow")


class ToolType(Protocol):
    """A tool as an application's author chooses it: what is shown, and how it is made from its configuration.

    It may have three more attributes: `credentials`, a tuple of `Credential`; `outputs`, the fields of its
    `ToolOutput` with their types; and `runs_code` (False where it has none), that it does nothing without a sandbox.
    """

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


def credentials_of(tool: object) -> tuple[Credential, ...]:
    """Return what an administrator can enter for the tool."""
    return tuple(getattr(tool, "credentials", ()))


def runs_code(tool: object) -> bool:
    """Whether the tool does nothing where no sandbox is."""
    return bool(getattr(tool, "runs_code", False))


def outputs_of(tool: object) -> Mapping[str, str]:
    """Return the fields that the tool's output has, with their types."""
    return dict(getattr(tool, "outputs", {}))
