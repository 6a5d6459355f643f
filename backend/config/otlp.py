"""A run's trace as OpenTelemetry spans with the GenAI conventions, in OTLP's JSON. Made of what is stored: run → node →
model call or tool call.

Ids are made of the run's own, so that a trace that is sent twice is the same trace. What people wrote and models said
is left out unless `with_content`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agents.types import JsonValue
from backend.runs.models import Run, RunStatus
from backend.runs.trace import NodeTrace

Attributes = Mapping[str, object]
INTERNAL, SERVER, CLIENT = 1, 2, 3
OK, ERROR = 1, 2
PARAMETERS = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "max_tokens": "gen_ai.request.max_tokens",
    "seed": "gen_ai.request.seed",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
}


@dataclass(frozen=True, slots=True)
class Span:
    """One span; times are seconds since 1970, `error` is a code and a message."""

    name: str
    path: str
    parent: str | None
    start: float
    end: float
    kind: int = INTERNAL
    attributes: Attributes = field(default_factory=dict)
    error: tuple[str, str] | None = None


CallTimes = Mapping[tuple[str, int, str], float]
"""(node, step, id of the call) → when a tool was called."""


def spans_of(run: Run, nodes: Sequence[NodeTrace], called: CallTimes, *, with_content: bool) -> list[Span]:
    """Return the spans of an ended run, its own first."""
    for node in nodes:
        for call in node.tool_calls:
            call["at"] = called.get((node.node_id, int(str(call["step"])), str(call["call_id"])))
    end = run.finished_at.timestamp()
    paths = {node.node_id for node in nodes}
    spans = [_run_span(run, end, with_content=with_content)]
    for node in nodes:
        spans += _node_spans(node, _parent_of(node.node_id, paths), end, with_content=with_content)
    return spans


def _run_span(run: Run, end: float, *, with_content: bool) -> Span:
    is_agent = run.app is not None and run.app.mode == "agent"
    operation = "invoke_agent" if is_agent else "invoke_workflow"
    name = run.app.name if run.app else run.source
    attributes: dict[str, object] = {
        "gen_ai.operation.name": operation,
        f"gen_ai.{'agent' if is_agent else 'workflow'}.name": name,
        "gen_ai.conversation.id": str(run.conversation_id or ""),
        "gen_ai.usage.input_tokens": run.prompt_tokens,
        "gen_ai.usage.output_tokens": run.completion_tokens,
        "atelier.run.id": str(run.id),
        "atelier.run.source": run.source,
        "atelier.run.status": run.status,
        "atelier.run.cost_usd": float(run.cost),
        "atelier.workspace.id": str(run.workspace_id),
        "atelier.app.id": str(run.app_id or ""),
        "atelier.app.version": run.app_version,
    }
    if with_content:
        attributes |= {"atelier.run.inputs": _json(run.inputs), "atelier.run.outputs": _json(run.outputs)}
        attributes |= {"atelier.run.query": run.query, "enduser.id": run.end_user}
    error = (run.error_code, run.error_message) if run.status == RunStatus.FAILED else None
    return Span(f"{operation} {name}", "", None, run.created_at.timestamp(), end, SERVER, attributes, error)


def _parent_of(path: str, known: Iterable[str]) -> str:
    """Return the container's path of a node inside a round (`iter:3/x` is in `iter`), or the run's, which is empty."""
    outer = path.rpartition("/")[0].rpartition(":")[0]
    return outer if outer and outer in known else ""


def _node_spans(node: NodeTrace, parent: str, run_end: float, *, with_content: bool) -> list[Span]:
    end = run_end if node.elapsed_ms is None else min(run_end, node.started_at + node.elapsed_ms / 1000)
    attributes: dict[str, object] = {
        "atelier.node.id": node.node_id,
        "atelier.node.kind": node.kind,
        "atelier.node.status": node.status,
        "atelier.node.attempts": node.attempts,
        "atelier.node.sources": len(node.sources) or None,
    }
    if node.kind == "agent":
        attributes |= {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": node.title}
        attributes |= _usage(node)
    error = (str(node.error.get("code")), str(node.error.get("message"))) if node.error else None
    name = f"invoke_agent {node.title}" if node.kind == "agent" else node.title or node.kind
    own = Span(name, node.node_id, parent, node.started_at, max(end, node.started_at), INTERNAL, attributes, error)
    return [own, *_chat_spans(node, own, with_content=with_content), *_tool_spans(node, own, with_content=with_content)]


def _usage(node: NodeTrace) -> dict[str, object]:
    names = {"prompt_tokens": "gen_ai.usage.input_tokens", "completion_tokens": "gen_ai.usage.output_tokens"}
    return {ours: node.usage.get(name) for name, ours in names.items()}


def _chat_spans(node: NodeTrace, own: Span, *, with_content: bool) -> list[Span]:
    """Return a span for each prompt: it ends where the next step of the node begins."""
    steps = sorted(_at(item, own.start) for item in (*node.prompts, *node.tool_calls))
    spans = []
    for number, prompt in enumerate(node.prompts):
        start = _at(prompt, own.start)
        end = next((at for at in steps if at > start), own.end)
        model = str(prompt.get("model", "") or node.model)
        provider, _, name = model.rpartition("/")
        attributes: dict[str, object] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider or "atelier",
            "gen_ai.request.model": name,
        }
        parameters = prompt.get("parameters")
        if isinstance(parameters, Mapping):
            attributes |= {ours: parameters[key] for key, ours in PARAMETERS.items() if key in parameters}
        if len(node.prompts) == 1:
            attributes |= {**_usage(node), "gen_ai.response.model": node.model.rpartition("/")[2]}
            reason = node.outputs.get("finish_reason")
            attributes["gen_ai.response.finish_reasons"] = [str(reason)] if reason else None
        if with_content:
            attributes["gen_ai.input.messages"] = _json(prompt.get("messages"))
            if number == len(node.prompts) - 1 and node.text:
                said = [{"role": "assistant", "parts": [{"type": "text", "content": node.text}]}]
                attributes["gen_ai.output.messages"] = _json(said)
        is_last = number == len(node.prompts) - 1
        error = own.error if is_last else None
        path = f"{node.node_id}#chat{number}"
        spans.append(Span(f"chat {name}", path, node.node_id, start, max(start, end), CLIENT, attributes, error))
    return spans


def _tool_spans(node: NodeTrace, own: Span, *, with_content: bool) -> list[Span]:
    spans = []
    for number, call in enumerate(node.tool_calls):
        start = _at(call, own.start)
        elapsed_ms = call.get("elapsed_ms")
        end = start + elapsed_ms / 1000 if isinstance(elapsed_ms, int | float) else own.end
        attributes: dict[str, object] = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": str(call.get("name", "")),
            "gen_ai.tool.call.id": str(call.get("call_id", "")),
            "gen_ai.tool.type": "function",
        }
        if with_content:
            attributes["gen_ai.tool.call.arguments"] = _json(call.get("arguments"))
            attributes["gen_ai.tool.call.result"] = str(call.get("output") or "")
        error = (str(call["error"]), "the tool failed") if call.get("error") else None
        name, path = f"execute_tool {call.get('name', '')}", f"{node.node_id}#tool{number}"
        spans.append(Span(name, path, node.node_id, start, max(start, end), INTERNAL, attributes, error))
    return spans


def _at(item: Mapping[str, object], otherwise: float) -> float:
    at = item.get("at")
    return float(at) if isinstance(at, int | float) else otherwise


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def request_of(traces: Iterable[tuple[Run, Sequence[Span]]], version: str) -> dict[str, JsonValue]:
    """Return the body of a POST to `/v1/traces`."""
    encoded: list[JsonValue] = [_encoded(str(run.id), span) for run, spans in traces for span in spans]
    resource = _attributes({"service.name": "atelier", "service.version": version})
    scope: dict[str, JsonValue] = {"name": "atelier.runs", "version": version}
    return {
        "resourceSpans": [{"resource": {"attributes": resource}, "scopeSpans": [{"scope": scope, "spans": encoded}]}]
    }


def _encoded(run_id: str, span: Span) -> dict[str, JsonValue]:
    attributes = dict(span.attributes)
    status: dict[str, JsonValue] = {"code": OK}
    if span.error:
        attributes["error.type"] = span.error[0]
        status = {"code": ERROR, "message": span.error[0]}
    made: dict[str, JsonValue] = {
        "traceId": run_id.replace("-", ""),
        "spanId": _span_id(run_id, span.path),
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(int(span.start * 1e9)),
        "endTimeUnixNano": str(int(span.end * 1e9)),
        "attributes": _attributes(attributes),
        "status": status,
    }
    if span.parent is not None:
        made["parentSpanId"] = _span_id(run_id, span.parent)
    return made


def _span_id(run_id: str, path: str) -> str:
    return hashlib.sha256(f"{run_id}:{path}".encode()).hexdigest()[:16]


def _attributes(values: Mapping[str, object]) -> list[JsonValue]:
    """Return OTLP's pairs; what is unknown or empty is left out."""
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value not in (None, "")]


def _value(value: object) -> dict[str, JsonValue]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [_value(item) for item in value]}}
        case _:
            return {"stringValue": str(value)}
