"""The closed set of events of a run: the live stream, the trace and the log at once.

A body says what happened; an `Event` adds its number and time. Nothing else is ever stored of a run's course.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import ClassVar, cast

from agents.errors import UnknownEvent
from agents.types import JsonObject, Source


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The first event of a run."""

    kind: ClassVar = "run_started"
    app_id: str
    conversation_id: str
    inputs: JsonObject


@dataclass(frozen=True, slots=True)
class NodeStarted:
    """A node starts, or starts again after a crash."""

    kind: ClassVar = "node_started"
    node_id: str
    node_kind: str
    title: str
    inputs: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TextDelta:
    """`text` is appended to what is shown of the node."""

    kind: ClassVar = "text_delta"
    node_id: str
    text: str


@dataclass(frozen=True, slots=True)
class TextReset:
    """What is shown of the node is now `text`, whatever it was."""

    kind: ClassVar = "text_reset"
    node_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Sources:
    """The passages of a node; sent after retrieval, and again once the answer says which it cites."""

    kind: ClassVar = "sources"
    node_id: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A tool is about to be called; `step` counts the agent's turns from 0; `thought` is what the model said before."""

    kind: ClassVar = "tool_call"
    node_id: str
    step: int
    call_id: str
    name: str
    arguments: JsonObject
    thought: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered, as the model will read it; `error` is set when it failed."""

    kind: ClassVar = "tool_result"
    node_id: str
    step: int
    call_id: str
    name: str
    output: str
    error: str = ""
    elapsed_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class NodeFinished:
    """A checkpoint: a node with this event never runs again. `model` names whose tokens `usage` counts.

    `handle` names the edges that are followed from here: a branching node chooses it.
    """

    kind: ClassVar = "node_finished"
    node_id: str
    node_kind: str
    outputs: JsonObject
    usage: JsonObject = field(default_factory=dict)
    elapsed_ms: float = 0.0
    model: str = ""
    handle: str = "source"


@dataclass(frozen=True, slots=True)
class NodeFailed:
    """A node has given up; `code` is one of the errors, `message` is for the person who asked."""

    kind: ClassVar = "node_failed"
    node_id: str
    node_kind: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class HumanInputRequired:
    """A node waits for a person to fill in `form`."""

    kind: ClassVar = "human_input_required"
    node_id: str
    form: JsonObject


@dataclass(frozen=True, slots=True)
class RunPaused:
    """Nothing goes on until what `reasons` name has happened."""

    kind: ClassVar = "run_paused"
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunFinished:
    """`usage` sums the nodes' (`prompt_tokens`, `completion_tokens`); `cost` is a decimal string in USD."""

    kind: ClassVar = "run_finished"
    outputs: JsonObject
    usage: JsonObject
    elapsed_ms: float
    cost: str = "0"


@dataclass(frozen=True, slots=True)
class RunFailed:
    """The end of a run that gave up; its code and message are its node's where a node failed."""

    kind: ClassVar = "run_failed"
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RunCancelled:
    """The end of a run that somebody cancelled."""

    kind: ClassVar = "run_cancelled"


Body = (
    RunStarted
    | NodeStarted
    | TextDelta
    | TextReset
    | Sources
    | ToolCalled
    | ToolResult
    | NodeFinished
    | NodeFailed
    | HumanInputRequired
    | RunPaused
    | RunFinished
    | RunFailed
    | RunCancelled
)
BODIES: Mapping[str, type[Body]] = {body.kind: body for body in Body.__args__}
TERMINAL_KINDS = frozenset({RunFinished.kind, RunFailed.kind, RunCancelled.kind})


@dataclass(frozen=True, slots=True)
class Event:
    """A body with its place in the run: `seq` only grows (with gaps), `at` is Unix time in seconds."""

    seq: int
    at: float
    body: Body


def encode(body: Body) -> dict[str, object]:
    """Return the JSON fields of `body`, without its tag: store `body.kind` beside them."""
    return asdict(body)


def decode(kind: str, data: Mapping[str, object]) -> Body:
    """Read what `encode` wrote. An unknown tag or field raises `UnknownEvent`: no type is ever built by name."""
    body_type = BODIES.get(kind)
    if body_type is None:
        raise UnknownEvent(f"event kind {kind!r} is unknown: it was written by another version of Atelier")
    unknown = set(data) - {item.name for item in fields(body_type)}
    if unknown:
        raise UnknownEvent(f"event {kind!r} has unknown fields {sorted(unknown)!r}")
    values = dict(data)
    if body_type is Sources:
        values["sources"] = tuple(Source(**item) for item in cast(list[dict[str, object]], values["sources"]))  # type: ignore[arg-type]  # names are checked by the constructor
    if body_type is RunPaused:
        values["reasons"] = tuple(cast(list[str], values.get("reasons", ())))
    return body_type(**values)  # type: ignore[arg-type]  # names were checked above
