"""The closed set of events of a run: the live stream, the trace and the log at once.

A body says what happened; an `Event` adds its number and time. Nothing else is ever stored of a run's course.
A `node_id` is the node's path (`agents.workflow.paths`): inside a container's round it names container and round too.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, cast, get_args, get_origin

from agents.errors import UnknownEvent
from agents.types import JsonObject, JsonValue, Source


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
    """`text` is appended to what is shown of the node; `source` is the node that said it, where it is another one."""

    kind: ClassVar = "text_delta"
    node_id: str
    text: str
    source: str = ""


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
    """What a tool answered, as the model will read it; `error` is set when it failed, `files` when it made some."""

    kind: ClassVar = "tool_result"
    node_id: str
    step: int
    call_id: str
    name: str
    output: str
    error: str = ""
    elapsed_ms: float = 0.0
    files: tuple[JsonObject, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentNoted:
    """Something in an agent's course that is neither a call nor an answer; `step` counts its turns with calls from 0.

    `note` is "malformed" (a turn that was neither: `text` is what the model wrote, `told` what it was told),
    "tools_offered" (`text` names those that fit the question), "summary" (`text` tells what was said before), or
    "budget_spent" (`text` says of what).
    """

    kind: ClassVar = "agent_note"
    node_id: str
    step: int
    note: str
    text: str
    told: str = ""


@dataclass(frozen=True, slots=True)
class PromptSent:
    """What a node asks a model now, as it is sent: its `messages` after the first `kept`, which are those of before.

    A message is `{role, content}` and, where it has any, `tool_calls`, `tool_call_id`, `images` (how many); of plain
    completion the role is "prompt". `tools` names those that are offered; `parameters` are those that were set.
    """

    kind: ClassVar = "prompt_sent"
    node_id: str
    model: str
    messages: JsonValue
    kept: int = 0
    tools: tuple[str, ...] = ()
    parameters: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnnotationReply:
    """Before any model, a run looked for an answer that a person wrote to a question like this one.

    `outcome` is "hit" (`answer` is the run's, and no node runs), "miss" (what is named is the nearest, below
    `threshold`; nothing where there is none) or "failed" (`message` says why; the run goes on as after a miss).
    `score` in 0…1; `author` is a name for people.
    """

    kind: ClassVar = "annotation_reply"
    outcome: str
    threshold: float
    elapsed_ms: float
    annotation_id: str = ""
    question: str = ""
    answer: str = ""
    score: float = 0.0
    author_id: str = ""
    author: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class NodeFinished:
    """A checkpoint: a node with this event never runs again. `model` names whose tokens `usage` counts.

    `handle` names the edges that are followed from here: a branching node chooses it. `failure` is set (`code`,
    `message`) where the node failed and its error strategy went on; `given` where it did not run ("cached", "mocked").
    """

    kind: ClassVar = "node_finished"
    node_id: str
    node_kind: str
    outputs: JsonObject
    usage: JsonObject = field(default_factory=dict)
    elapsed_ms: float = 0.0
    model: str = ""
    handle: str = "source"
    failure: JsonObject = field(default_factory=dict)
    given: str = ""


@dataclass(frozen=True, slots=True)
class NodeFailed:
    """A node has given up; `code` is one of the errors, `message` is for the person who asked."""

    kind: ClassVar = "node_failed"
    node_id: str
    node_kind: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class NodeRetried:
    """An attempt of a node failed and the next one starts in `delay_s`; `attempt` counts the failed ones from 1."""

    kind: ClassVar = "node_retried"
    node_id: str
    attempt: int
    code: str
    message: str
    delay_s: float


@dataclass(frozen=True, slots=True)
class RoundStarted:
    """A container (iteration, loop, called workflow) starts its graph once more; `values` is what it gives it."""

    kind: ClassVar = "round_started"
    node_id: str
    index: int
    values: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RoundFinished:
    """A checkpoint: this round never runs again. `output` is what the container keeps of it."""

    kind: ClassVar = "round_finished"
    node_id: str
    index: int
    output: JsonValue
    failure: JsonObject = field(default_factory=dict)
    elapsed_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class VariableAssigned:
    """`selector` (`["conversation", name]`, or a loop's id and the name) holds `value` once the node has finished."""

    kind: ClassVar = "variable_assigned"
    node_id: str
    selector: tuple[str, ...]
    value: JsonValue


@dataclass(frozen=True, slots=True)
class HumanInputRequired:
    """A node waits for a person to fill in `form`; `ask` tells the questions of one node apart.

    `expires_at` is Unix time in seconds, 0 for never: after it the node goes on without an answer.
    """

    kind: ClassVar = "human_input_required"
    node_id: str
    form: JsonObject
    ask: str = ""
    expires_at: float = 0.0


@dataclass(frozen=True, slots=True)
class HumanInputGiven:
    """A checkpoint: what a person answered. `by` names who did; `timed_out` is set when nobody did in time."""

    kind: ClassVar = "human_input_given"
    node_id: str
    ask: str
    values: JsonObject
    by: str = ""
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class RunPaused:
    """Nothing goes on until the nodes whose paths are `reasons` have their answers: the attempt ends here."""

    kind: ClassVar = "run_paused"
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunFinished:
    """`usage` sums the nodes' (`prompt_tokens`, `completion_tokens`); `cost` is a decimal string in USD.

    `exceptions` counts the nodes that failed and whose error strategy went on.
    """

    kind: ClassVar = "run_finished"
    outputs: JsonObject
    usage: JsonObject
    elapsed_ms: float
    cost: str = "0"
    exceptions: int = 0


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
    | AgentNoted
    | PromptSent
    | AnnotationReply
    | NodeFinished
    | NodeFailed
    | NodeRetried
    | RoundStarted
    | RoundFinished
    | VariableAssigned
    | HumanInputRequired
    | HumanInputGiven
    | RunPaused
    | RunFinished
    | RunFailed
    | RunCancelled
)
BODIES: Mapping[str, type[Body]] = {body.kind: body for body in Body.__args__}
FIELDS: Mapping[str, Mapping[str, object]] = {
    kind: {item.name: item.type for item in fields(body)} for kind, body in BODIES.items()
}
TERMINAL_KINDS = frozenset({RunFinished.kind, RunFailed.kind, RunCancelled.kind})


@dataclass(frozen=True, slots=True)
class Event:
    """A body with its place in the run: `seq` only grows (with gaps), `at` is Unix time in seconds."""

    seq: int
    at: float
    body: Body


def encode(body: Body) -> dict[str, object]:
    """Return the JSON fields of `body`, without its tag: store `body.kind` beside them."""
    values: dict[str, object] = {name: getattr(body, name) for name in FIELDS[body.kind]}
    if isinstance(body, Sources):
        values["sources"] = [asdict(source) for source in body.sources]
    return values


def decode(kind: str, data: Mapping[str, object]) -> Body:
    """Read what `encode` wrote. No type is ever built by name: raises `UnknownEvent` for what is no event of ours."""
    body_type = BODIES.get(kind)
    if body_type is None:
        raise UnknownEvent(f"event kind {kind!r} is unknown: it was written by another version of Atelier")
    known = FIELDS[kind]
    if unknown := data.keys() - known.keys():
        raise UnknownEvent(f"event {kind!r} has unknown fields {sorted(unknown)!r}")
    if wrong := sorted(name for name, value in data.items() if not _is_of(value, known[name])):
        raise UnknownEvent(f"event {kind!r} has other types in {wrong!r}: it was not written by Atelier")
    values = {
        name: tuple(value) if isinstance(value, list) and _is_tuple(known[name]) else value
        for name, value in data.items()
    }
    try:
        if body_type is Sources:
            values["sources"] = tuple(Source(**item) for item in cast(list[dict[str, Any]], data["sources"]))
        return body_type(**values)  # type: ignore[arg-type]  # names and types were checked above
    except (KeyError, TypeError) as error:
        raise UnknownEvent(f"event {kind!r} cannot be read: {error}") from error


def _is_tuple(wanted: object) -> bool:
    return get_origin(wanted) is tuple


def _is_of(value: object, wanted: object) -> bool:
    """Whether a JSON value can be what a field of this type was written as; what any JSON may be is not looked into."""
    if _is_tuple(wanted):
        element = get_args(wanted)[0]
        return isinstance(value, list | tuple) and all(_is_of(item, element) for item in value)
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if wanted in (str, bool):
        return isinstance(value, cast(type, wanted))
    return isinstance(value, Mapping) if wanted in (JsonObject, Source) else True
