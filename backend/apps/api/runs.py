"""POST /apps/{id}/runs: a run of the draft, told as it happens."""

import uuid
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from pydantic import Field, JsonValue, ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from backend.accounts.authentication import console_caller
from backend.accounts.models import Role
from backend.accounts.permissions import role_require
from backend.apps.draft import fields_of
from backend.apps.inputs import Shape
from backend.apps.selectors import app_draft, app_get
from backend.apps.services import RunAsk, app_run_start
from backend.apps.text import storable
from backend.common.errors import ApiError, Invalid
from backend.common.http import api_error_response, body_json
from backend.runs.dialects.atelier import frames
from backend.runs.models import RunSource
from backend.runs.sse import event_stream


class RunBody(Shape):
    """What is asked. A file is named by its id, or by an object with it."""

    inputs: dict[str, JsonValue] = {}
    query: str = Field(default="", max_length=1_000_000)
    conversation_id: str | None = None
    files: list[str | dict[str, JsonValue]] = Field(default=[], max_length=50)


def run_body(data: Mapping[str, object]) -> RunBody:
    """Return the body; raises `Invalid` with every wrong field."""
    try:
        return RunBody.model_validate(storable(data))
    except ValidationError as error:
        fields = fields_of(error)
        path, messages = next(iter(fields.items()))
        raise Invalid(f"{path}: {messages[0]}", fields=fields) from error


def file_id_of(item: str | Mapping[str, object]) -> str:
    """Return the id in our form or in Dify's."""
    return item if isinstance(item, str) else str(item.get("upload_file_id") or item.get("id") or "")


class AppRunDescription(APIView):
    """What OpenAPI says of `app_run`, which is a plain async view: a stream cannot go through DRF."""

    @extend_schema(
        operation_id="apps_runs_create",
        request=RunBody,
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
        description="Runs the draft and streams its events; `X-Run-Id` names the run.",
    )
    def post(self, request: Request, app_id: uuid.UUID) -> None:
        """Never called."""
        raise AssertionError("this class only describes a route")


async def app_run(request: HttpRequest, app_id: uuid.UUID) -> HttpResponseBase:
    """Start a run of the draft and stream its events; what is wrong with the request is a 4xx before the stream."""

    def read() -> tuple[RunAsk, None]:
        caller = role_require(console_caller(request), Role.EDITOR)
        app = app_get(caller.workspace_id, app_id)
        body = run_body(body_json(request))
        ask = RunAsk(
            app=app,
            draft=app_draft(app),
            source=RunSource.CONSOLE,
            inputs=body.inputs,
            query=body.query,
            conversation_id=body.conversation_id or "",
            file_ids=tuple(file_id_of(item) for item in body.files),
            user=caller.user,
        )
        return ask, None

    try:
        run, _ = await app_run_start(read)
    except ApiError as error:
        return api_error_response(error)
    return event_stream(frames(run.id, is_new=True), {"X-Run-Id": str(run.id)})


app_run.cls = AppRunDescription
app_run.initkwargs = {}
