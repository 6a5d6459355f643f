"""The writes of test sets and their cases: by hand, from files and from runs."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import RestrictedError

from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.common.errors import Conflict, Invalid
from backend.evaluations.case_files import MAX_CASES, CaseDraft, Refused, case_draft, cases_read
from backend.evaluations.models import EvaluationCase, EvaluationSet
from backend.evaluations.selectors import case_content, cases_of, set_get
from backend.logs.selectors import sources_of, steps_of_runs
from backend.runs.models import OPEN_STATUSES, Run

MAX_SETS = 500


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What became of a file of cases."""

    added: int
    refused: tuple[Refused, ...]


def set_create(
    *, workspace_id: uuid.UUID, name: str, description: str = "", app_id: uuid.UUID | None = None, actor: User | None
) -> EvaluationSet:
    """Create an empty test set; raises `Conflict` for a name that is taken."""
    if EvaluationSet.objects.within(workspace_id).count() >= MAX_SETS:
        raise Conflict(f"the workspace has {MAX_SETS} test sets, the most there may be: delete one first")
    made = EvaluationSet(workspace_id=workspace_id, name=name, description=description, app_id=app_id)
    _save(made, actor, "evaluation_set.created")
    return set_get(workspace_id, made.id)


def set_update(*, test_set: EvaluationSet, changes: Mapping[str, object], actor: User | None) -> EvaluationSet:
    """Change name, description or app."""
    for name, value in changes.items():
        setattr(test_set, name, value)
    _save(test_set, actor, "evaluation_set.changed")
    return set_get(test_set.workspace_id, test_set.id)


def _save(row: EvaluationSet, actor: User | None, action: str) -> None:
    try:
        with transaction.atomic():
            row.save()
            _audit(row, actor, action)
    except IntegrityError as error:
        raise Conflict(f"there is already a test set named {row.name!r}: choose another name") from error


def set_delete(*, test_set: EvaluationSet, actor: User | None) -> None:
    """Delete a test set; experiments keep their copies of its cases. Raises `Conflict` while a gate stands on it."""
    try:
        with transaction.atomic():
            _audit(test_set, actor, "evaluation_set.deleted", cases=test_set.case_count)
            test_set.delete()
    except RestrictedError as error:
        message = f"the gate of an app stands on the test set {test_set.name!r}: choose another set there first"
        raise Conflict(message, code="set_in_use") from error


def _audit(row: EvaluationSet, actor: User | None, action: str, **detail: object) -> None:
    audit_record(
        workspace_id=row.workspace_id,
        actor=actor,
        action=action,
        target=str(row.id),
        detail={"name": row.name, **detail},
    )


def case_create(*, test_set: EvaluationSet, values: Mapping[str, object], run: Run | None = None) -> EvaluationCase:
    """Add a case; raises `Invalid` for one that nothing could be asked with."""
    return cases_add(test_set, [_drafted(values)], run)[0]


@transaction.atomic
def cases_add(test_set: EvaluationSet, drafts: Sequence[CaseDraft], run: Run | None = None) -> list[EvaluationCase]:
    """Add cases; raises `Conflict` when there are too many."""
    EvaluationSet.objects.within(test_set.workspace_id).select_for_update().get(id=test_set.id)
    there = cases_of(test_set).count()
    if there + len(drafts) > MAX_CASES:
        raise Conflict(f"a test set has at most {MAX_CASES:,} cases, this one has {there:,}: make another one")
    own = {"workspace_id": test_set.workspace_id, "test_set": test_set, "run": run}
    return EvaluationCase.objects.bulk_create([EvaluationCase(**own, **draft.columns()) for draft in drafts])


def case_update(*, test_set: EvaluationSet, case: EvaluationCase, values: Mapping[str, object]) -> EvaluationCase:
    """Change a case."""
    for name, value in _drafted({**case_content(case), **values}).columns().items():
        setattr(case, name, value)
    case.save()
    return case


def _drafted(values: Mapping[str, object]) -> CaseDraft:
    try:
        return case_draft(values)
    except ValueError as error:
        raise Invalid(str(error)) from error


def cases_upload(*, test_set: EvaluationSet, data: bytes, name: str, actor: User | None) -> Uploaded:
    """Add the good lines of a file and name the others; raises `Invalid` when no line is good."""
    drafts, refused = cases_read(data, name)
    if not drafts:
        message = f"no line is a case; line {refused[0].line}: {refused[0].reason}"
        raise Invalid(message, fields={"file": [f"line {item.line}: {item.reason}" for item in refused[:100]]})
    with transaction.atomic():
        cases_add(test_set, drafts)
        _audit(test_set, actor, "evaluation_set.uploaded", added=len(drafts), refused=len(refused))
    return Uploaded(len(drafts), tuple(refused))


def case_from_run(
    *, run: Run, test_set: EvaluationSet, expected: str | None, note: str, actor: User | None
) -> EvaluationCase:
    """Make a case of what a run was asked; `expected` None takes its answer, with the sources that it cited.

    Raises `Conflict` for a run that has not ended, and `Invalid` for one that was asked nothing.
    """
    if run.status in OPEN_STATUSES:
        raise Conflict("the run has not ended: wait for its answer")
    answer = run.outputs.get("answer", "")
    sources: list[str] = []
    if expected is None:
        state = steps_of_runs([run])[run.id]
        sources = list(dict.fromkeys(item.document_name for item in sources_of(state) if item.cited))
    # A conversation's question is no input of its own; files stay with their run.
    inputs = {name: value for name, value in run.inputs.items() if not _has_file(value)}
    values = {
        "query": run.query,
        "inputs": inputs,
        "expected": expected if expected is not None else (answer if isinstance(answer, str) else ""),
        "expected_sources": sources,
        "note": note,
    }
    with transaction.atomic():
        case = case_create(test_set=test_set, values=values, run=run)
        _audit(test_set, actor, "evaluation_set.case_from_run", run_id=str(run.id))
    return case


def _has_file(value: object) -> bool:
    if isinstance(value, list):
        return any(_has_file(item) for item in value)
    return isinstance(value, dict) and "mime_type" in value
