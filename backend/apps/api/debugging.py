"""Debugging over HTTP: one node of a draft alone, what it last did, and a logged run again on the draft."""

import uuid

from django.http import HttpRequest, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from pydantic import JsonValue
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.authentication import console_caller
from backend.accounts.callers import caller_of
from backend.accounts.models import Role
from backend.accounts.permissions import role_require
from backend.apps.api.runs import body_read, run_told
from backend.apps.inputs import Shape
from backend.apps.past_runs import last_run_of
from backend.apps.selectors import app_get
from backend.apps.services import RunAsk, ask_alone, ask_replay
from backend.common.errors import Conflict
from backend.runs.selectors import run_get
from backend.runs.serializers import NodeTraceSerializer


class NodeRunBody(Shape):
    """What the node reads, as `{"node.field": value}`; what is left out comes from the last run that gave it."""

    inputs: dict[str, JsonValue] = {}


class LastRunSerializer(serializers.Serializer):
    """The newest run of the draft in which the node started; null when there was none."""

    run_id = serializers.UUIDField(allow_null=True)
    status = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField(allow_null=True)
    node = NodeTraceSerializer(allow_null=True)


class NodeRunDescription(APIView):
    """What OpenAPI says of `node_run`."""

    @extend_schema(
        operation_id="apps_draft_nodes_run",
        request=NodeRunBody,
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
        description="Runs one node of the draft alone and streams its events; `X-Run-Id` names the run.",
    )
    def post(self, request: Request, app_id: uuid.UUID, node_id: str) -> None:
        """Never called."""
        raise AssertionError("this class only describes a route")


async def node_run(request: HttpRequest, app_id: uuid.UUID, node_id: str) -> HttpResponseBase:
    """Run one node of the draft alone; its outputs are the run's."""

    def read() -> RunAsk:
        caller = role_require(console_caller(request), Role.EDITOR)
        app = app_get(caller.workspace_id, app_id)
        return ask_alone(app, caller.user, node_id, body_read(request, NodeRunBody).inputs)

    return await run_told(read)


class NodeLastRunView(APIView):
    """GET /apps/{id}/draft/nodes/{node_id}/last-run."""

    @extend_schema(operation_id="apps_draft_nodes_last_run", responses=LastRunSerializer)
    def get(self, request: Request, app_id: uuid.UUID, node_id: str) -> Response:
        """Return what the node did the last time that it started in a run of the draft."""
        found = last_run_of(app_get(caller_of(request).workspace_id, app_id), node_id)
        if found is None:
            return Response({"run_id": None, "status": None, "created_at": None, "node": None})
        told = {"run_id": found.run.id, "status": found.run.status, "created_at": found.run.created_at}
        return Response(LastRunSerializer({**told, "node": found.node}).data)


class RunReplayDescription(APIView):
    """What OpenAPI says of `run_replay`."""

    @extend_schema(
        operation_id="runs_replay",
        request=None,
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
        description="Runs the draft on what a logged run was asked, and streams its events; `X-Run-Id` names the run.",
    )
    def post(self, request: Request, run_id: uuid.UUID) -> None:
        """Never called."""
        raise AssertionError("this class only describes a route")


async def run_replay(request: HttpRequest, run_id: uuid.UUID) -> HttpResponseBase:
    """Run the app's draft on the inputs, the question, the files and the conversation of a logged run."""

    def read() -> RunAsk:
        caller = role_require(console_caller(request), Role.EDITOR)
        run = run_get(caller.workspace_id, run_id)
        if run.app_id is None:
            raise Conflict("the app of this run was deleted: there is no draft to run")
        return ask_replay(app_get(caller.workspace_id, run.app_id), run, caller.user)

    return await run_told(read)


node_run.cls = NodeRunDescription
node_run.initkwargs = {}
run_replay.cls = RunReplayDescription
run_replay.initkwargs = {}
