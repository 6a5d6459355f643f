"""POST /apps/{id}/runs: a run of the draft, told as it happens."""

import uuid
from collections.abc import Callable, Mapping
from typing import TypeVar

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
from backend.apps.inputs import Shape, file_id_of
from backend.apps.selectors import app_draft, app_get
from backend.apps.services import RunAsk, Shortcut, app_run_start, ask_shortened, ask_varied
from backend.apps.text import storable
from backend.common.errors import ApiError, Invalid
from backend.common.http import api_error_response, body_json
from backend.runs.dialects.atelier import frames
from backend.runs.models import RunSource
from backend.runs.sse import event_stream

MAX_VERSION = 2**31 - 1


class RunBody(Shape):
    """What is asked. A file is named by its id, or by an object with it.

    To compare: `version` runs what was published under that number; each key of `overrides` stands in place of the
    draft's (or the version's) key, `{"model": {"id", "parameters"}, "prompt"}` for instance. Nothing of it is saved.
    To debug a graph: with `from_node` and `run_id`, what that run found before the node is used again; `mocks` holds
    outputs of nodes that do not run, by node, and `mock_handles` the ways out that they take.
    """

    inputs: dict[str, JsonValue] = {}
    query: str = Field(default="", max_length=1_000_000)
    conversation_id: str | None = None
    files: list[str | dict[str, JsonValue]] = Field(default=[], max_length=50)
    from_node: str = Field(default="", max_length=200)
    run_id: str = Field(default="", max_length=100)
    mocks: dict[str, dict[str, JsonValue]] = Field(default={}, max_length=200)
    mock_handles: dict[str, str] = Field(default={}, max_length=200)
    version: int | None = Field(default=None, ge=1, le=MAX_VERSION)
    overrides: dict[str, JsonValue] = Field(default={}, max_length=30)

    @property
    def shortcut(self) -> Shortcut:
        """Which nodes do not run."""
        return Shortcut(self.from_node, self.run_id, self.mocks, self.mock_handles)


BodyT = TypeVar("BodyT", bound=Shape)


def body_read(request: HttpRequest, shape: type[BodyT]) -> BodyT:
    """Return the body; raises `Invalid` with every wrong field."""
    data: Mapping[str, object] = body_json(request)
    try:
        return shape.model_validate(storable(data))
    except ValidationError as error:
        fields = fields_of(error)
        path, messages = next(iter(fields.items()))
        raise Invalid(f"{path}: {messages[0]}", fields=fields) from error


class AppRunDescription(APIView):
    """What OpenAPI says of `app_run`, which is a plain async view: a stream cannot go through DRF."""

    @extend_schema(
        operation_id="apps_runs_create",
        request=RunBody,
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
        description="Runs the draft, or a variant of it, and streams its events; `X-Run-Id` names the run.",
    )
    def post(self, request: Request, app_id: uuid.UUID) -> None:
        """Never called."""
        raise AssertionError("this class only describes a route")


async def app_run(request: HttpRequest, app_id: uuid.UUID) -> HttpResponseBase:
    """Start a run of the draft and stream its events; what is wrong with the request is a 4xx before the stream."""

    def read() -> RunAsk:
        caller = role_require(console_caller(request), Role.EDITOR)
        app = app_get(caller.workspace_id, app_id)
        body = body_read(request, RunBody)
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
        if body.shortcut == Shortcut():
            return ask_varied(ask, body.version, body.overrides)
        if body.version is not None or body.overrides:
            message = "only the draft can be debugged: leave version and overrides out, or from_node, run_id and mocks"
            raise Invalid(f"version: {message}", fields={"version": [message]})
        return ask_shortened(ask, body.shortcut)

    return await run_told(read)


async def run_told(read: Callable[[], RunAsk]) -> HttpResponseBase:
    """Start the run that `read` asks for, on a database thread, and stream its events."""
    try:
        run, _ = await app_run_start(lambda: (read(), None))
    except ApiError as error:
        return api_error_response(error)
    return event_stream(frames(run.id, is_new=True), {"X-Run-Id": str(run.id)})


app_run.cls = AppRunDescription
app_run.initkwargs = {}
