"""Tells the course of a graph in Dify's wire format: its start, each node, rounds, pauses and its end."""

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from agents.events import (
    Body,
    Event,
    HumanInputGiven,
    HumanInputRequired,
    NodeFailed,
    NodeFinished,
    NodeRetried,
    NodeStarted,
    RoundFinished,
    RoundStarted,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStarted,
    ToolCalled,
    ToolResult,
)
from agents.types import JsonObject, JsonValue
from agents.workflow.paths import node_of, rounds_of
from agents.workflow.state import RunState, usage_of
from agents.workflow.values import is_reference
from agents.workflow.variables import is_file

Chunk = dict[str, object]
CONTAINERS = frozenset({"iteration", "loop"})
"""The kinds whose rounds clients of Dify know; what runs inside a called workflow is that workflow's own."""


@dataclass(frozen=True, slots=True)
class GraphFacts:
    """What the chunks of a run repeat; `created_by` is `{"id", "user"}`. Times are Unix seconds."""

    run_id: str
    workflow_id: str
    created_at: int
    created_by: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Node:
    """A node that has started; `attempt` tells its starts apart."""

    path: str
    kind: str
    title: str
    index: int
    at: float
    inputs: JsonObject
    attempt: int = 1


class GraphEvents:
    """Translates what concerns the graph, event by event. `state` is the fold of all events, this one included."""

    def __init__(self, facts: GraphFacts, state: RunState) -> None:
        self.facts = facts
        self._state = state
        self._nodes: dict[str, _Node] = {}
        self._round_outputs: dict[str, JsonValue] = {}
        self._started_at = float(facts.created_at)

    def translate(self, event: Event) -> list[Chunk]:
        """Return the chunks, without what the stream's kind of app puts around them."""
        body = event.body
        match body:
            case RunStarted():
                self._started_at = event.at
                return [self._chunk("workflow_started", self._start(body))]
            case RunFinished() | RunFailed() | RunCancelled():
                return [self._chunk("workflow_finished", self.end(body, event.at))]
            case RunPaused():
                return [self._chunk("workflow_paused", self._pause(body, event.at))]
        path = getattr(body, "node_id", "")
        if not path or self._is_hidden(path):
            return []
        return [self._chunk(*told) for told in self._of_node(path, body, event.at)]

    def _chunk(self, kind: str, data: Chunk) -> Chunk:
        run = {"workflow_run_id": self.facts.run_id} if kind != "agent_log" else {}
        return {"event": kind, **run, "task_id": self.facts.run_id, "data": data}

    def _is_hidden(self, path: str) -> bool:
        """Whether the node runs inside something that is neither an iteration nor a loop."""
        containers = (container for _, container, _ in rounds_of(path))
        return any(
            container not in self._nodes or self._nodes[container].kind not in CONTAINERS for container in containers
        )

    def _of_node(self, path: str, body: Body, at: float) -> Iterable[tuple[str, Chunk]]:
        if isinstance(body, NodeStarted):
            yield self._node_start(body, at)
            return
        node = self._nodes.get(path)
        if node is None:
            return
        match body:
            case NodeFinished() | NodeFailed():
                yield self._node_end(node, body, at)
            case NodeRetried():
                failed = {**self._base(node), **self._result("retry", {}, body.message, at - node.at, at)}
                yield "node_retry", {**failed, "retry_index": body.attempt}
            case RoundStarted() if node.kind in CONTAINERS:
                yield self._round_start(node, body)
            case RoundFinished():
                self._round_outputs[path] = body.output
            case ToolCalled() | ToolResult():
                yield "agent_log", _agent_log(self._execution_id(node), node, body)
            case HumanInputRequired():
                yield "human_input_required", self._form(node, body)
            case HumanInputGiven():
                yield self._form_end(node, body, at)
            case _:
                pass

    def _start(self, body: RunStarted) -> Chunk:
        facts = self.facts
        inputs, created_at = dict(body.inputs), facts.created_at
        return {
            "id": facts.run_id,
            "workflow_id": facts.workflow_id,
            "inputs": inputs,
            "created_at": created_at,
            "reason": "initial",
        }

    def _node_start(self, body: NodeStarted, at: float) -> tuple[str, Chunk]:
        known = self._nodes.get(body.node_id)
        if known is None:
            known = _Node(body.node_id, body.node_kind, body.title, len(self._nodes) + 1, at, body.inputs)
        else:
            known = replace(known, at=at, inputs=body.inputs, attempt=known.attempt + 1)
        self._nodes[body.node_id] = known
        if known.kind in CONTAINERS:
            return f"{known.kind}_started", {**self._container(known), "inputs": dict(_shown(known.inputs))}
        return "node_started", {**self._base(known), "agent_strategy": None}

    def _node_end(self, node: _Node, body: NodeFinished | NodeFailed, at: float) -> tuple[str, Chunk]:
        if isinstance(body, NodeFailed):
            status, error, outputs, elapsed_s, tokens = "failed", body.message, {}, at - node.at, 0
        else:
            usage = usage_of(body)
            status = "exception" if body.failure else "succeeded"
            error = str(body.failure.get("message", "")) or None
            outputs, elapsed_s = dict(body.outputs), body.elapsed_ms / 1000
            tokens = usage.prompt_tokens + usage.completion_tokens
        result = self._result(status, outputs, error, elapsed_s, at, tokens)
        if node.kind in CONTAINERS:
            counted: Chunk = {"total_tokens": tokens, "steps": len(self._state.node(node.path).rounds)}
            return f"{node.kind}_completed", {
                **self._container(node),
                "inputs": dict(_shown(node.inputs)),
                **result,
                **counted,
            }
        return "node_finished", {**self._base(node), **result}

    def _round_start(self, node: _Node, body: RoundStarted) -> tuple[str, Chunk]:
        before = {"pre_loop_output": self._round_outputs.get(node.path)} if node.kind == "loop" else {}
        return f"{node.kind}_next", {**self._container(node), "index": body.index, **before}

    def _execution_id(self, node: _Node) -> str:
        return str(uuid.uuid5(uuid.UUID(self.facts.run_id), f"{node.path}#{node.attempt}"))

    def _container(self, node: _Node) -> Chunk:
        return {
            "id": self._execution_id(node),
            "node_id": node_of(node.path),
            "node_type": node.kind,
            "title": node.title,
            "created_at": int(node.at),
            "extras": {},
            "metadata": {},
        }

    def _base(self, node: _Node) -> Chunk:
        around = {self._nodes[container].kind: node_of(container) for _, container, _ in rounds_of(node.path)}
        return {
            "id": self._execution_id(node),
            "node_id": node_of(node.path),
            "node_type": node.kind,
            "title": node.title,
            "index": node.index,
            "predecessor_node_id": None,
            "inputs": dict(_shown(node.inputs)),
            "inputs_truncated": _is_cut(node.inputs),
            "created_at": int(node.at),
            "extras": {},
            "iteration_id": around.get("iteration"),
            "loop_id": around.get("loop"),
        }

    def _result(
        self, status: str, outputs: JsonObject, error: str | None, elapsed_s: float, at: float, tokens: int = 0
    ) -> Chunk:
        return {
            "process_data": {},
            "process_data_truncated": False,
            "outputs": dict(_shown(outputs)),
            "outputs_truncated": _is_cut(outputs),
            "status": status,
            "error": error,
            "elapsed_time": round(elapsed_s, 6),
            "execution_metadata": {"total_tokens": tokens, "total_price": "0", "currency": "USD"},
            "finished_at": int(at),
            "files": files_in(outputs),
        }

    def _form(self, node: _Node, body: HumanInputRequired) -> Chunk:
        form = dict(body.form)
        return {
            "form_id": str(uuid.uuid5(uuid.UUID(self.facts.run_id), f"{body.node_id}?{body.ask}")),
            "node_id": node_of(node.path),
            "node_title": node.title,
            "form_content": form.get("content", form.get("title", "")),
            "inputs": form.get("inputs", []),
            "actions": form.get("actions", []),
            "display_in_ui": False,
            "form_token": None,
            "resolved_default_values": {},
            "expiration_time": int(body.expires_at) or None,
        }

    def _form_end(self, node: _Node, body: HumanInputGiven, at: float) -> tuple[str, Chunk]:
        named = {"node_id": node_of(node.path), "node_title": node.title}
        if body.timed_out:
            return "human_input_form_timeout", {**named, "expiration_time": int(at)}
        action = str(body.values.get("action", ""))
        filled = {
            "rendered_content": "",
            "action_id": action,
            "action_text": action,
            "submitted_data": dict(body.values),
        }
        return "human_input_form_filled", {**named, **filled}

    def _totals(self) -> Chunk:
        usage, nodes = self._state.usage, self._state.nodes.values()
        steps = sum(bool(record.finished or record.failed) for record in nodes)
        return {"total_tokens": usage.prompt_tokens + usage.completion_tokens, "total_steps": steps}

    def _pause(self, body: RunPaused, at: float) -> Chunk:
        reasons = [{"TYPE": "human_input_required", "node_id": node_of(path)} for path in body.reasons]
        return {
            "workflow_run_id": self.facts.run_id,
            "paused_nodes": [node_of(path) for path in body.reasons],
            "outputs": {},
            "reasons": reasons,
            "status": "paused",
            "created_at": self.facts.created_at,
            "elapsed_time": round(at - self._started_at, 6),
            **self._totals(),
        }

    def end(self, body: RunFinished | RunFailed | RunCancelled, at: float) -> Chunk:
        """Return the data of `workflow_finished`, which is also the blocking answer's."""
        outputs: JsonObject = {}
        error: str | None = None
        elapsed_s, exceptions = at - self._started_at, self._state.exceptions
        match body:
            case RunFinished():
                status = "partial-succeeded" if body.exceptions else "succeeded"
                outputs, elapsed_s = body.outputs, body.elapsed_ms / 1000
            case RunFailed():
                status, error = "failed", body.message
            case RunCancelled():
                status = "stopped"
        return {
            "id": self.facts.run_id,
            "workflow_id": self.facts.workflow_id,
            "status": status,
            "outputs": dict(outputs),
            "error": error,
            "elapsed_time": round(elapsed_s, 6),
            **self._totals(),
            "created_by": dict(self.facts.created_by),
            "created_at": self.facts.created_at,
            "finished_at": int(at),
            "exceptions_count": exceptions,
            "files": files_in(outputs),
        }


def files_in(outputs: JsonObject) -> list[JsonValue]:
    """Return the files among the outputs, those in lists too."""
    found: list[JsonValue] = []
    for value in outputs.values():
        items = value if isinstance(value, list) else [value]
        found += [item for item in items if is_file(item)]
    return found


def _is_cut(values: JsonObject) -> bool:
    return any(is_reference(value) for value in values.values())


def _shown(values: JsonObject) -> JsonObject:
    """Return the values; of what is large, its beginning."""
    return {name: value["preview"] if is_reference(value) else value for name, value in values.items()}


def _agent_log(execution_id: str, node: _Node, body: ToolCalled | ToolResult) -> Chunk:
    """Return a step of an agent; its call and its result have one id."""
    is_end = isinstance(body, ToolResult)
    data: Chunk = {"tool": body.name}
    if isinstance(body, ToolResult):
        data |= {"output": body.output, "elapsed_ms": body.elapsed_ms}
    else:
        data |= {"arguments": dict(body.arguments), "thought": body.thought}
    error = body.error if isinstance(body, ToolResult) else ""
    return {
        "node_execution_id": execution_id,
        "id": str(uuid.uuid5(uuid.UUID(execution_id), f"{body.step}:{body.call_id}")),
        "label": f"CALL {body.name}",
        "parent_id": None,
        "error": error or None,
        "status": ("error" if error else "success") if is_end else "start",
        "data": data,
        "metadata": {},
        "node_id": node_of(node.path),
    }


def inputs_text(inputs: JsonObject) -> str:
    """Return a run's inputs as the detail of a run shows them: JSON in a text."""
    return json.dumps(inputs, ensure_ascii=False)
