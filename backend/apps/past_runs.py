"""What earlier runs of an app's draft gave, node by node: the material of debugging. Large values come whole."""

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q

from agents.events import NodeFinished
from agents.types import Given, JsonObject, JsonValue
from agents.workflow.paths import SEPARATOR, is_inner
from agents.workflow.values import REFERENCE, is_reference
from backend.apps.models import App
from backend.common.errors import NotFound
from backend.runs.journal import row_of
from backend.runs.models import Run, RunEvent, RunSource, RunValue
from backend.runs.selectors import run_trace
from backend.runs.trace import NodeTrace

LOOKED_BACK = 50
"""How many runs of the draft are searched for what a node gave."""


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run in which a node took part."""

    run: Run
    node: NodeTrace


def draft_runs(app: App) -> list[uuid.UUID]:
    """Return the newest runs of the app's draft, the newest first."""
    runs = Run.objects.within(app.workspace_id).filter(app=app, source=RunSource.CONSOLE, app_version=None)
    return list(runs.order_by("-created_at", "-id").values_list("id", flat=True)[:LOOKED_BACK])


def run_of_app(app: App, run_id: uuid.UUID | str) -> Run:
    """Return a run of the app, of its draft or of a version; raises `NotFound`."""
    try:
        wanted = uuid.UUID(str(run_id))
    except ValueError:
        wanted = None
    found = Run.objects.within(app.workspace_id).filter(app=app, id=wanted).first() if wanted else None
    if found is None:
        raise NotFound(f"the app {app.name!r} has no run {str(run_id)[:100]!r}")
    return found


def last_run_of(app: App, node_id: str) -> LastRun | None:
    """Return the newest run of the draft in which the node started; inside a container, its newest round."""
    named = Q(data__node_id=node_id) | Q(data__node_id__endswith=SEPARATOR + node_id)
    started = RunEvent.objects.filter(run_id__in=draft_runs(app), kind="node_started").filter(named)
    event = started.order_by("-at", "-seq").select_related("run").first()
    if event is None:
        return None
    node = next(item for item in run_trace(event.run) if item.node_id == event.data["node_id"])
    return LastRun(event.run, node)


def given_of_run(run: Run) -> dict[str, Given]:
    """Return what each node of the run's own graph gave, by the node's id."""
    return _given(RunEvent.objects.filter(run=run))


def given_by(app: App, node_ids: Iterable[str]) -> dict[str, Given]:
    """Return what these nodes gave the last time that each of them finished in a run of the draft."""
    wanted = set(node_ids)
    return _given(RunEvent.objects.filter(run_id__in=draft_runs(app), data__node_id__in=wanted)) if wanted else {}


def _given(events: object) -> dict[str, Given]:
    found: dict[str, Given] = {}
    for record in events.filter(kind=NodeFinished.kind).order_by("at", "seq"):  # type: ignore[attr-defined]  # a queryset
        body = row_of(record).event.body
        if isinstance(body, NodeFinished) and not is_inner(body.node_id):
            found[body.node_id] = Given(_whole(record.run_id, body.outputs), body.handle)
    return found


def _whole(run_id: uuid.UUID, outputs: JsonObject) -> dict[str, JsonValue]:
    """Return the outputs with the values that their references stand for."""
    ids = [value[REFERENCE] for value in outputs.values() if is_reference(value)]
    texts: Mapping[str, str] = {}
    if ids:
        rows = RunValue.objects.filter(run_id=run_id, id__in=ids)
        texts = {str(row.id): row.text for row in rows}
    return {
        name: json.loads(texts[str(value[REFERENCE])]) if is_reference(value) and value[REFERENCE] in texts else value
        for name, value in outputs.items()
    }
