"""What the events of a run amount to so far: the fold from which an interrupted run goes on."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from agents.events import (
    TERMINAL_KINDS,
    AnnotationReply,
    Body,
    HumanInputGiven,
    HumanInputRequired,
    NodeFailed,
    NodeFinished,
    NodeRetried,
    NodeStarted,
    RoundFinished,
    RoundStarted,
    RunStarted,
    Sources,
    TextDelta,
    TextReset,
    ToolCalled,
    ToolResult,
    VariableAssigned,
)
from agents.types import JsonValue, Source
from agents.workflow.graph import CONVERSATION
from agents.workflow.paths import ROUND, is_inner, node_of, rounds_of
from inference.types import Usage

_NAMED = 2
"""What is assigned is named by where it is kept and its name."""


@dataclass(slots=True)
class CallRecord:
    """A tool call that was announced; without `result` nobody knows whether it ran."""

    call: ToolCalled
    result: ToolResult | None = None


@dataclass(slots=True)
class NodeRecord:
    """What is known of one node. `answered_after` counts the attempts that had begun when an answer came."""

    attempts: int = 0
    finished: NodeFinished | None = None
    failed: NodeFailed | None = None
    sources: tuple[Source, ...] = ()
    calls: list[CallRecord] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    assigned: list[VariableAssigned] = field(default_factory=list)
    retries: int = 0
    opened: dict[int, RoundStarted] = field(default_factory=dict)
    rounds: dict[int, RoundFinished] = field(default_factory=dict)
    asked: dict[str, HumanInputRequired] = field(default_factory=dict)
    answered: dict[str, HumanInputGiven] = field(default_factory=dict)
    answered_after: dict[str, int] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The text that is shown of the node, resets applied."""
        return "".join(self.pieces)

    def add(self, body: Body) -> None:
        """Take one more body of this node into account."""
        match body:
            case NodeStarted():
                self.attempts += 1
                self.assigned = []
            case NodeFinished():
                self.finished = body
            case NodeFailed():
                self.failed = body
            case NodeRetried():
                self.retries = body.attempt
                self.assigned = []
            case TextDelta():
                self.pieces.append(body.text)
            case TextReset():
                self.pieces = [body.text]
            case VariableAssigned():
                self.assigned.append(body)
            case _:
                self._add_step(body)

    def _add_step(self, body: Body) -> None:
        match body:
            case Sources():
                self.sources = body.sources
            case ToolCalled():
                self.calls.append(CallRecord(body))
            case ToolResult():
                self._add_result(body)
            case RoundStarted():
                self.opened[body.index] = body
            case RoundFinished():
                self.rounds[body.index] = body
            case HumanInputRequired():
                self.asked[body.ask] = body
            case HumanInputGiven():
                self.answered[body.ask] = body
                self.answered_after[body.ask] = self.attempts
            case _:
                pass

    def _add_result(self, body: ToolResult) -> None:
        for record in self.calls:
            if (record.call.step, record.call.call_id) == (body.step, body.call_id):
                record.result = body

    def snapshot(self) -> "NodeRecord":
        """Return a copy that later events do not change."""
        return replace(
            self,
            calls=[replace(record) for record in self.calls],
            pieces=list(self.pieces),
            assigned=list(self.assigned),
            opened=dict(self.opened),
            rounds=dict(self.rounds),
            asked=dict(self.asked),
            answered=dict(self.answered),
            answered_after=dict(self.answered_after),
        )

    def steps(self) -> tuple[tuple[CallRecord, ...], ...]:
        """Return the calls of each of the agent's turns, in order."""
        by_step: dict[int, list[CallRecord]] = {}
        for record in self.calls:
            by_step.setdefault(record.call.step, []).append(record)
        return tuple(tuple(by_step[step]) for step in sorted(by_step))


@dataclass(slots=True)
class RunState:
    """The fold of a run's bodies, by the nodes' paths. It grows by `add`; nothing else changes it.

    `conversation` holds what was assigned to the conversation's variables, `assigned` what a round of a loop assigned
    to the loop's, by the prefix of the round. A node's assignments hold from its end on: one that is interrupted
    between the two finds everything as it was, and does not append or add twice.
    """

    started: bool = False
    ended: bool = False
    nodes: dict[str, NodeRecord] = field(default_factory=dict)
    conversation: dict[str, JsonValue] = field(default_factory=dict)
    assigned: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    spoke: dict[str, None] = field(default_factory=dict)
    annotation: AnnotationReply | None = None

    def node(self, node_id: str) -> NodeRecord:
        """Return the node's record, which is empty before the node's first event."""
        return self.nodes.setdefault(node_id, NodeRecord())

    def add(self, body: Body) -> None:
        """Take one more body into account."""
        match body:
            case RunStarted():
                self.started = True
            case TextDelta() | TextReset():
                self.spoke.setdefault(body.node_id)
            case NodeFinished():
                for assignment in self.node(body.node_id).assigned if not body.failure else ():
                    self._assign(assignment)
            case NodeRetried():
                self._open_again(body.node_id)
            case AnnotationReply():
                self.annotation = body
            case _:
                self.ended = self.ended or body.kind in TERMINAL_KINDS
        path = getattr(body, "node_id", "")
        if path:
            self.node(path).add(body)

    def _assign(self, body: VariableAssigned) -> None:
        if len(body.selector) != _NAMED:
            return
        source, name = body.selector
        if source == CONVERSATION:
            self.conversation[name] = body.value
            return
        for prefix, container, _ in rounds_of(body.node_id):
            if node_of(container) == source:
                self.assigned.setdefault(prefix, {})[name] = body.value
                return

    def _open_again(self, container: str) -> None:
        """A container tries again: what failed in it may run again, what has finished stays."""
        for path, record in self.nodes.items():
            if record.finished is None and path.startswith(container + ROUND):
                record.failed, record.retries = None, 0

    @property
    def failure(self) -> NodeFailed | None:
        """The first failure of a node of the run's own graph, if any; a container answers for those inside it."""
        return next(
            (record.failed for path, record in self.nodes.items() if record.failed and not is_inner(path)), None
        )

    @property
    def waiting(self) -> tuple[str, ...]:
        """The paths of the nodes that wait for a person, without those whose round or container is over."""
        return tuple(
            path
            for path, record in self.nodes.items()
            if record.asked.keys() - record.answered.keys() and not record.finished and not self._is_over(path)
        )

    def _is_over(self, path: str) -> bool:
        for _, container, index in rounds_of(path):
            record = self.nodes.get(container)
            if record and (record.finished or index in record.rounds):
                return True
        return False

    @property
    def answer(self) -> str:
        """What is shown of the whole run: the nodes' texts in the order in which their texts first appeared."""
        return "".join(self.nodes[path].shown for path in self.spoke if path in self.nodes)

    @property
    def exceptions(self) -> int:
        """How many nodes failed although the run went on."""
        return sum(bool(record.finished and record.finished.failure) for record in self.nodes.values())

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
