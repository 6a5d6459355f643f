"""The writes of gates: what an app demands, and the experiment that it demands."""

from collections.abc import Sequence

from django.db import transaction

from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.apps.models import App
from backend.common.errors import Conflict, Invalid
from backend.evaluations.models import EvaluationSet, Evaluator, Experiment, PublishGate
from backend.evaluations.selectors import gate_of
from backend.evaluations.services.experiments import Trial, Variant, experiment_start


@transaction.atomic
def gate_set(
    *, app: App, test_set: EvaluationSet, evaluators: Sequence[Evaluator], is_on: bool, actor: User | None
) -> PublishGate:
    """Say what the app demands before it is published."""
    if not evaluators:
        message = "choose at least one evaluator: without one, nothing is measured"
        raise Invalid(f"evaluators: {message}", fields={"evaluators": [message]})
    gate, _ = PublishGate.unscoped.update_or_create(
        app=app, defaults={"workspace_id": app.workspace_id, "test_set": test_set, "is_on": is_on}
    )
    gate.evaluators.set(evaluators)
    audit_record(
        workspace_id=app.workspace_id,
        actor=actor,
        action="app.gate_changed",
        target=str(app.id),
        detail={"is_on": is_on, "test_set": test_set.name, "evaluators": [item.name for item in evaluators]},
    )
    return gate


def gate_run(*, app: App, actor: User | None) -> Experiment:
    """Start the experiment that the gate demands: the published version against the draft."""
    gate = gate_of(app.workspace_id, app.id)
    if gate is None:
        raise Conflict("the app has no gate: set one first")
    if app.published_version is None:
        raise Conflict("nothing is published yet: there is nothing to compare the draft with")
    trial = Trial(
        app=app,
        test_set=gate.test_set,
        variants=[Variant(version=app.published_version.number), Variant()],
        evaluators=list(gate.evaluators.all()),
    )
    return experiment_start(trial=trial, actor=actor)
