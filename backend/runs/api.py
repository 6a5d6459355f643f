"""The console's runs: list, trace, event stream, cancel."""

import uuid

from django.http import HttpRequest, HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.authentication import console_caller
from backend.accounts.callers import caller_of
from backend.accounts.models import Role
from backend.accounts.permissions import role_require
from backend.common.database import in_database
from backend.common.errors import ApiError, Invalid
from backend.common.http import api_error_response
from backend.runs import selectors, services
from backend.runs.dialects.atelier import frames
from backend.runs.models import Run, RunSource, RunStatus
from backend.runs.serializers import RunSerializer, RunSummarySerializer
from backend.runs.sse import event_stream

CHOICES = {"status": RunStatus.values, "source": RunSource.values}


def filters_read(request: Request) -> dict[str, str]:
    """Return the list's filters; raises `Invalid` for a value that cannot match."""
    filters = {
        name: request.query_params.get(name, "") for name in ("app", "conversation", "status", "source", "search")
    }
    for name in ("app", "conversation"):
        try:
            filters[name] = str(uuid.UUID(filters[name])) if filters[name] else ""
        except ValueError as error:
            raise Invalid(f"{name}: {filters[name]!r} is not an id") from error
    for name, values in CHOICES.items():
        if filters[name] and filters[name] not in values:
            raise Invalid(f"{name}: {filters[name]!r} is none of {', '.join(values)}")
    return filters


@extend_schema_view(
    get=extend_schema(
        operation_id="runs_list",
        parameters=[OpenApiParameter(name, str) for name in ("app", "conversation", "status", "source", "search")],
    )
)
class RunListView(ListAPIView):
    """GET /runs: the runs of the workspace that match the filters, newest first."""

    serializer_class = RunSummarySerializer
    queryset = Run.unscoped.none()

    def get_queryset(self) -> object:
        """Return the workspace's runs that match the filters."""
        return selectors.runs_list(caller_of(self.request).workspace_id, filters_read(self.request))


class RunView(APIView):
    """GET /runs/{id}."""

    @extend_schema(operation_id="runs_get", responses=RunSerializer)
    def get(self, request: Request, run_id: uuid.UUID) -> Response:
        """Return the run with its trace."""
        run = selectors.run_get(caller_of(request).workspace_id, run_id)
        return Response(RunSerializer(run, context={"trace": selectors.run_trace(run)}).data)


class RunCancelView(APIView):
    """POST /runs/{id}/cancel."""

    @extend_schema(operation_id="runs_cancel", request=None, responses={202: RunSummarySerializer})
    def post(self, request: Request, run_id: uuid.UUID) -> Response:
        """Ask for the run's end; an ended run stays as it is."""
        run = services.run_cancel(run=selectors.run_get(caller_of(request).workspace_id, run_id))
        return Response(RunSummarySerializer(run).data, status=202)


def last_event_id(request: HttpRequest) -> int:
    """Return the number after which a reconnecting client wants to hear; raises `Invalid`."""
    text = request.headers.get("Last-Event-ID") or request.GET.get("last_event_id") or "0"
    if not text.isdecimal() or len(text) > 18:
        raise Invalid(f"Last-Event-ID {text!r} is not the number of an event")
    return int(text)


async def run_events(request: HttpRequest, run_id: uuid.UUID) -> HttpResponseBase:
    """GET /runs/{id}/events: replay after Last-Event-ID, then follow to the end."""

    def authorise() -> None:
        caller = role_require(console_caller(request), Role.VIEWER)
        selectors.run_get(caller.workspace_id, run_id)

    try:
        after = last_event_id(request)
        await in_database(authorise)
    except ApiError as error:
        return api_error_response(error)
    return event_stream(frames(run_id, after), {"X-Run-Id": str(run_id)})
