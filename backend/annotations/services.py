"""Writing annotations and an app's settings for them. What lacks a vector afterwards is embedded by a job."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from django.db import transaction
from django.db.models.functions import Now

from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.annotations.csv_files import Line, Refused, lines_read
from backend.annotations.models import (
    OPEN_JOBS,
    Annotation,
    AnnotationJob,
    AnnotationSettings,
    AnnotationVector,
    JobAction,
    JobStatus,
)
from backend.annotations.ports import AnnotatedApp
from backend.annotations.selectors import annotations_of, job_open, settings_of, vectors_missing
from backend.annotations.texts import text_checked
from backend.common.errors import Conflict, Invalid
from backend.datasets.adapters import job_send
from backend.datasets.ports import EMBEDDERS
from backend.runs.selectors import run_get

INDEX = "annotations.index"
MAX_ANNOTATIONS = 20_000
DEFAULT_EMBEDDING_MODEL = "all-minilm-l6-v2"
REPLACED = "another embedding model was chosen meanwhile"


class ActOnMany(Protocol):
    """Does something to annotations of an app, and returns to how many."""

    def __call__(self, *, app: AnnotatedApp, ids: Iterable[uuid.UUID], actor: User | None) -> int:
        """Do it."""
        ...


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file: how many annotations were made, and the lines that are none."""

    created: int
    refused: tuple[Refused, ...]


def settings_locked(app: AnnotatedApp) -> AnnotationSettings:
    """Return the app's settings with their row locked until the transaction ends."""
    AnnotationSettings.unscoped.get_or_create(workspace_id=app.workspace_id, app_id=app.id)
    row = AnnotationSettings.objects.within(app.workspace_id).select_for_update().get(app_id=app.id)
    assert isinstance(row, AnnotationSettings)
    return row


@transaction.atomic
def annotation_create(
    *, app: AnnotatedApp, question: object, answer: object, author: User | None, run_id: uuid.UUID | None = None
) -> tuple[Annotation, bool]:
    """Make an annotation; return it, and whether it is new: the answer of one run is corrected once, then edited.

    Raises `Invalid`, `NotFound` for a run that is not the app's, and `Conflict` when there are too many.
    """
    asked, answered = text_checked("question", question), text_checked("answer", answer)
    settings = settings_locked(app)
    if run_id is not None:
        _run_check(app, run_id)
        known = annotations_of(app, run_id=run_id).first()
        if known is not None:
            return annotation_update(app=app, annotation=known, question=asked, answer=answered, author=author), False
    _room_check(app, 1)
    made = Annotation.objects.create(
        workspace_id=app.workspace_id, app_id=app.id, question=asked, answer=answered, author=author, run_id=run_id
    )
    _index(app, settings)
    assert isinstance(made, Annotation)
    return made, True


@transaction.atomic
def annotation_update(
    *, app: AnnotatedApp, annotation: Annotation, question: object = None, answer: object = None, author: User | None
) -> Annotation:
    """Change the question, the answer or both; who changes it becomes its author. Raises `Invalid`."""
    settings = settings_locked(app)
    row = Annotation.unscoped.select_for_update().get(id=annotation.id)
    asked = row.question if question is None else text_checked("question", question)
    row.answer = row.answer if answer is None else text_checked("answer", answer)
    if asked != row.question:
        row.question, row.reason = asked, ""
        AnnotationVector.objects.filter(annotation=row).delete()
    row.author = author or row.author
    row.save(update_fields=["question", "answer", "reason", "author", "updated_at"])
    _index(app, settings)
    return row


@transaction.atomic
def annotations_delete(*, app: AnnotatedApp, ids: Iterable[uuid.UUID], actor: User | None) -> int:
    """Delete annotations of the app and return how many; they can be restored for a while."""
    rows = annotations_of(app).filter(id__in=list(ids))
    found = list(rows.values_list("id", flat=True))
    if found:
        Annotation.objects.within(app.workspace_id).filter(id__in=found).update(deleted_at=Now())
        _audit(app, actor, "annotations.deleted", {"count": len(found)})
    return len(found)


@transaction.atomic
def annotations_restore(*, app: AnnotatedApp, ids: Iterable[uuid.UUID], actor: User | None) -> int:
    """Bring deleted annotations back and return how many; raises `Conflict` when there is no room for them."""
    settings = settings_locked(app)
    gone = Annotation.objects.within(app.workspace_id).filter(app_id=app.id, id__in=list(ids), deleted_at__isnull=False)
    found = list(gone.values_list("id", flat=True))
    _room_check(app, len(found))
    count = Annotation.objects.within(app.workspace_id).filter(id__in=found).update(deleted_at=None)
    if count:
        _audit(app, actor, "annotations.restored", {"count": count})
        _index(app, settings)
    return int(count)


@transaction.atomic
def annotations_import(*, app: AnnotatedApp, data: bytes, author: User | None) -> Imported:
    """Make an annotation of every line that is one; raises `Invalid` when the file is none, `Conflict` for too many."""
    settings = settings_locked(app)
    lines = list(lines_read(data))
    good = [line for line in lines if isinstance(line, Line)]
    _room_check(app, len(good))
    Annotation.objects.bulk_create(
        [
            Annotation(
                workspace_id=app.workspace_id, app_id=app.id, question=line.question, answer=line.answer, author=author
            )
            for line in good
        ],
        batch_size=500,
    )
    refused = tuple(line for line in lines if isinstance(line, Refused))
    _audit(app, author, "annotations.imported", {"created": len(good), "refused": len(refused)})
    if good:
        _index(app, settings)
    return Imported(len(good), refused)


@transaction.atomic
def settings_update(
    *,
    app: AnnotatedApp,
    actor: User | None,
    is_on: bool | None = None,
    threshold: float | None = None,
    embedding_model: str | None = None,
    action: JobAction = JobAction.INDEX,
) -> AnnotationJob | None:
    """Change the settings; return the job that embeds what lacks a vector, if any does.

    The former model's vectors are searched until those of another one are there. Raises `Invalid` for a threshold that
    is none, and `ApiError` for a model that the workspace has not.
    """
    settings = settings_locked(app)
    if threshold is not None and not 0.0 <= threshold <= 1.0:
        message = f"the threshold is a number from 0 to 1, not {threshold!r}"
        raise Invalid(f"threshold: {message}", fields={"threshold": [message]})
    going = job_open(app)
    aimed = going.model if going else settings.embedding_model
    model = embedding_model or aimed or (DEFAULT_EMBEDDING_MODEL if is_on else "")
    if model and model != settings.embedding_model:
        EMBEDDERS.get()(str(app.workspace_id), model)
    settings.is_on = settings.is_on if is_on is None else is_on
    settings.threshold = settings.threshold if threshold is None else threshold
    if not settings.embedding_model or not annotations_of(app).exists():
        settings.embedding_model = model
    settings.save(update_fields=["is_on", "threshold", "embedding_model", "updated_at"])
    _audit(
        app,
        actor,
        "annotations.configured",
        {"is_on": settings.is_on, "threshold": settings.threshold, "embedding_model": model},
    )
    return _index(app, settings, model=model, action=action)


@transaction.atomic
def job_completed(*, app: AnnotatedApp, action: JobAction) -> AnnotationJob:
    """Make the record of something that is done already, for whoever asks after a job."""
    made = AnnotationJob.objects.create(
        workspace_id=app.workspace_id,
        app_id=app.id,
        action=action,
        status=JobStatus.COMPLETED,
        model=settings_of(app).embedding_model,
    )
    assert isinstance(made, AnnotationJob)
    return made


def _index(
    app: AnnotatedApp, settings: AnnotationSettings, *, model: str = "", action: JobAction = JobAction.INDEX
) -> AnnotationJob | None:
    """Have embedded what lacks a vector; the settings' row is locked, so no other job can begin or end meanwhile."""
    going = job_open(app)
    wanted = model or (going.model if going else settings.embedding_model)
    if not wanted:
        return None
    if wanted != settings.embedding_model and (going is None or going.model != wanted):
        # Another model may read what the former one could not.
        annotations_of(app).exclude(reason="").update(reason="")
    if going is not None and going.model != wanted:
        AnnotationJob.unscoped.filter(id=going.id, status__in=OPEN_JOBS).update(
            status=JobStatus.ERROR, error=REPLACED, lease_expires_at=None, updated_at=Now()
        )
        going = None
    missing = vectors_missing(app, wanted).count()
    if going is not None:
        # Whoever asked for this follows the job that is on its way.
        going.action = action if action != JobAction.INDEX else going.action
        going.total = going.done + missing
        AnnotationJob.unscoped.filter(id=going.id).update(action=going.action, total=going.total)
    elif missing or wanted != settings.embedding_model:
        going = AnnotationJob(workspace_id=app.workspace_id, app_id=app.id, action=action, model=wanted, total=missing)
        going.save(force_insert=True)
    else:
        return None
    # Without a broker the wish still is there, and the sweep sends it later.
    transaction.on_commit(partial(job_send, INDEX, going.id), robust=True)
    return going


def _run_check(app: AnnotatedApp, run_id: uuid.UUID) -> None:
    if run_get(app.workspace_id, run_id).app_id != app.id:
        raise Invalid(f"the run {str(run_id)!r} is another app's", fields={"run_id": ["the run is another app's"]})


def _room_check(app: AnnotatedApp, more: int) -> None:
    count = annotations_of(app).count()
    if count + more > MAX_ANNOTATIONS:
        raise Conflict(f"an app has at most {MAX_ANNOTATIONS:,} annotations, this one has {count:,}: delete some first")


def _audit(app: AnnotatedApp, actor: User | None, action: str, detail: Mapping[str, object]) -> None:
    audit_record(workspace_id=app.workspace_id, actor=actor, action=action, target=str(app.id), detail=detail)
