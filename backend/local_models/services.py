"""The writes of local models: start and cancel jobs, load, unload, remove."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from backend.accounts.models import User
from backend.accounts.services.audit import audit_record
from backend.common.errors import ApiError, Conflict, Invalid
from backend.datasets.models import Dataset
from backend.local_models.adapters import (
    LOAD_TIMEOUT_S,
    InferenceUnreachable,
    api_error,
    inference_ask,
    job_send,
    store,
)
from backend.local_models.models import ModelJob
from backend.local_models.ports import MODEL_USERS
from backend.local_models.selectors import PENDING, job_get
from inference.errors import InferenceError
from inference.store.describe import pickle_refuse
from inference.store.engines import engine_check, engine_named, installed_check
from inference.store.files import BUILT_IN

WORK = "local_models.work"
MAX_RUNNING = 4
KEPT = 50
MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class NewModel:
    """What to bring: `source` is a repository of the hub or a path here; `model` its name, `engine` who serves it."""

    kind: str
    source: str
    file: str = ""
    revision: str = ""
    model: str = ""
    engine: str = ""


@transaction.atomic
def job_start(*, workspace_id: uuid.UUID, wanted: NewModel, actor: User | None = None) -> ModelJob:
    """Have a model brought into the store; raises `ApiError` for what can be seen to be wrong at once."""
    source, file, model = wanted.source, wanted.file, wanted.model
    if "\0" in source + file + wanted.revision:
        raise Invalid("a name must not contain a zero byte")
    try:
        pickle_refuse(file or source)
        if model:
            store().check_free(model)
        if wanted.engine:
            _engine_check(model or Path(file or source).name, wanted.engine, _format_of(wanted))
    except InferenceError as error:
        raise api_error(error) from error
    pending = ModelJob.unscoped.filter(PENDING)
    same = Q(source=source, file=file) | (Q(model=model) if model else Q(pk=None))
    if pending.filter(same).exists():
        raise Conflict(f"{source!r} is on its way already: wait for it, or cancel it")
    if pending.count() >= MAX_RUNNING:
        raise Conflict(f"{MAX_RUNNING} models are on their way already: wait until one has arrived")
    made = ModelJob.objects.create(workspace_id=workspace_id, created_by=actor, **asdict(wanted))
    own = ModelJob.objects.within(workspace_id)
    old = own.exclude(PENDING).order_by("-created_at", "-id").values_list("id", flat=True)[KEPT:]
    own.filter(id__in=list(old)).delete()
    detail = {"file": file, "model": model, "engine": wanted.engine}
    _record(workspace_id, actor, f"model.{wanted.kind}", source, detail)
    # Without a broker the job still is there, and the sweep sends it later.
    transaction.on_commit(partial(job_send, WORK, made.id), robust=True)
    return made


def job_cancel(*, workspace_id: uuid.UUID, job_id: uuid.UUID, actor: User | None = None) -> ModelJob:
    """End a job; a worker that is at it notices within a second or two."""
    job = job_get(workspace_id, job_id)
    rows = ModelJob.objects.within(workspace_id).filter(PENDING, id=job_id)
    rows.update(is_cancel_wanted=True, updated_at=Now())
    # Nobody works on it: there is no one to notice.
    rows.filter(status=ModelJob.Status.QUEUED, lease_expires_at=None).update(
        status=ModelJob.Status.CANCELLED, finished_at=Now()
    )
    _record(workspace_id, actor, "model.job_cancelled", job.source, {})
    job.refresh_from_db()
    return job


def model_load(
    *,
    workspace_id: uuid.UUID,
    model: str,
    keep_alive_s: int | None = None,
    context_tokens: int | None = None,
    actor: User | None = None,
) -> None:
    """Bring a model into memory; raises `ApiError` (memory_short) that says how much is missing."""
    wish = {"keep_alive_s": keep_alive_s, "context_tokens": context_tokens}
    inference_ask("POST", f"/admin/models/{_name(model)}/load", wish, timeout_s=LOAD_TIMEOUT_S)
    _record(workspace_id, actor, "model.loaded", model, {key: value for key, value in wish.items() if value})


def model_unload(*, workspace_id: uuid.UUID, model: str, actor: User | None = None) -> None:
    """Take a model out of memory, once it has answered what it was asked."""
    inference_ask("POST", f"/admin/models/{_name(model)}/unload", timeout_s=LOAD_TIMEOUT_S)
    _record(workspace_id, actor, "model.unloaded", model, {})


def model_engine_set(*, workspace_id: uuid.UUID, model: str, engine: str, actor: User | None = None) -> None:
    """Have a model served by another engine. One that is in memory leaves it, and comes back when it is asked."""
    if model in BUILT_IN:
        raise Conflict(f"{model!r} comes with Atelier and is served by its own engine: add a model of yours")
    try:
        before = store().get(model)
        _engine_check(model, engine, before.format)
        changed = store().engine_set(model, engine)
    except InferenceError as error:
        raise api_error(error) from error
    if changed == before:
        return
    _record(workspace_id, actor, "model.engine_chosen", model, {"engine": engine})
    try:
        inference_ask("POST", f"/admin/models/{model}/unload", timeout_s=LOAD_TIMEOUT_S)
    except InferenceUnreachable:
        pass  # then nothing is in its memory either
    except ApiError as error:
        if error.code != "model_not_found":  # kept until now: the server has not heard of it
            raise


def model_estimate(model: str, context_tokens: int | None = None) -> Mapping[str, object]:
    """Return what a model would take of the memory."""
    query = f"?context_tokens={context_tokens}" if context_tokens else ""
    return inference_ask("GET", f"/admin/models/{_name(model)}/estimate{query}")


def model_remove(*, workspace_id: uuid.UUID, model: str, actor: User | None = None) -> None:
    """Remove a model from the disk; raises `Conflict` while it is loaded or anything uses it."""
    name = _name(model)
    users = MODEL_USERS.get()(workspace_id, name)
    datasets = Dataset.objects.within(workspace_id).filter(embedding_model=name).values_list("name", flat=True)
    named = [*(f"the app {one!r}" for one in users.names), *(f"the dataset {one!r}" for one in datasets[:MAX_NAMED])]
    elsewhere = (
        users.elsewhere + Dataset.unscoped.filter(embedding_model=name).exclude(workspace_id=workspace_id).count()
    )
    if elsewhere:
        named.append(f"{elsewhere} of other workspaces")
    if named:
        raise Conflict(
            f"{name!r} is used by {', '.join(named)}: choose another model there first",
            code="model_in_use",
            extra={"apps": list(users.names)},
        )
    inference_ask("DELETE", f"/admin/models/{name}", timeout_s=LOAD_TIMEOUT_S)
    _record(workspace_id, actor, "model.removed", name, {})


def _engine_check(model: str, engine: str, model_format: str) -> None:
    """Raise StoreError or EngineMissingError for an engine that cannot serve a model here.

    `model_format` is empty where it is not known yet.
    """
    kind = engine_check(model, model_format, engine) if model_format else engine_named(engine)
    installed_check(settings.ENVIRONMENT.home, kind)


def _format_of(wanted: NewModel) -> str:
    """Return how a model is kept, as far as that can be seen before it is brought; empty otherwise."""
    if (wanted.file or wanted.source).lower().endswith(".gguf"):
        return "gguf"
    return "safetensors" if wanted.kind == ModelJob.Kind.ADD and Path(wanted.source).is_dir() else ""


def _name(model: str) -> str:
    try:
        store().get(model)
    except InferenceError as error:
        if error.code != "model_not_found":
            raise api_error(error) from error
    return model


def _record(
    workspace_id: uuid.UUID, actor: User | None, action: str, target: str, detail: Mapping[str, object]
) -> None:
    audit_record(workspace_id=workspace_id, actor=actor, action=action, target=target, detail=dict(detail))
