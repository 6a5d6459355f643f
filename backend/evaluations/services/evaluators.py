"""The writes of evaluators."""

import uuid
from collections.abc import Mapping

from django.db import IntegrityError, transaction
from pydantic import ValidationError

from agents.types import JsonValue
from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.apps.draft import fields_of
from backend.common.errors import Conflict, Invalid
from backend.evaluations.kinds.registry import kind_read
from backend.evaluations.models import Evaluator, PublishGate
from backend.providers.selectors import model_get

MODEL_KINDS = {"judge": "chat", "similarity": "embedding"}
MAX_EVALUATORS = 200


def evaluator_config(workspace_id: uuid.UUID, kind: str, config: Mapping[str, object]) -> dict[str, JsonValue]:
    """Return a configuration with every default filled in; raises `Invalid` with what is wrong, or an unknown model."""
    try:
        read = kind_read(kind, config)  # type: ignore[arg-type]  # the model checks the values
    except ValidationError as error:
        fields = {f"config.{path}": messages for path, messages in fields_of(error).items()}
        path, messages = next(iter(fields.items()))
        raise Invalid(f"{path}: {messages[0]}", fields=fields) from error
    if kind in MODEL_KINDS:
        try:
            model_get(workspace_id, read.model, kind=MODEL_KINDS[kind])  # type: ignore[attr-defined]  # both have one
        except Invalid as error:
            raise Invalid(error.message, code=error.code, fields={"config.model": [error.message]}) from error
    return read.model_dump(mode="json")


def evaluator_create(
    *, workspace_id: uuid.UUID, name: str, kind: str, config: Mapping[str, object], pass_at: float, actor: User | None
) -> Evaluator:
    """Create an evaluator; raises `Invalid` or `Conflict`."""
    if Evaluator.objects.within(workspace_id).count() >= MAX_EVALUATORS:
        raise Conflict(f"the workspace has {MAX_EVALUATORS} evaluators, the most there may be: delete one first")
    made = Evaluator(workspace_id=workspace_id, name=name, kind=kind, pass_at=pass_at)
    made.config = evaluator_config(workspace_id, kind, config)
    _save(made, actor, "evaluator.created")
    return made


def evaluator_update(*, evaluator: Evaluator, changes: Mapping[str, object], actor: User | None) -> Evaluator:
    """Change name, configuration or `pass_at`; experiments that have begun keep what they began with."""
    for name, value in changes.items():
        setattr(evaluator, name, value)
    evaluator.config = evaluator_config(evaluator.workspace_id, evaluator.kind, evaluator.config)
    _save(evaluator, actor, "evaluator.changed")
    return evaluator


def _save(row: Evaluator, actor: User | None, action: str) -> None:
    try:
        with transaction.atomic():
            row.save()
            _audit(row, actor, action)
    except IntegrityError as error:
        raise Conflict(f"there is already an evaluator named {row.name!r}: choose another name") from error


@transaction.atomic
def evaluator_delete(*, evaluator: Evaluator, actor: User | None) -> None:
    """Delete an evaluator; experiments keep what they began with. Raises `Conflict` while a gate asks it."""
    if PublishGate.objects.within(evaluator.workspace_id).filter(evaluators=evaluator).exists():
        message = f"the gate of an app asks the evaluator {evaluator.name!r}: take it out there first"
        raise Conflict(message, code="evaluator_in_use")
    _audit(evaluator, actor, "evaluator.deleted")
    evaluator.delete()


def _audit(row: Evaluator, actor: User | None, action: str) -> None:
    audit_record(
        workspace_id=row.workspace_id,
        actor=actor,
        action=action,
        target=str(row.id),
        detail={"name": row.name, "kind": row.kind},
    )
