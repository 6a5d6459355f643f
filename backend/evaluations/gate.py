"""Decides whether a draft may be published, by its experiment against the published version on the demanded set."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from backend.apps.models import App
from backend.apps.ports import GateVerdict
from backend.apps.selectors import app_draft, version_draft
from backend.evaluations.models import Experiment, ExperimentStatus, PublishGate
from backend.evaluations.results import compare_rows
from backend.evaluations.selectors import cases_of, experiments_list, fingerprint, gate_of, in_order, rows_of, state_of
from backend.evaluations.services.experiments import evaluator_content
from backend.evaluations.statistics import FEWEST_PAIRS, Comparison

LOOK_BACK = 200
State = Literal["off", "first", "unchanged", "missing", "running", "incomplete", "few_cases", "worse", "passed"]
OPEN_STATES = frozenset({"off", "first", "unchanged", "passed"})
MAX_FALLEN = 20


@dataclass(frozen=True, slots=True)
class Fallen:
    """A case that got worse."""

    number: int
    query: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an app stands before its gate, and why."""

    state: State
    reason: str = ""
    experiment_id: UUID | None = None
    comparison: Comparison | None = None
    fallen: tuple[Fallen, ...] = ()

    @property
    def is_open(self) -> bool:
        """May the draft be published?"""
        return self.state in OPEN_STATES


def gate_ask(app: App) -> GateVerdict | None:
    """Return why the app's draft may not be published, or None: what the publish service asks."""
    standing = standing_of(app)
    if standing.is_open:
        return None
    return GateVerdict(standing.reason, standing.state, standing.experiment_id)


def standing_of(app: App) -> Standing:
    """Return where the app's draft stands."""
    gate = gate_of(app.workspace_id, app.id)
    if gate is None or not gate.is_on:
        return Standing("off")
    if app.published_version is None:
        return Standing("first", "nothing is published yet that the draft could be worse than")
    draft = fingerprint(app_draft(app).to_json())
    live = fingerprint(version_draft(app.published_version).to_json())
    if draft == live:
        return Standing("unchanged", "the draft is what is published")
    return _tried(gate, app.published_version.number, draft, live)


def _tried(gate: PublishGate, number: int, draft: str, live: str) -> Standing:
    found = _experiment(gate, draft, live)
    against = f"version {number} on the test set {gate.test_set.name!r}"
    if found is None:
        return Standing("missing", f"this draft was not compared with {against}: run the gate's experiment")
    experiment, before, after = found
    if experiment.finished_at is None:
        return Standing("running", f"the experiment against {against} is running", experiment.id)
    if experiment.status != ExperimentStatus.FINISHED:
        reason = experiment.reason or "it did not come to its end"
        return Standing("incomplete", f"the experiment against {against} is incomplete: {reason}", experiment.id)
    return _judged(experiment, before, after, against)


def _experiment(gate: PublishGate, draft: str, live: str) -> tuple[Experiment, int, int] | None:
    """Return the newest experiment of just this draft against just this version, on the set as it is now.

    One that is running or finished comes before one that was stopped.
    """
    state = state_of(in_order(cases_of(gate.test_set)))
    wanted = {fingerprint(evaluator_content(item)) for item in gate.evaluators.all()}
    fitting: list[tuple[Experiment, int, int]] = []
    for experiment in experiments_list(gate.workspace_id, app_id=gate.app_id, set_id=gate.test_set_id)[:LOOK_BACK]:
        variants = [variant["fingerprint"] for variant in experiment.variants]
        asked = {fingerprint(item) for item in experiment.evaluators}
        if experiment.set_state == state and asked == wanted and draft in variants and live in variants:
            fitting.append((experiment, variants.index(live), variants.index(draft)))
    ended_badly = (ExperimentStatus.STOPPED, ExperimentStatus.CANCELLED)
    whole = [item for item in fitting if item[0].status not in ended_badly]
    return next(iter(whole or fitting), None)


def _judged(experiment: Experiment, before: int, after: int, against: str) -> Standing:
    rows = list(rows_of(experiment))
    old = [row for row in rows if row.variant == before]
    new = [row for row in rows if row.variant == after]
    comparison = compare_rows(old, new)
    was = {row.number: row.score for row in old}
    fallen = tuple(
        Fallen(row.number, row.case["query"] or str(row.case["inputs"]), was[row.number], row.score)
        for row in new
        if row.score is not None and was.get(row.number) is not None and row.score < was[row.number]
    )[:MAX_FALLEN]
    told = {"experiment_id": experiment.id, "comparison": comparison, "fallen": fallen}
    unscored = sum(row.score is None for row in new)
    if comparison is None or comparison.count < FEWEST_PAIRS:
        count = comparison.count if comparison else 0
        reason = f"only {count} cases have a score with both: {FEWEST_PAIRS} are needed to tell anything"
        return Standing("few_cases", reason, **told)
    if unscored > sum(row.score is None for row in old):
        reason = f"{unscored} cases of the draft have no score, more than of {against}: see why the evaluators failed"
        return Standing("incomplete", reason, **told)
    if comparison.outcome == "worse":
        reason = (
            f"the draft is significantly worse than {against}: {comparison.difference:+.3f} "
            f"(95 % between {comparison.low:+.3f} and {comparison.high:+.3f}), {comparison.worse} of "
            f"{comparison.count} cases fell"
        )
        return Standing("worse", reason, **told)
    return Standing("passed", f"the draft is not significantly worse than {against}", **told)
