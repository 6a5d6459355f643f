"""Reading test sets, evaluators, experiments and their rows."""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, F, Q, QuerySet, Sum

from agents.types import JsonValue
from backend.common.errors import NotFound
from backend.evaluations.models import (
    EvaluationCase,
    EvaluationSet,
    Evaluator,
    Experiment,
    ExperimentRow,
    ExperimentRowStatus,
    PublishGate,
)
from backend.limits.ports import Used

JUDGE_TOKENS = F("judge_prompt_tokens") + F("judge_completion_tokens")
REVIEW_FILTERS = {"open": Q(review=""), "done": ~Q(review="")}


@dataclass(frozen=True, slots=True)
class Progress:
    """How many rows of an experiment are where, and what their runs and, apart from them, their judges cost so far."""

    total: int
    pending: int
    running: int
    scoring: int
    succeeded: int
    failed: int
    cancelled: int
    prompt_tokens: int
    completion_tokens: int
    cost: Decimal
    judge_tokens: int
    judge_cost: Decimal


def sets_list(workspace_id: uuid.UUID, *, app_id: uuid.UUID | None = None) -> QuerySet[EvaluationSet]:
    """Return the workspace's test sets with the number of their cases (`case_count`)."""
    found = EvaluationSet.objects.within(workspace_id).annotate(case_count=Count("cases"))
    return found.filter(Q(app_id=app_id) | Q(app_id=None)) if app_id else found


def set_get(workspace_id: uuid.UUID, set_id: uuid.UUID) -> EvaluationSet:
    """Return a test set; raises `NotFound`."""
    found = sets_list(workspace_id).filter(id=set_id).first()
    if found is None:
        raise NotFound(f"there is no test set {str(set_id)!r} in this workspace")
    return found


def cases_of(test_set: EvaluationSet) -> QuerySet[EvaluationCase]:
    """Return the cases of a set; `in_order` gives them as they were added."""
    return EvaluationCase.objects.within(test_set.workspace_id).filter(test_set=test_set)


def in_order(cases: QuerySet[EvaluationCase]) -> list[EvaluationCase]:
    """Return cases in the order in which they were added."""
    return list(cases.order_by("created_at", "id"))


def case_get(test_set: EvaluationSet, case_id: uuid.UUID) -> EvaluationCase:
    """Return a case of the set; raises `NotFound`."""
    found = cases_of(test_set).filter(id=case_id).first()
    if found is None:
        raise NotFound(f"there is no case {str(case_id)!r} in the test set {test_set.name!r}")
    return found


def case_content(case: EvaluationCase) -> dict[str, JsonValue]:
    """Return what an experiment fixes of a case."""
    return {
        "id": str(case.id),
        "query": case.query,
        "inputs": case.inputs,
        "expected": case.expected,
        "expected_tools": case.expected_tools,
        "expected_sources": case.expected_sources,
        "note": case.note,
    }


def state_of(cases: Sequence[EvaluationCase]) -> str:
    """Return what tells one state of a set's cases from the next; a note changes nothing."""
    told = [{**case_content(case), "note": ""} for case in cases]
    return fingerprint(sorted(told, key=lambda item: str(item["id"])))


def fingerprint(value: object) -> str:
    """Return a digest of JSON that does not depend on the order of keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def evaluators_list(workspace_id: uuid.UUID) -> QuerySet[Evaluator]:
    """Return the workspace's evaluators."""
    return Evaluator.objects.within(workspace_id)


def evaluator_get(workspace_id: uuid.UUID, evaluator_id: uuid.UUID) -> Evaluator:
    """Return an evaluator; raises `NotFound`."""
    found = evaluators_list(workspace_id).filter(id=evaluator_id).first()
    if found is None:
        raise NotFound(f"there is no evaluator {str(evaluator_id)!r} in this workspace")
    return found


def experiments_list(
    workspace_id: uuid.UUID, *, app_id: uuid.UUID | None = None, set_id: uuid.UUID | None = None
) -> QuerySet[Experiment]:
    """Return experiments, newest first."""
    found = Experiment.objects.within(workspace_id).select_related("app", "test_set", "created_by")
    if app_id:
        found = found.filter(app_id=app_id)
    return found.filter(test_set_id=set_id) if set_id else found


def experiment_get(workspace_id: uuid.UUID, experiment_id: uuid.UUID) -> Experiment:
    """Return an experiment; raises `NotFound`."""
    found = experiments_list(workspace_id).filter(id=experiment_id).first()
    if found is None:
        raise NotFound(f"there is no experiment {str(experiment_id)!r} in this workspace")
    return found


def rows_of(experiment: Experiment) -> QuerySet[ExperimentRow]:
    """Return the rows of an experiment, case by case."""
    rows = ExperimentRow.objects.within(experiment.workspace_id).filter(experiment=experiment)
    return rows.select_related("reviewed_by").order_by("number", "variant")


def row_get(experiment: Experiment, row_id: uuid.UUID) -> ExperimentRow:
    """Return a row of the experiment; raises `NotFound`."""
    found = rows_of(experiment).filter(id=row_id).first()
    if found is None:
        raise NotFound(f"the experiment {experiment.name!r} has no row {str(row_id)!r}")
    return found


def progress_of(experiments: Sequence[Experiment]) -> Mapping[uuid.UUID, Progress]:
    """Return how far each of the experiments is."""
    counts = {status.value: Count("id", filter=Q(status=status)) for status in ExperimentRowStatus}
    rows = ExperimentRow.unscoped.filter(experiment__in=experiments).order_by().values("experiment_id")
    found = rows.annotate(
        total=Count("id"),
        prompt=Sum("prompt_tokens"),
        completion=Sum("completion_tokens"),
        costs=Sum("cost", default=Decimal(0)),
        judge_tokens=Sum(JUDGE_TOKENS),
        judge_costs=Sum("judge_cost", default=Decimal(0)),
        **counts,
    )
    names = ("total", *counts)
    nothing = Progress(
        **dict.fromkeys((*names, "prompt_tokens", "completion_tokens", "judge_tokens"), 0),
        cost=Decimal(0),
        judge_cost=Decimal(0),
    )
    return {item.id: nothing for item in experiments} | {
        row["experiment_id"]: Progress(
            prompt_tokens=row["prompt"],
            completion_tokens=row["completion"],
            cost=row["costs"],
            judge_tokens=row["judge_tokens"],
            judge_cost=row["judge_costs"],
            **{name: row[name] for name in names},
        )
        for row in found
    }


def judges_used(workspace_id: uuid.UUID, app_id: uuid.UUID | None, since: datetime) -> Used:
    """Return what models took that judged answers since then, of one app or of all: what limits ask."""
    rows = ExperimentRow.objects.within(workspace_id).filter(judged_at__gte=since, judge_prompt_tokens__gt=0)
    if app_id:
        rows = rows.filter(experiment__app_id=app_id)
    found = rows.order_by().aggregate(tokens=Sum(JUDGE_TOKENS, default=0), cost=Sum("judge_cost", default=Decimal(0)))
    return Used(**found)


def experiments_unfinished() -> list[uuid.UUID]:
    """Return the experiments, of every workspace, that have something left to do."""
    found = Experiment.unscoped.filter(finished_at__isnull=True).order_by("created_at")
    return list(found.values_list("id", flat=True))


def experiment_of_run(run_id: uuid.UUID) -> uuid.UUID | None:
    """Return the experiment that a run belongs to."""
    return ExperimentRow.unscoped.filter(run_id=run_id).values_list("experiment_id", flat=True).first()


def gate_of(workspace_id: uuid.UUID, app_id: uuid.UUID) -> PublishGate | None:
    """Return what the app demands before it is published, if anything was ever set."""
    found = PublishGate.objects.within(workspace_id).select_related("app", "test_set").prefetch_related("evaluators")
    return found.filter(app_id=app_id).first()
