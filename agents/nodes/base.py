"""What a node is, and what it is given: a kind of node costs one class and one test."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel

from agents.errors import Paused
from agents.events import Body, HumanInputGiven, HumanInputRequired, VariableAssigned
from agents.ports import Ports
from agents.types import JsonObject, JsonValue, RunSpec
from agents.workflow.expressions import Scope, selectors_of
from agents.workflow.graph import Expectation, Segment, Selector, Shows
from agents.workflow.state import NodeRecord
from inference.types import Usage

DEFAULT_HANDLE = "source"
C = TypeVar("C", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class NodeResult:
    """What a node leaves behind. `model` names whose tokens `usage` counts; `handle` says which edges to follow."""

    outputs: JsonObject
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    handle: str = DEFAULT_HANDLE


class Voice(Protocol):
    """Where a node's text goes: to the reader, into an answer that quotes it, or nowhere."""

    async def say(self, text: str) -> None:
        """Append to the text."""
        ...

    async def restart(self, text: str) -> None:
        """Replace the text."""
        ...

    async def settle(self, text: str | None) -> None:
        """Show `text` and nothing else; None means what the node's segments make."""
        ...

    async def finish(self) -> None:
        """Nothing follows: show what was held back."""
        ...


@dataclass(frozen=True, slots=True)
class Round:
    """How a round of a container ended: what its nodes gave, and the ids of those that ran."""

    scope: Scope
    finished: frozenset[str]


class Rounds(Protocol):
    """Runs the graph of a container, or of another workflow, as a part of this run."""

    async def run(self, index: int, values: JsonObject) -> Round:
        """Run the container's graph as round `index`; its nodes read `values` under the container's id.

        An interrupted round goes on where it was. Raises `InnerFailed` for a node that failed.
        """
        ...

    async def call(self, spec: RunSpec, environment: JsonObject) -> JsonObject:
        """Run the graph of `spec` as the node's only round, and return its outputs; raises as `run`.

        Which version it was, and what it was given, stand in the node's record from then on.
        """
        ...


@dataclass(frozen=True, slots=True)
class NodeContext:
    """The surroundings of one node in one attempt of a run.

    `node_id` is the node's path. `past` is what earlier attempts did with this node; its text is what of the node's
    words is shown. Sending waits while the reader is behind.
    """

    node_id: str
    spec: RunSpec
    ports: Ports
    scope: Scope
    past: NodeRecord
    emit: Callable[[Body], Awaitable[None]]
    emit_stored: Callable[[Body], Awaitable[None]]
    voice: Voice
    rounds: Rounds

    async def show(self, text: str) -> None:
        """Append to the text that is shown."""
        if text:
            await self.voice.say(text)

    async def reset(self, text: str) -> None:
        """Replace the text that is shown."""
        await self.voice.restart(text)

    async def settle(self, text: str | None = None) -> None:
        """Show the whole of an answer, whatever of it is shown already."""
        await self.voice.settle(text)

    async def ask(self, form: JsonObject, *, ask: str = "", expires_at: float = 0.0) -> HumanInputGiven:
        """Return a person's answer; raises `Paused` as long as there is none. Ask the same again in each attempt."""
        if ask in self.past.answered:
            return self.past.answered[ask]
        if ask not in self.past.asked:
            await self.emit_stored(HumanInputRequired(self.node_id, form, ask, expires_at))
        raise Paused(f"{self.node_id!r} waits for a person")

    async def assign(self, selector: Selector, value: JsonValue) -> None:
        """Give a variable of the conversation or of a loop a new value; it holds as soon as this node has finished."""
        await self.emit_stored(VariableAssigned(self.node_id, selector, value))


class Node(ABC, Generic[C]):
    """A kind of node; `outputs` are names with their types (`VarType`). It has no state: one object serves every run.

    `category` and `icon` tell an editor where to offer it. `is_result`: its outputs are the run's outputs.
    `belongs_in` is the kind of container that it must lie in. `is_pure`: it only computes, in an instant; to run one
    again after a crash costs less than to wait for the disk, so a run goes on while its outcome is being stored.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    outputs: ClassVar[Mapping[str, str]]
    category: ClassVar[str] = "model"
    icon: ClassVar[str] = ""
    config_type: type[C]
    is_entry: bool = False
    is_container: bool = False
    is_result: bool = False
    is_pure: bool = False
    belongs_in: ClassVar[str] = ""
    shows: Shows = "never"
    streams: str = ""

    @abstractmethod
    async def run(self, ctx: NodeContext, config: C) -> NodeResult:
        """Do the work; an exception with `code`, `retryable` and `http_status` says what the user reads."""

    async def check(self, ctx: NodeContext, config: C) -> None:
        """Raise what is known to go wrong before the run begins; upstream outputs are not there yet."""

    def is_repeatable(self, config: C) -> bool:
        """Whether it may run again after it was interrupted in the middle; otherwise its outcome is unknown."""
        return True

    def inputs(self, ctx: NodeContext, config: C) -> JsonObject:
        """Return what the trace shows as the node's inputs."""
        return {}

    def input_defaults(self, config: BaseModel) -> JsonObject:
        """Return the inputs of the run that the node declares, with their defaults."""
        return {}

    def handles(self, config: BaseModel) -> frozenset[str]:
        """Return the names of the ways out."""
        return frozenset({DEFAULT_HANDLE})

    def output_types(self, config: BaseModel) -> Mapping[str, str] | None:
        """Return the outputs with their types; None when they are not known before the run."""
        return self.outputs

    def inner_types(self, config: BaseModel) -> Mapping[str, str]:
        """Return what a container's own nodes may read of it."""
        return {}

    def references(self, config: BaseModel) -> Iterator[Selector]:
        """Return what the node reads: references in its templates, and every `…_selector`."""
        yield from references_in(config.model_dump())

    def inner_start(self, config: BaseModel) -> str:
        """Return the id of the node with which a round of a container begins, where no kind of node says so."""
        return ""

    def inner_references(self, config: BaseModel) -> Iterator[Selector]:
        """Return what a container reads from its own nodes."""
        return iter(())

    def expectations(self, config: BaseModel) -> Iterator[Expectation]:
        """Return the types that what it reads must have."""
        return iter(())

    def assigned(self, config: BaseModel) -> Iterator[Selector]:
        """Return the variables that the node writes."""
        return iter(())

    def segments(self, config: BaseModel) -> tuple[Segment, ...]:
        """Return what a node that always shows text is made of, in order."""
        return ()


def references_in(value: object, key: str = "") -> Iterator[Selector]:
    """Yield the references in the texts of a dumped configuration, and what every `…_selector` in it names."""
    match value:
        case str():
            yield from selectors_of(value)
        case list() | tuple() if key.endswith("_selector"):
            if value:
                yield tuple(str(part) for part in value)
        case dict():
            for name, item in value.items():
                yield from references_in(item, str(name))
        case list() | tuple():
            for item in value:
                yield from references_in(item)


def usage_json(usage: Usage) -> dict[str, JsonValue]:
    """Return the form in which usage stands in events and outputs; cached tokens where there were any."""
    counts: dict[str, JsonValue] = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
    }
    return counts | ({"cached_tokens": usage.cached_tokens} if usage.cached_tokens else {})
