"""apps/annotations and apps/annotation-reply: an app's annotations, and switching the reply by them."""

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from pydantic import Field

from backend.annotations.models import Annotation, AnnotationJob, JobAction
from backend.annotations.ports import AnnotatedApp
from backend.annotations.selectors import annotation_get, annotations_of, job_get
from backend.annotations.services import (
    annotation_create,
    annotation_update,
    annotations_delete,
    job_completed,
    settings_update,
)
from backend.apps.annotated import annotated_app
from backend.common.errors import ApiError, Invalid
from backend.service_api.bodies import Body, body_of, id_of, limit_of
from backend.service_api.callers import AppCaller
from backend.service_api.knowledge.model_names import embedding_model_id

MAX_PAGE = 1_000_000
ACTIONS = {"enable": JobAction.ENABLE, "disable": JobAction.DISABLE}


class AnnotationBody(Body):
    """A question and its answer."""

    question: str
    answer: str


class ReplyBody(Body):
    """How the app is to answer with its annotations."""

    score_threshold: float = Field(ge=0, le=1)
    embedding_provider_name: str
    embedding_model_name: str


def _app(caller: AppCaller) -> AnnotatedApp:
    app = annotated_app(caller.workspace_id, caller.app.id)
    if not app.has_questions:
        raise ApiError("Please check if your app mode matches the right API route.", code="not_chat_app")
    return app


def _item(row: Annotation) -> dict[str, object]:
    return {
        "id": str(row.id),
        "question": row.question,
        "answer": row.answer,
        "hit_count": row.hit_count,
        "created_at": int(row.created_at.timestamp()),
    }


def annotations_list(request: HttpRequest, caller: AppCaller) -> HttpResponse:
    """GET: a page of the annotations, newest first."""
    app = _app(caller)
    page, limit = limit_of(request, name="page", default=1, maximum=MAX_PAGE), limit_of(request)
    rows = annotations_of(app, search=request.GET.get("keyword", "").replace("\0", ""))
    total = rows.count()
    found = rows[(page - 1) * limit : page * limit]
    data = [_item(row) for row in found]
    return JsonResponse({"data": data, "has_more": page * limit < total, "limit": limit, "total": total, "page": page})


def annotation_add(request: HttpRequest, caller: AppCaller) -> HttpResponse:
    """POST: make one; its author is whoever made the key."""
    app = _app(caller)
    body = body_of(request, AnnotationBody)
    row, _ = annotation_create(app=app, question=body.question, answer=body.answer, author=caller.key.user)
    return JsonResponse(_item(row), status=201)


def annotation_set(request: HttpRequest, caller: AppCaller, annotation_id: str) -> HttpResponse:
    """PUT: change one."""
    app = _app(caller)
    found = annotation_get(app, id_of(annotation_id, "annotation"))
    body = body_of(request, AnnotationBody)
    author = caller.key.user
    row = annotation_update(app=app, annotation=found, question=body.question, answer=body.answer, author=author)
    return JsonResponse(_item(row))


def annotation_remove(request: HttpRequest, caller: AppCaller, annotation_id: str) -> HttpResponse:
    """DELETE: take one away."""
    app = _app(caller)
    found = annotation_get(app, id_of(annotation_id, "annotation"))
    annotations_delete(app=app, ids=[found.id], actor=caller.key.user)
    return HttpResponse(status=204)


def _action(text: str) -> JobAction:
    if text not in ACTIONS:
        message = f"action is 'enable' or 'disable', not {text[:50]!r}"
        raise Invalid(message, fields={"action": [message]})
    return ACTIONS[text]


def _job(job: AnnotationJob, **more: str) -> HttpResponse:
    return JsonResponse({"job_id": str(job.id), "job_status": job.status, **more})


def reply_switch(request: HttpRequest, caller: AppCaller, action: str) -> HttpResponse:
    """POST annotation-reply/{action}: switch it on, with a threshold and a model, or off; a job follows."""
    app, wanted = _app(caller), _action(action)
    if wanted == JobAction.DISABLE:
        settings_update(app=app, actor=caller.key.user, is_on=False)
        return _job(job_completed(app=app, action=wanted))
    body = body_of(request, ReplyBody)
    model = embedding_model_id(app.workspace_id, body.embedding_provider_name, body.embedding_model_name)
    job = settings_update(
        app=app,
        actor=caller.key.user,
        is_on=True,
        threshold=body.score_threshold,
        embedding_model=model,
        action=wanted,
    )
    return _job(job or job_completed(app=app, action=wanted))


def reply_status(request: HttpRequest, caller: AppCaller, action: str, job_id: str) -> HttpResponse:
    """GET annotation-reply/{action}/status/{job_id}: how far the job is."""
    app, wanted = _app(caller), _action(action)
    job = job_get(app, id_of(job_id, "job"), wanted)
    if job is None:
        raise Invalid(f"The job does not exist: {json.dumps(job_id[:100])}.", fields={"job_id": ["no such job"]})
    return _job(job, error_msg=job.error)
