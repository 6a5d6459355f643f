"""Routes of Dify's contract that belong to workflows or to a later version: each says which."""

from django.http import HttpRequest, HttpResponse

from backend.common.errors import ApiError
from backend.service_api.callers import AppCaller


def workflow_only(request: HttpRequest, caller: AppCaller, **path: object) -> HttpResponse:
    """Refuse: no app of this version is a workflow."""
    raise ApiError(
        f"the app is of mode {caller.mode.value!r}, not a workflow: see /v1/info for what it is",
        code="not_workflow_app",
    )


# (path under /v1/, methods) that an app's key opens and that come later.
APP_ROUTES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("apps/annotation-reply/<str:action>", ("POST",)),
    ("apps/annotation-reply/<str:action>/status/<str:job_id>", ("GET",)),
    ("apps/annotations", ("GET", "POST")),
    ("apps/annotations/<str:annotation_id>", ("PUT", "DELETE")),
    ("audio-to-text", ("POST",)),
    ("text-to-audio", ("POST",)),
    ("form/human_input/<str:form_token>", ("GET", "POST")),
)
WORKFLOW_ROUTES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("workflows/run", ("POST",)),
    ("workflows/run/<str:workflow_run_id>", ("GET",)),
    ("workflows/<str:workflow_id>/run", ("POST",)),
    ("workflows/tasks/<str:task_id>/stop", ("POST",)),
    ("workflows/logs", ("GET",)),
    ("workflow/<str:task_id>/events", ("GET",)),
)
# What a dataset key opens: all of it comes with the knowledge base's own version of the contract.
DATASET_ROUTES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("datasets", ("GET", "POST")),
    ("datasets/<path:rest>", ("GET", "POST", "PUT", "PATCH", "DELETE")),
    ("workspaces/current/models/model-types/<str:model_type>", ("GET",)),
)
