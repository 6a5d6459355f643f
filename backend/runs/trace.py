"""The trace of a run, folded from its events: nothing of it is stored twice.

A node's id is its path: what ran in round 3 of `iter` begins with `iter:3/`. Large values stay references, which
`GET /runs/{id}/values/{id}` reads.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from agents.events import (
    AgentNoted,
    AnnotationReply,
    Event,
    HumanInputGiven,
    HumanInputRequired,
    NodeFailed,
    NodeFinished,
    NodeRetried,
    NodeStarted,
    PromptSent,
    RoundFinished,
    RoundStarted,
    RunCancelled,
    RunFailed,
    RunPaused,
    Sources,
    TextDelta,
    TextReset,
    ToolCalled,
    ToolResult,
    VariableAssigned,
)
from agents.workflow.annotated import ANNOTATION_NODE

Fields = dict[str, object]


@dataclass(slots=True)
class NodeTrace:
    """One node of a run; `attempts` counts its starts.

    `status` is running, succeeded, exception (it failed, and its error strategy went on), failed, cancelled or paused.
    """

    node_id: str
    kind: str
    title: str
    inputs: Fields
    started_at: float
    status: str = "running"
    attempts: int = 1
    outputs: Fields = field(default_factory=dict)
    error: dict[str, str] | None = None
    usage: Fields = field(default_factory=dict)
    model: str = ""
    elapsed_ms: float | None = None
    text: str = ""
    handle: str = ""
    given: str = ""
    sources: list[Fields] = field(default_factory=list)
    tool_calls: list[Fields] = field(default_factory=list)
    notes: list[Fields] = field(default_factory=list)
    prompts: list[Fields] = field(default_factory=list)
    retries: list[Fields] = field(default_factory=list)
    rounds: list[Fields] = field(default_factory=list)
    variables: list[Fields] = field(default_factory=list)
    asks: list[Fields] = field(default_factory=list)


def trace_fold(events: Iterable[Event]) -> list[NodeTrace]:
    """Return the nodes in the order in which they first started."""
    nodes: dict[str, NodeTrace] = {}
    for event in events:
        match event.body:
            case NodeStarted() as body:
                _start(nodes, event.at, body)
            case RunCancelled():
                _stop_open(nodes, event.at, "cancelled")
            case RunFailed():
                _stop_open(nodes, event.at, "failed")
            case RunPaused(reasons=reasons):
                _pause(nodes, reasons)
            case AnnotationReply() as reply:
                nodes[ANNOTATION_NODE] = _annotated(event.at, reply)
            case body:
                if (node := nodes.get(getattr(body, "node_id", ""))) is not None:
                    _advance(node, event)
    return list(nodes.values())


def _start(nodes: dict[str, NodeTrace], at: float, body: NodeStarted) -> None:
    node = nodes.get(body.node_id)
    if node is None:
        nodes[body.node_id] = NodeTrace(body.node_id, body.node_kind, body.title, dict(body.inputs), at)
    else:
        node.attempts += 1
        node.status = "running"


def _annotated(at: float, reply: AnnotationReply) -> NodeTrace:
    """Return the step before all nodes, in which an annotation was looked for."""
    found = ("outcome", "score", "threshold", "annotation_id", "question", "answer", "author")
    outputs: Fields = {name: value for name in found if (value := getattr(reply, name)) != ""}
    step = NodeTrace(ANNOTATION_NODE, ANNOTATION_NODE, "Annotation reply", {}, at - reply.elapsed_ms / 1000)
    step.status, step.outputs, step.elapsed_ms = "succeeded", outputs, reply.elapsed_ms
    if reply.outcome == "failed":
        step.status, step.error = "exception", {"code": "annotation_failed", "message": reply.message}
    return step


def _stop_open(nodes: dict[str, NodeTrace], at: float, status: str) -> None:
    for node in nodes.values():
        if node.status in ("running", "paused"):
            node.status, node.elapsed_ms = status, (at - node.started_at) * 1000


def _pause(nodes: dict[str, NodeTrace], reasons: Iterable[str]) -> None:
    for path in reasons:
        if path in nodes:
            nodes[path].status = "paused"


def _advance(node: NodeTrace, event: Event) -> None:
    match event.body:
        case TextDelta(text=text):
            node.text += text
        case TextReset(text=text):
            node.text = text
        case NodeFinished() as done:
            _finish(node, done)
        case NodeFailed(code=code, message=message):
            node.status, node.elapsed_ms = "failed", (event.at - node.started_at) * 1000
            node.error = {"code": code, "message": message}
        case NodeRetried() as failed:
            node.retries.append({**_told(failed), "at": event.at})
        case PromptSent() as prompt:
            node.prompts.append({**_told(prompt), "at": event.at})
        case VariableAssigned(selector=selector, value=value):
            node.variables.append({"selector": list(selector), "value": value})
        case _:
            _advance_inside(node, event)


def _finish(node: NodeTrace, done: NodeFinished) -> None:
    node.status, node.elapsed_ms = "exception" if done.failure else "succeeded", done.elapsed_ms
    node.outputs, node.usage, node.model = dict(done.outputs), dict(done.usage), done.model
    node.handle, node.given = done.handle, done.given
    if done.failure:
        node.error = {name: str(done.failure.get(name, "")) for name in ("code", "message")}


def _advance_inside(node: NodeTrace, event: Event) -> None:
    """Take into account what happens between a node's start and its end."""
    match event.body:
        case Sources(sources=sources):
            node.sources = [asdict(source) for source in sources]
        case ToolCalled() | ToolResult() as step:
            _add_step(node, step)
        case AgentNoted() as noted:
            node.notes.append(_told(noted))
        case RoundStarted() as opened if opened.index not in {item["index"] for item in node.rounds}:
            node.rounds.append({**_told(opened), "status": "running", "started_at": event.at})
        case RoundFinished() as ended:
            _end_round(node, ended)
        case HumanInputRequired() as question:
            node.asks.append({**_told(question), "answer": None})
        case HumanInputGiven() as answer:
            for item in node.asks:
                if item["ask"] == answer.ask:
                    item["answer"] = {"values": answer.values, "by": answer.by, "timed_out": answer.timed_out}


def _add_step(node: NodeTrace, step: ToolCalled | ToolResult) -> None:
    """Take a call or its answer in; servers may use the id of a call again in another step."""
    same = [item for item in node.tool_calls if (item["step"], item["call_id"]) == (step.step, step.call_id)]
    if isinstance(step, ToolResult):
        for item in same:
            item.update(output=step.output, error=step.error, elapsed_ms=step.elapsed_ms, files=list(step.files))
    elif not same:
        node.tool_calls.append({**asdict(step), "output": None, "error": "", "elapsed_ms": None, "files": []})


def _end_round(node: NodeTrace, ended: RoundFinished) -> None:
    for item in node.rounds:
        if item["index"] == ended.index:
            item.update(_told(ended), status="exception" if ended.failure else "succeeded")


def _told(body: AgentNoted | PromptSent | NodeRetried | RoundStarted | RoundFinished | HumanInputRequired) -> Fields:
    """Return the fields of a body without the node that it stands under."""
    return {name: value for name, value in asdict(body).items() if name != "node_id"}
