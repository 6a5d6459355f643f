"""What a node is, and what it is given: a kind of node costs one class and one test."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel

from agents.events import Body, TextDelta, TextReset
from agents.ports import Ports
from agents.types import JsonObject, JsonValue, RunSpec
from agents.workflow.expressions import Scope, selectors_of
from agents.workflow.graph import Selector, Shows
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


@dataclass(frozen=True, slots=True)
class NodeContext:
    """The surroundings of one node in one attempt of a run.

    `past` is what earlier attempts did with this node. `shows` says whether its text is the run's answer;
    the text of a node that does not show goes nowhere but into its outputs. Sending waits while the reader is behind.
    """

    node_id: str
    spec: RunSpec
    ports: Ports
    scope: Scope
    past: NodeRecord
    shows: bool
    emit: Callable[[Body], Awaitable[None]]
    emit_stored: Callable[[Body], Awaitable[None]]

    async def show(self, text: str) -> None:
        """Append to the text that is shown."""
        if self.shows and text:
            await self.emit(TextDelta(self.node_id, text))

    async def reset(self, text: str) -> None:
        """Replace the text that is shown."""
        if self.shows:
            await self.emit(TextReset(self.node_id, text))


class Node(ABC, Generic[C]):
    """A kind of node; `outputs` are names with their JSON types. It has no state: one object serves every run."""

    kind: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    outputs: ClassVar[Mapping[str, str]]
    config_type: type[C]
    is_entry: bool = False
    shows: Shows = "never"

    @abstractmethod
    async def run(self, ctx: NodeContext, config: C) -> NodeResult:
        """Do the work; an exception with `code`, `retryable` and `http_status` says what the user reads."""

    async def check(self, ctx: NodeContext, config: C) -> None:
        """Raise what is known to go wrong before the run begins; upstream outputs are not there yet."""

    def inputs(self, ctx: NodeContext, config: C) -> JsonObject:
        """Return what the trace shows as the node's inputs."""
        return {}

    def input_defaults(self, config: BaseModel) -> JsonObject:
        """Return the inputs of the run that the node declares, with their defaults."""
        return {}

    def handles(self, config: BaseModel) -> frozenset[str]:
        """Return the names of the ways out."""
        return frozenset({DEFAULT_HANDLE})

    def fields(self, config: BaseModel) -> frozenset[str] | None:
        """Return the names of the outputs; None when they are not known before the run."""
        return frozenset(self.outputs)

    def references(self, config: BaseModel) -> Iterator[Selector]:
        """Return what the node reads: references in its templates, and every `…_selector`."""
        yield from _references(config.model_dump())


def _references(value: object, key: str = "") -> Iterator[Selector]:
    match value:
        case str():
            yield from selectors_of(value)
        case list() | tuple() if key.endswith("_selector"):
            if value:
                yield tuple(str(part) for part in value)
        case dict():
            for name, item in value.items():
                yield from _references(item, str(name))
        case list() | tuple():
            for item in value:
                yield from _references(item)


def usage_json(usage: Usage) -> dict[str, JsonValue]:
    """Return the form in which usage stands in events and outputs; cached tokens where there were any."""
    counts: dict[str, JsonValue] = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
    }
    return counts | ({"cached_tokens": usage.cached_tokens} if usage.cached_tokens else {})
