"""Reading annotations: lists, hits, settings, and the nearest to a question."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from django.db.models import Q, QuerySet
from pgvector.django import CosineDistance

from backend.annotations.models import (
    OPEN_JOBS,
    Annotation,
    AnnotationHit,
    AnnotationJob,
    AnnotationSettings,
    AnnotationVector,
    JobStatus,
)
from backend.annotations.ports import APPS, AnnotatedApp
from backend.common.errors import Invalid, NotFound

SCORE_DIGITS = 6
"""Vectors are 32-bit floats: what differs behind these digits is rounding, and the same question scores 1."""


@dataclass(frozen=True, slots=True)
class Near:
    """An annotation and how near its question is, 0…1."""

    annotation: Annotation
    score: float


def app_of(workspace_id: uuid.UUID, app_id: uuid.UUID) -> AnnotatedApp:
    """Return the app; raises `NotFound`."""
    return APPS.get()(workspace_id, app_id)


def app_with_questions(workspace_id: uuid.UUID, app_id: uuid.UUID) -> AnnotatedApp:
    """Return the app; raises `NotFound`, or `Invalid` for one that is asked nothing in words."""
    app = app_of(workspace_id, app_id)
    if not app.has_questions:
        raise Invalid("a workflow is asked no question that an annotation could answer: annotate another kind of app")
    return app


def annotations_of(app: AnnotatedApp, *, search: str = "", run_id: uuid.UUID | None = None) -> QuerySet[Annotation]:
    """Return the app's annotations, newest first; `search` looks into questions and answers."""
    rows = Annotation.objects.within(app.workspace_id).filter(app_id=app.id, deleted_at=None)
    if search:
        rows = rows.filter(Q(question__icontains=search) | Q(answer__icontains=search))
    if run_id is not None:
        rows = rows.filter(run_id=run_id)
    return cast("QuerySet[Annotation]", rows.select_related("author"))


def annotation_get(app: AnnotatedApp, annotation_id: uuid.UUID) -> Annotation:
    """Return one; raises `NotFound`."""
    found = annotations_of(app).filter(id=annotation_id).first()
    if found is None:
        raise NotFound(f"the app has no annotation {str(annotation_id)!r}: it may have been deleted")
    return found


def hits_of(annotation: Annotation) -> QuerySet[AnnotationHit]:
    """Return what the annotation answered, newest first."""
    rows = AnnotationHit.objects.within(annotation.workspace_id).filter(annotation=annotation)
    return cast("QuerySet[AnnotationHit]", rows)


def settings_of(app: AnnotatedApp) -> AnnotationSettings:
    """Return the app's settings; unsaved defaults where nobody has set any."""
    found = AnnotationSettings.objects.within(app.workspace_id).filter(app_id=app.id).first()
    return found or AnnotationSettings(workspace_id=app.workspace_id, app_id=app.id)


def reply_of(workspace_id: uuid.UUID, app_id: uuid.UUID) -> tuple[str, float] | None:
    """Return the model and the threshold by which an app answers with annotations; None where it does not."""
    on = AnnotationSettings.objects.within(workspace_id).filter(app_id=app_id, is_on=True)
    found = on.values_list("embedding_model", "threshold").first()
    return found if found and found[0] else None


def job_latest(app: AnnotatedApp) -> AnnotationJob | None:
    """Return the open job, else the last that failed unless another was done since; None where all is well."""
    newest = AnnotationJob.objects.within(app.workspace_id).filter(app_id=app.id).first()
    return newest if newest is not None and newest.status != JobStatus.COMPLETED else None


def job_get(app: AnnotatedApp, job_id: uuid.UUID, action: str) -> AnnotationJob | None:
    """Return a job of the app by its id and what it was asked for."""
    jobs = AnnotationJob.objects.within(app.workspace_id).filter(app_id=app.id, action=action)
    return cast("AnnotationJob | None", jobs.filter(id=job_id).first())


def job_open(app: AnnotatedApp) -> AnnotationJob | None:
    """Return the job that is on its way."""
    jobs = AnnotationJob.objects.within(app.workspace_id).filter(app_id=app.id, status__in=OPEN_JOBS)
    return cast("AnnotationJob | None", jobs.first())


def vectors_missing(app: AnnotatedApp, model: str) -> QuerySet[Annotation]:
    """Return the annotations that have no vector by this model yet, oldest first, without those that can have none."""
    embedded = AnnotationVector.objects.filter(model=model, annotation__app_id=app.id)
    rows = annotations_of(app).filter(reason="").exclude(id__in=embedded.values("annotation_id"))
    return rows.order_by("created_at", "id")


def nearest(
    workspace_id: uuid.UUID | str, app_id: uuid.UUID | str, model: str, vector: Sequence[float], limit: int = 1
) -> list[Near]:
    """Return the nearest annotations of an app by the cosine of their vectors, best first."""
    rows = AnnotationVector.objects.filter(
        annotation__workspace_id=workspace_id,
        annotation__app_id=app_id,
        annotation__deleted_at=None,
        model=model,
        dimensions=len(vector),
    )
    found = rows.annotate(distance=CosineDistance("embedding", list(vector))).order_by("distance", "annotation_id")
    return [
        Near(row.annotation, max(0.0, round(1.0 - row.distance, SCORE_DIGITS)))
        for row in found.select_related("annotation__author").defer("embedding")[:limit]
    ]
