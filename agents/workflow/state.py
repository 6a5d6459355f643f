"""What the events of a run amount to so far: the fold from which an interrupted run goes on."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from agents.events import (
    TERMINAL_KINDS,
    Body,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunStarted,
    Sources,
    TextDelta,
    TextReset,
    ToolCalled,
    ToolResult,
)
from agents.types import Source
from inference.types import Usage


@dataclass(slots=True)
class CallRecord:
    """A tool call that was announced; without `result` nobody knows whether it ran."""

    call: ToolCalled
    result: ToolResult | None = None


@dataclass(slots=True)
class NodeRecord:
    """What is known of one node."""

    attempts: int = 0
    finished: NodeFinished | None = None
    failed: NodeFailed | None = None
    sources: tuple[Source, ...] = ()
    calls: list[CallRecord] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def shown(self) -> str:
        """The text that is shown of the node, resets applied."""
        return "".join(self.pieces)

    def snapshot(self) -> "NodeRecord":
        """Return a copy that later events do not change."""
        return replace(self, calls=[replace(record) for record in self.calls], pieces=list(self.pieces))

    def steps(self) -> tuple[tuple[CallRecord, ...], ...]:
        """Return the calls of each of the agent's turns, in order."""
        by_step: dict[int, list[CallRecord]] = {}
        for record in self.calls:
            by_step.setdefault(record.call.step, []).append(record)
        return tuple(tuple(by_step[step]) for step in sorted(by_step))


@dataclass(slots=True)
class RunState:
    """The fold of a run's bodies. It grows by `add`; nothing else changes it."""

    started: bool = False
    ended: bool = False
    nodes: dict[str, NodeRecord] = field(default_factory=dict)

    def node(self, node_id: str) -> NodeRecord:
        """Return the node's record, which is empty before the node's first event."""
        return self.nodes.setdefault(node_id, NodeRecord())

    def add(self, body: Body) -> None:
        """Take one more body into account."""
        match body:
            case RunStarted():
                self.started = True
            case NodeStarted():
                self.node(body.node_id).attempts += 1
            case TextDelta():
                self.node(body.node_id).pieces.append(body.text)
            case TextReset():
                self.node(body.node_id).pieces = [body.text]
            case Sources():
                self.node(body.node_id).sources = body.sources
            case ToolCalled():
                self.node(body.node_id).calls.append(CallRecord(body))
            case ToolResult():
                self._add_result(body)
            case NodeFinished():
                self.node(body.node_id).finished = body
            case NodeFailed():
                self.node(body.node_id).failed = body
            case _:
                self.ended = self.ended or body.kind in TERMINAL_KINDS

    def _add_result(self, body: ToolResult) -> None:
        for record in self.node(body.node_id).calls:
            if (record.call.step, record.call.call_id) == (body.step, body.call_id):
                record.result = body

    @property
    def failure(self) -> NodeFailed | None:
        """The first failure of a node, if any."""
        return next((record.failed for record in self.nodes.values() if record.failed), None)

    @property
    def answer(self) -> str:
        """What is shown of the whole run: the nodes' texts in the order in which they first appeared."""
        return "".join(record.shown for record in self.nodes.values())

    @property
    def usage(self) -> Usage:
        """The tokens of all finished nodes."""
        total = Usage()
        for record in self.nodes.values():
            if record.finished:
                total += usage_of(record.finished)
        return total


def usage_of(body: NodeFinished) -> Usage:
    """Return the tokens that a finished node reports."""

    def number(key: str) -> int:
        value = body.usage.get(key, 0)
        return value if isinstance(value, int) else 0

    return Usage(number("prompt_tokens"), number("completion_tokens"), number("cached_tokens"))


def fold(bodies: Iterable[Body]) -> RunState:
    """Return the state after `bodies`, in their order."""
    state = RunState()
    for body in bodies:
        state.add(body)
    return state
