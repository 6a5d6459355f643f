"""The console's runs: list, trace, event stream, large values, answers to what they ask, cancel."""

import json
import uuid

from django.db.models import QuerySet
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
from backend.common.pagination import NewestFirst
from backend.runs import selectors, services
from backend.runs.dialects.atelier import frames
from backend.runs.filters import FILTERS
from backend.runs.models import Run
from backend.runs.serializers import (
    AnswerSerializer,
    RunCountSerializer,
    RunSerializer,
    RunSummarySerializer,
    RunValueSerializer,
)
from backend.runs.sse import event_stream

PARAMETERS = [OpenApiParameter(item.name, str, description=item.help) for item in FILTERS.values()]


class RunPages(NewestFirst):
    """Pages of runs; where the selector orders by `began`, the same moment, so do they, and a cursor fits both."""

    def get_ordering(self, request: Request, queryset: QuerySet[Run], view: APIView) -> tuple[str, ...]:
        """Return the order in which the selector has the runs."""
        return ("-began", "-id") if "began" in queryset.query.annotations else self.ordering


@extend_schema_view(
    get=extend_schema(
        operation_id="runs_list",
        parameters=PARAMETERS,
    )
)
class RunListView(ListAPIView):
    """GET /runs: the runs of the workspace that match the filters, newest first."""

    serializer_class = RunSummarySerializer
    pagination_class = RunPages
    queryset = Run.unscoped.none()

    def get_queryset(self) -> object:
        """Return the workspace's runs that match the filters."""
        return selectors.runs_list(caller_of(self.request).workspace_id, self.request.query_params)


class RunCountView(APIView):
    """GET /runs/count."""

    @extend_schema(operation_id="runs_count", parameters=PARAMETERS, responses=RunCountSerializer)
    def get(self, request: Request) -> Response:
        """Return how many runs match the filters; beyond 1,000 only that there are more."""
        count, is_more = selectors.runs_count(caller_of(request).workspace_id, request.query_params)
        return Response({"count": count, "is_more": is_more})


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


class RunAnswerView(APIView):
    """POST /runs/{id}/answer."""

    @extend_schema(operation_id="runs_answer", request=AnswerSerializer, responses={202: RunSummarySerializer})
    def post(self, request: Request, run_id: uuid.UUID) -> Response:
        """Answer what a paused run asks, once; it goes on from there."""
        caller = caller_of(request)
        run = selectors.run_get(caller.workspace_id, run_id)
        body = AnswerSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        by = caller.user.email if caller.user else ""
        return Response(
            RunSummarySerializer(services.run_answer(run=run, by=by, **body.validated_data)).data, status=202
        )


class RunValueView(APIView):
    """GET /runs/{id}/values/{value_id}."""

    @extend_schema(operation_id="runs_values_get", responses=RunValueSerializer)
    def get(self, request: Request, run_id: uuid.UUID, value_id: uuid.UUID) -> Response:
        """Return a large value, of which the events have only a reference and the beginning."""
        found = selectors.value_get(caller_of(request).workspace_id, run_id, value_id)
        return Response({"id": str(found.id), "value": json.loads(found.text)})


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
