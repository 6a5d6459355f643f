"""The trace of a run, folded from its events: nothing of it is stored twice."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.events import (
    Event,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunCancelled,
    RunFailed,
    Sources,
    TextDelta,
    TextReset,
    ToolCalled,
    ToolResult,
    encode,
)


@dataclass(slots=True)
class NodeTrace:
    """One node of a run; `attempts` counts its starts."""

    node_id: str
    kind: str
    title: str
    inputs: dict[str, object]
    started_at: float
    status: str = "running"
    attempts: int = 1
    outputs: dict[str, object] = field(default_factory=dict)
    error: dict[str, str] | None = None
    usage: dict[str, object] = field(default_factory=dict)
    model: str = ""
    elapsed_ms: float | None = None
    text: str = ""
    sources: list[dict[str, object]] = field(default_factory=list)
    tool_calls: list[dict[str, object]] = field(default_factory=list)


def trace_fold(events: Iterable[Event]) -> list[NodeTrace]:
    """Return the nodes in the order in which they first started."""
    nodes: dict[str, NodeTrace] = {}
    for event in events:
        body = event.body
        if isinstance(body, NodeStarted):
            _start(nodes, event.at, body)
        elif isinstance(body, RunCancelled | RunFailed):
            _stop_open(nodes, event.at, body)
        elif (node := nodes.get(getattr(body, "node_id", ""))) is not None:
            _advance(node, event)
    return list(nodes.values())


def _start(nodes: dict[str, NodeTrace], at: float, body: NodeStarted) -> None:
    node = nodes.get(body.node_id)
    if node is None:
        nodes[body.node_id] = NodeTrace(body.node_id, body.node_kind, body.title, dict(body.inputs), at)
    else:
        node.attempts += 1


def _stop_open(nodes: dict[str, NodeTrace], at: float, body: RunCancelled | RunFailed) -> None:
    status = "cancelled" if isinstance(body, RunCancelled) else "failed"
    for node in nodes.values():
        if node.status == "running":
            node.status, node.elapsed_ms = status, (at - node.started_at) * 1000


def _advance(node: NodeTrace, event: Event) -> None:
    match event.body:
        case TextDelta(text=text):
            node.text += text
        case TextReset(text=text):
            node.text = text
        case Sources(sources=sources):
            node.sources = [dict(encode(Sources("", (source,)))["sources"][0]) for source in sources]
        case ToolCalled() as call:
            node.tool_calls = [item for item in node.tool_calls if item["call_id"] != call.call_id]
            node.tool_calls.append({**encode(call), "output": None, "error": "", "elapsed_ms": None})
        case ToolResult() as result:
            for item in node.tool_calls:
                if item["call_id"] == result.call_id:
                    item.update(output=result.output, error=result.error, elapsed_ms=result.elapsed_ms)
        case NodeFinished() as done:
            node.status, node.elapsed_ms = "succeeded", done.elapsed_ms
            node.outputs, node.usage, node.model = dict(done.outputs), dict(done.usage), done.model
        case NodeFailed(code=code, message=message):
            node.status, node.elapsed_ms = "failed", (event.at - node.started_at) * 1000
            node.error = {"code": code, "message": message}
        case _:
            pass
