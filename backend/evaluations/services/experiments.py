"""The writes of experiments: begun with everything fixed, cancelled, reviewed by people, deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from django.db import transaction
from django.utils import timezone

from agents.types import JsonValue
from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.apps.models import App, AppMode
from backend.apps.selectors import app_draft
from backend.apps.services import RunAsk, ask_varied
from backend.apps.services.versions import draft_check
from backend.common.errors import Conflict, Invalid
from backend.evaluations.advancing import experiment_advance, experiment_stop
from backend.evaluations.models import (
    EvaluationSet,
    Evaluator,
    Experiment,
    ExperimentRow,
    ExperimentRowStatus,
    ExperimentStatus,
)
from backend.evaluations.selectors import case_content, cases_of, fingerprint, in_order, state_of
from backend.runs.models import RunSource

MAX_VARIANTS, MAX_EVALUATORS, MAX_RUNNING, MAX_AT_ONCE = 6, 12, 20, 8


@dataclass(frozen=True, slots=True)
class Variant:
    """What is tried: the draft (`version` None) or a version, with keys of the draft replaced."""

    label: str = ""
    version: int | None = None
    overrides: Mapping[str, JsonValue] | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """After which no further case begins; what is None has no limit. Models that judge are counted too."""

    tokens: int | None = None
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is asked for: variants of an app over a set, judged by evaluators. The first variant is the measure."""

    app: App
    test_set: EvaluationSet
    variants: Sequence[Variant]
    evaluators: Sequence[Evaluator]
    name: str = ""
    at_once: int = 2
    budget: Budget = field(default_factory=Budget)


@transaction.atomic
def experiment_start(*, trial: Trial, actor: User | None) -> Experiment:
    """Fix what is tried, on which cases and by which evaluators, and begin; raises `ApiError` for what cannot be."""
    app, test_set = trial.app, trial.test_set
    _require(trial)
    cases = in_order(cases_of(test_set))
    if not cases:
        raise Conflict(f"the test set {test_set.name!r} has no cases: add some first")
    fixed = [_fixed(app, variant, at, actor) for at, variant in enumerate(trial.variants)]
    experiment = Experiment.objects.create(
        workspace_id=app.workspace_id,
        app=app,
        test_set=test_set,
        name=(trial.name or f"{test_set.name}: {', '.join(str(item['label']) for item in fixed)}")[:200],
        variants=fixed,
        evaluators=[evaluator_content(item) for item in trial.evaluators],
        set_state=state_of(cases),
        at_once=trial.at_once,
        budget_tokens=trial.budget.tokens,
        budget_cost=trial.budget.cost,
        created_by=actor,
    )
    own = {"workspace_id": app.workspace_id, "experiment": experiment}
    ExperimentRow.objects.bulk_create(
        [
            ExperimentRow(**own, number=number, variant=variant, case=case_content(case))
            for number, case in enumerate(cases, 1)
            for variant in range(len(fixed))
        ],
        batch_size=500,
    )
    _audit(experiment, actor, "experiment.started", cases=len(cases), variants=[item["label"] for item in fixed])
    transaction.on_commit(partial(experiment_advance, experiment.id))
    return experiment


def _require(trial: Trial) -> None:
    if not 1 <= len(trial.variants) <= MAX_VARIANTS:
        message = f"an experiment has 1 to {MAX_VARIANTS} variants, not {len(trial.variants)}"
        raise Invalid(f"variants: {message}", fields={"variants": [message]})
    if not 1 <= len(trial.evaluators) <= MAX_EVALUATORS:
        message = (
            f"an experiment has 1 to {MAX_EVALUATORS} evaluators, not {len(trial.evaluators)}: choose how to judge"
        )
        raise Invalid(f"evaluator_ids: {message}", fields={"evaluator_ids": [message]})
    running = Experiment.objects.within(trial.app.workspace_id).filter(finished_at__isnull=True).count()
    if running >= MAX_RUNNING:
        raise Conflict(f"{MAX_RUNNING} experiments of this workspace are running: wait for one, or cancel one")


def evaluator_content(evaluator: Evaluator) -> dict[str, JsonValue]:
    """Return what an experiment fixes of an evaluator."""
    return {
        "id": str(evaluator.id),
        "name": evaluator.name,
        "kind": evaluator.kind,
        "config": evaluator.config,
        "pass_at": evaluator.pass_at,
    }


def _merged(config: Mapping[str, JsonValue], overrides: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the overrides; another model keeps the parameters of the one in its place unless it has its own."""
    before, model = config.get("model"), overrides.get("model")
    if isinstance(before, dict) and isinstance(model, dict):
        return {**overrides, "model": {**before, **model}}
    return dict(overrides)


def _fixed(app: App, variant: Variant, at: int, actor: User | None) -> dict[str, JsonValue]:
    """Return a variant as it will run; raises `ApiError` with the fields below `variants.<at>`."""
    ask = RunAsk(app=app, draft=app_draft(app), source=RunSource.EVALUATION, user=actor)
    try:
        if variant.version is None and not variant.overrides:
            draft_check(app.workspace_id, AppMode(app.mode), ask.draft)
        ask = ask_varied(ask, variant.version, {})
        ask = ask_varied(ask, None, _merged(ask.draft.to_json(), variant.overrides or {}))
    except Invalid as error:
        fields: object = error.extra.get("fields")
        if isinstance(fields, dict):
            error.extra["fields"] = {f"variants.{at}.{path}": messages for path, messages in fields.items()}
        raise
    label = variant.label.strip() or ("draft" if variant.version is None else f"version {variant.version}")
    config = ask.draft.to_json()
    return {
        "label": label[:80],
        "version": ask.version,
        "based_on": variant.version,
        "overrides": dict(variant.overrides or {}),
        "config": config,
        "fingerprint": fingerprint(config),
    }


@transaction.atomic
def experiment_cancel(*, experiment: Experiment, actor: User | None) -> None:
    """Begin nothing more and end what runs; an experiment that has ended stays as it is."""
    locked = Experiment.objects.within(experiment.workspace_id).select_for_update(of=("self",)).get(id=experiment.id)
    if locked.status != ExperimentStatus.RUNNING:
        return
    experiment_stop(locked, "it was cancelled", ExperimentStatus.CANCELLED)
    _audit(locked, actor, "experiment.cancelled")


@transaction.atomic
def experiment_delete(*, experiment: Experiment, actor: User | None) -> None:
    """Delete an experiment that has ended; its runs stay in the logs."""
    if experiment.finished_at is None:
        raise Conflict("cases of this experiment may still run: cancel it first")
    _audit(experiment, actor, "experiment.deleted")
    experiment.delete()


@transaction.atomic
def row_review(*, row: ExperimentRow, review: str, score: float | None, note: str, actor: User | None) -> ExperimentRow:
    """Keep what a person says of an answer; an empty review takes it back."""
    if row.status not in (ExperimentRowStatus.SUCCEEDED, ExperimentRowStatus.FAILED):
        raise Conflict("there is no answer to review yet: wait until the case has ended")
    row.review, row.review_score, row.review_note = review, score if review else None, note if review else ""
    row.reviewed_by, row.reviewed_at = (actor, timezone.now()) if review else (None, None)
    row.save(update_fields=["review", "review_score", "review_note", "reviewed_by", "reviewed_at", "updated_at"])
    return row


def _audit(row: Experiment, actor: User | None, action: str, **detail: object) -> None:
    audit_record(
        workspace_id=row.workspace_id,
        actor=actor,
        action=action,
        target=str(row.id),
        detail={"name": row.name, "app_id": row.app_id, **detail},
    )
