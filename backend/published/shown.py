"""What of a run its visitor sees: the answer, cited passages, and steps by name. Everything else stays inside.

An allow-list: prompts, inputs and outputs of nodes, passages that the answer does not cite, ids of datasets and the
words of errors may tell of the app and its documents what its author never meant to publish.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

from agents.events import (
    Body,
    Event,
    HumanInputGiven,
    HumanInputRequired,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStarted,
    Sources,
    TextDelta,
    TextReset,
    ToolCalled,
    ToolResult,
)
from agents.types import JsonValue, Source
from agents.workflow.paths import is_inner
from agents.workflow.values import REFERENCE, is_reference
from backend.published.models import Site
from backend.runs.journal import row_of
from backend.runs.models import Run, RunEvent, RunStatus, RunValue
from backend.runs.trace import NodeTrace, trace_fold

KINDS = tuple(
    body.kind
    for body in (
        *(NodeStarted, NodeFinished, NodeFailed, Sources, ToolCalled, ToolResult),
        *(HumanInputRequired, HumanInputGiven, RunFailed, RunCancelled, RunPaused),
    )
)


def event_shown(event: Event, site: Site) -> Event | None:
    """Return the event as a visitor may see it; None for one that they see nothing of."""
    body = _ending(event.body) or _answer(event.body, site) or _step(event.body, site)
    return replace(event, body=body) if body else None


def _answer(body: Body, site: Site) -> Body | None:
    match body:
        case TextDelta() | TextReset():
            return body
        case Sources() if site.show_sources:
            return replace(body, sources=tuple(_passage(source) for source in body.sources if source.cited))
        case HumanInputRequired():
            return body
        case HumanInputGiven():
            return replace(body, by="")
        case _:
            return None


def _ending(body: Body) -> Body | None:
    match body:
        case RunStarted():
            return replace(body, app_id="", inputs={})
        case RunFinished():
            return replace(body, usage={}, cost="0", exceptions=0)
        case RunFailed():
            return replace(body, message="")
        case RunPaused():
            return replace(body, reasons=())
        case RunCancelled():
            return body
        case _:
            return None


def _step(body: Body, site: Site) -> Body | None:
    if not site.show_steps or is_inner(getattr(body, "node_id", "")):
        return None
    match body:
        case NodeStarted():
            return replace(body, inputs={})
        case NodeFinished():
            failure = {"code": str(body.failure.get("code", ""))} if body.failure else {}
            return NodeFinished(body.node_id, body.node_kind, {}, elapsed_ms=body.elapsed_ms, failure=failure)
        case NodeFailed():
            return replace(body, message="")
        case _:
            return _tool(body)


def _tool(body: Body) -> Body | None:
    match body:
        case ToolCalled():
            return replace(body, arguments={}, thought="")
        case ToolResult():
            return replace(body, output="", files=())
        case _:
            return None


def _passage(source: Source) -> Source:
    return replace(source, dataset_id="", dataset_name="", document_id="", chunk_id="", score=0.0)


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run as its visitor may see it."""

    run: Run
    nodes: tuple[NodeTrace, ...]
    site: Site
    rating: str | None

    def to_json(self) -> dict[str, object]:
        """Return the form that is served."""
        run = self.run
        outputs = outputs_whole(run)
        answer = outputs.get("answer")
        return {
            "id": str(run.id),
            "conversation_id": str(run.conversation_id) if run.conversation_id else None,
            "status": run.status,
            "query": run.query,
            "inputs": run.inputs,
            "files": [_file(item) for item in run.spec.get("files", [])],
            "answer": answer if isinstance(answer, str) else "",
            "outputs": outputs,
            "error": run.error_code or None,
            "rating": self.rating,
            "sources": self._sources(),
            "steps": self._steps(),
            "asks": self._asks(),
            "created_at": run.created_at.isoformat(),
            "elapsed_ms": (run.finished_at - run.created_at).total_seconds() * 1000 if run.finished_at else None,
        }

    def _sources(self) -> list[dict[str, object]]:
        if not self.site.show_sources:
            return []
        found = _cited(self.nodes)
        once = {(source.dataset_id, source.chunk_id): source for source in found}
        return [asdict(_passage(source)) for source in once.values()]

    def _steps(self) -> list[dict[str, object]]:
        if not self.site.show_steps:
            return []
        return [
            {
                "node_id": node.node_id,
                "kind": node.kind,
                "title": node.title,
                "status": node.status,
                "elapsed_ms": node.elapsed_ms,
                "tools": [{"name": call["name"], "failed": bool(call["error"])} for call in node.tool_calls],
            }
            for node in self.nodes
            if not is_inner(node.node_id)
        ]

    def _asks(self) -> list[dict[str, object]]:
        if self.run.status != RunStatus.PAUSED:
            return []
        return [
            {"node_id": node.node_id, "title": node.title, **{name: item[name] for name in ("ask", "form")}}
            for node in self.nodes
            for item in node.asks
            if item["answer"] is None
        ]


def _cited(nodes: Iterable[NodeTrace]) -> list[Source]:
    return [Source(**item) for node in nodes for item in node.sources if item["cited"]]


def source_cited(run: Run, site: Site, position: int) -> Source | None:
    """Return the passage that the answer cites as `[position]`, with its ids; None where the page shows none."""
    (shown,) = runs_shown([run], site, {})
    cited = _cited(shown.nodes) if site.show_sources else []
    return next((source for source in cited if source.position == position), None)


def _file(item: Mapping[str, object]) -> dict[str, object]:
    return {name: item.get(name) for name in ("id", "name", "mime_type", "size_bytes")}


def outputs_whole(run: Run) -> dict[str, JsonValue]:
    """Return the outputs with the large values that references stand for."""
    ids = [value[REFERENCE] for value in run.outputs.values() if is_reference(value)]
    texts = {str(row.id): row.text for row in RunValue.objects.filter(run=run, id__in=ids)} if ids else {}
    return {
        name: json.loads(texts[value[REFERENCE]]) if is_reference(value) and value[REFERENCE] in texts else value
        for name, value in run.outputs.items()
    }


def runs_shown(runs: Iterable[Run], site: Site, ratings: Mapping[object, str]) -> list[ShownRun]:
    """Return runs as their visitor may see them; the events of all are read at once."""
    listed = list(runs)
    events: dict[object, list[Event]] = {run.id: [] for run in listed}
    records = RunEvent.objects.filter(run_id__in=events, kind__in=KINDS).order_by("run_id", "seq")
    for record in records:
        events[record.run_id].append(row_of(record).event)
    return [ShownRun(run, tuple(trace_fold(events[run.id])), site, ratings.get(run.id)) for run in listed]
