"""The writes of quantization: start and cancel jobs."""

import uuid
from collections.abc import Sequence
from functools import partial

from django.db import transaction
from django.db.models.functions import Now

from backend.accounts.models import User
from backend.accounts.services.audit import audit_record
from backend.common.errors import Conflict
from backend.local_models.adapters import api_error, job_send, store
from backend.quantization.models import Quantization
from backend.quantization.selectors import PENDING, estimate_of, quantization_get
from inference.errors import InferenceError
from inference.quantization.room import room_check
from inference.store.manifest import name_of

WORK = "quantization.work"
MAX_PENDING = 4
KEPT = 100


def result_name(source: str, kind: str) -> str:
    """Return the name under which a result is installed."""
    return name_of(f"{source}-{kind}")


def quantization_start(
    *,
    workspace_id: uuid.UUID,
    model: str,
    types: Sequence[str],
    calibration: str = "",
    is_calibrated: bool = False,
    actor: User | None = None,
) -> Quantization:
    """Have a model quantized; raises `ApiError` for what can be seen to be wrong, or too large, at once."""
    needs, kinds = estimate_of(model, types)
    try:
        room_check(needs)
        for kind in kinds:
            store().check_free(result_name(model, kind.name))
    except InferenceError as error:
        raise api_error(error) from error
    with transaction.atomic():
        pending = Quantization.unscoped.filter(PENDING)
        if pending.filter(source=model).exists():
            raise Conflict(f"{model!r} is being quantized already: wait for it, or cancel it")
        if pending.count() >= MAX_PENDING:
            raise Conflict(f"{MAX_PENDING} models are waiting to be quantized already: wait until one is done")
        made = Quantization.objects.create(
            workspace_id=workspace_id,
            source=model,
            types=[kind.name for kind in kinds],
            calibration=calibration,
            is_calibrated=is_calibrated or bool(calibration),
            created_by=actor,
        )
        own = Quantization.objects.within(workspace_id)
        old = own.exclude(PENDING).order_by("-created_at", "-id").values_list("id", flat=True)[KEPT:]
        own.filter(id__in=list(old)).delete()
        _record(made, actor, "model.quantize", {"types": made.types})
        # Without a broker the job still is there, and the sweep sends it later.
        transaction.on_commit(partial(job_send, WORK, made.id), robust=True)
    return made


def quantization_cancel(*, workspace_id: uuid.UUID, job_id: uuid.UUID, actor: User | None = None) -> Quantization:
    """End a job; a worker that is at it notices within a second."""
    job = quantization_get(workspace_id, job_id)
    rows = Quantization.objects.within(workspace_id).filter(PENDING, id=job_id)
    rows.update(is_cancel_wanted=True, updated_at=Now())
    # Nobody works on it: there is no one to notice.
    rows.filter(status=Quantization.Status.QUEUED, lease_expires_at=None).update(
        status=Quantization.Status.CANCELLED, finished_at=Now()
    )
    _record(job, actor, "model.quantize_cancelled", {})
    job.refresh_from_db()
    return job


def _record(job: Quantization, actor: User | None, action: str, detail: dict[str, object]) -> None:
    audit_record(workspace_id=job.workspace_id, actor=actor, action=action, target=job.source, detail=detail)
