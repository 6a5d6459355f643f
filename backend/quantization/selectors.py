"""The reads of quantization: jobs with their reports, which models can be quantized, and what it would take."""

import uuid
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.db.models import Q, QuerySet

from backend.common.errors import NotFound, Unprocessable
from backend.local_models.adapters import api_error, store
from backend.quantization.models import Quantization
from inference.config import builtin_models
from inference.errors import InferenceError
from inference.quantization.kinds import Kind, kinds_of
from inference.quantization.room import Estimate, estimate, folder_check, source_of
from inference.store.engines import compressor_python

PENDING = Q(status__in=[Quantization.Status.QUEUED, Quantization.Status.RUNNING])


def quantizations_list(workspace_id: uuid.UUID) -> QuerySet[Quantization]:
    """Return the jobs of the workspace, newest first."""
    return Quantization.objects.within(workspace_id)


def quantization_get(workspace_id: uuid.UUID, job_id: uuid.UUID) -> Quantization:
    """Return the job; raises `NotFound`."""
    found = quantizations_list(workspace_id).filter(id=job_id).first()
    if found is None:
        raise NotFound(f"there is no quantization {str(job_id)!r}")
    return found


def works_folder() -> Path:
    """Return where jobs keep what is temporary, a folder for each."""
    return settings.ENVIRONMENT.home / "quantization"


def source_path(model: str) -> Path:
    """Return the file or folder of a model of this machine; raises `ApiError` for one that generates no text."""
    for built_in in builtin_models(settings.ENVIRONMENT.home):
        if built_in.id == model:
            kind, path = built_in.kind, built_in.path
            break
    else:
        try:
            kind, path = store().get(model).kind, store().path(model)
        except InferenceError as error:
            raise api_error(error) from error
    if kind != "chat":
        raise Unprocessable(f"{model!r} is no model that generates text: only those are quantized here")
    return path


def compressor_of(kinds: Sequence[Kind]) -> Path | None:
    """Return the interpreter that makes these types, None for ours. Raises EngineMissingError."""
    return compressor_python(settings.ENVIRONMENT.home) if any(kind.method for kind in kinds) else None


def estimate_of(model: str, types: Sequence[str]) -> tuple[Estimate, tuple[Kind, ...]]:
    """Return what quantizing would take and what there is; raises `ApiError`."""
    path = source_path(model)
    try:
        kinds = kinds_of(tuple(types))
        source = source_of(path)
        folder_check(source, kinds)
        compressor_of(kinds)
        return estimate(source, kinds, works_folder()), kinds
    except InferenceError as error:
        raise api_error(error) from error
