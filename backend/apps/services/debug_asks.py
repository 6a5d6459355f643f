"""Turns what a person wants to debug into the ask of a run; the run itself is like any other."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agents.dsl.saved import SavedGraph
from agents.errors import InvalidGraph
from agents.types import Given, JsonObject, JsonValue, RunSpec
from backend.accounts.models import User
from backend.apps.debugging import Debug, cached_before, given_alone, mocked, node_of_draft, parts_of, reads
from backend.apps.drafts import GRAPH_MODES, graph_refused
from backend.apps.graph_draft import GraphDraft
from backend.apps.models import App
from backend.apps.past_runs import given_by, given_of_run, run_of_app
from backend.apps.selectors import app_draft
from backend.apps.services.plans import RunAsk
from backend.common.errors import Invalid
from backend.runs.models import Run, RunSource


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Which nodes of a run do not run: those before `from_node`, as `run_id` left them, and those with `mocks`."""

    from_node: str = ""
    run_id: str = ""
    mocks: Mapping[str, JsonObject] = field(default_factory=dict)
    handles: Mapping[str, str] = field(default_factory=dict)


def ask_alone(app: App, user: User | None, node_id: str, given: Mapping[str, JsonValue]) -> RunAsk:
    """Return the ask to run one node of the draft: with `given` by "node.field", else with what it last was given."""
    draft, saved = _graph_of(app)
    node_of_draft(saved.nodes, node_id)
    parts = parts_of(given)
    known = given_by(app, {source for source, _ in reads(saved.nodes, node_id)})
    query = parts.get(("sys", "query"), "")
    return RunAsk(
        app=app,
        draft=draft,
        source=RunSource.CONSOLE,
        inputs={key: value for (source, key), value in parts.items() if source == node_id},
        query=query if isinstance(query, str) else str(query),
        user=user,
        history=(),
        debug=Debug(
            only=node_id,
            given=given_alone(saved.nodes, node_id, parts, known),
            conversation={key: value for (source, key), value in parts.items() if source == "conversation"},
        ),
    )


def ask_shortened(ask: RunAsk, shortcut: Shortcut) -> RunAsk:
    """Return the ask with its shortcut; where it says no inputs, those of the run that it goes on from."""
    if shortcut == Shortcut():
        return ask
    _, saved = _graph_of(ask.app)
    given: dict[str, Given] = {}
    if shortcut.from_node:
        if not shortcut.run_id:
            message = "name the run whose results are used before this node"
            raise Invalid(f"run_id: {message}", fields={"run_id": [message]})
        node_of_draft(saved.nodes, shortcut.from_node)
    if shortcut.run_id:
        run = run_of_app(ask.app, shortcut.run_id)
        ask = replace(ask, inputs=ask.inputs or dict(run.inputs), query=ask.query or run.query)
        if shortcut.from_node:
            given = cached_before(saved.nodes, saved.edges, shortcut.from_node, given_of_run(run))
    given |= mocked(saved.nodes, shortcut.mocks, shortcut.handles)
    return replace(ask, debug=Debug(given=given))


def ask_replay(app: App, run: Run, user: User | None) -> RunAsk:
    """Return the ask to run the draft on what a logged run was asked."""
    past = RunSpec.from_json(run.spec)
    return RunAsk(
        app=app,
        draft=app_draft(app),
        source=RunSource.CONSOLE,
        inputs={} if app.mode in GRAPH_MODES else dict(run.inputs),
        query=run.query,
        user=user,
        history=past.history,
        instructions=past.instructions,
        debug=Debug(replayed=past),
    )


def _graph_of(app: App) -> tuple[GraphDraft, SavedGraph]:
    draft = app_draft(app)
    if not isinstance(draft, GraphDraft):
        raise Invalid(f"an app of mode {app.mode!r} has no graph to debug: run it as a whole")
    try:
        return draft, draft.saved()
    except InvalidGraph as error:
        raise graph_refused(error) from error
