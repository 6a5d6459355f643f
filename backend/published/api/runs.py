"""A visitor's runs: ask, follow, stop, answer what a paused run asks, judge, and read them again."""

import uuid
from collections.abc import AsyncIterator

from django.http import HttpRequest, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from pydantic import Field, JsonValue
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.apps.api.runs import body_read
from backend.apps.inputs import Shape
from backend.apps.services import RunAsk, app_run_start
from backend.common.database import in_database
from backend.common.errors import ApiError, NotFound
from backend.common.http import api_error_response
from backend.logs.services import feedback_set
from backend.published.api.serializers import VerdictSerializer, VisitorRunSerializer
from backend.published.models import Site
from backend.published.selectors import OpenSite, ratings_of, visitor_run, visitor_runs
from backend.published.shown import event_shown, runs_shown
from backend.published.visitors import Visiting, Visitor, VisitorAuthentication, run_admit, visitor_here, visitor_of
from backend.runs.api import last_event_id
from backend.runs.dialects.atelier import COMMENT, event_data
from backend.runs.models import Run, RunSource
from backend.runs.serializers import AnswerSerializer
from backend.runs.services import run_answer, run_cancel
from backend.runs.sse import event_stream, sse_frame
from backend.runs.stream import follow


class AskBody(Shape):
    """What a visitor asks; files by the ids of their own uploads."""

    inputs: dict[str, JsonValue] = {}
    query: str = Field(default="", max_length=100_000)
    conversation_id: str | None = None
    files: list[str] = Field(default=[], max_length=50)


async def _frames(run_id: uuid.UUID, site: Site, after: int = 0, *, is_new: bool = False) -> AsyncIterator[str]:
    """Yield the frames of a run as its visitor may see it. What is left out leaves gaps in the numbers, as ever."""
    async for event in follow(run_id, after, is_new=is_new):
        shown = event_shown(event, site) if event else None
        if event is None:
            yield COMMENT
        elif shown is not None:
            yield sse_frame(event_data(run_id, shown), event=shown.body.kind, event_id=shown.seq)


async def run_start(request: HttpRequest, code: str) -> HttpResponseBase:
    """Ask the published version and stream what comes of it."""

    def read() -> tuple[RunAsk, OpenSite]:
        visitor = visitor_of(request, code)
        page = visitor.page
        body = body_read(request, AskBody)
        run_admit(visitor)
        ask = RunAsk(
            app=page.app,
            draft=page.draft,
            version=page.version.number,
            source=RunSource.PUBLISHED,
            inputs=body.inputs,
            query=body.query,
            conversation_id=body.conversation_id or "",
            file_ids=tuple(body.files),
            end_user=visitor.end_user,
        )
        return ask, page

    try:
        run, page = await app_run_start(read)
    except ApiError as error:
        return api_error_response(error)
    return event_stream(_frames(run.id, page.site, is_new=True), {"X-Run-Id": str(run.id)})


async def run_events(request: HttpRequest, code: str, run_id: uuid.UUID) -> HttpResponseBase:
    """Replay a run of one's own after Last-Event-ID, then follow it to the end."""

    def read() -> Site:
        visitor = visitor_of(request, code)
        visitor_run(visitor.page, visitor.end_user, run_id)
        return visitor.page.site

    try:
        after = last_event_id(request)
        site = await in_database(read)
    except ApiError as error:
        return api_error_response(error)
    return event_stream(_frames(run_id, site, after), {"X-Run-Id": str(run_id)})


def _mine(request: Request, run_id: uuid.UUID) -> tuple[Visitor, Run]:
    visitor = visitor_here(request)
    return visitor, visitor_run(visitor.page, visitor.end_user, run_id)


def runs_response(visitor: Visitor, runs: list[Run]) -> list[dict[str, object]]:
    """Return runs as their visitor sees them."""
    shown = runs_shown(runs, visitor.page.site, ratings_of(runs, visitor.end_user))
    return [item.to_json() for item in shown]


class RunsView(GenericAPIView):
    """GET /published/{code}/runs."""

    authentication_classes = [VisitorAuthentication]
    permission_classes = [Visiting]
    serializer_class = VisitorRunSerializer
    queryset = Run.unscoped.none()

    @extend_schema(operation_id="published_runs_list", responses=VisitorRunSerializer(many=True), auth=[])
    def get(self, request: Request, code: str) -> Response:
        """List what one asked before, newest first; of an app that talks, its conversations hold that."""
        visitor = visitor_here(request)
        if visitor.page.has_conversations:
            raise NotFound("this app talks: its conversations hold what was asked")
        page = self.paginate_queryset(visitor_runs(visitor.page, visitor.end_user))
        return self.get_paginated_response(runs_response(visitor, list(page or [])))


class AskDescription(APIView):
    """What OpenAPI says of `run_start`, which is a plain async view: a stream cannot go through DRF."""

    @extend_schema(
        operation_id="published_ask",
        request=AskBody,
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
        description="Runs the published version and streams its events; `X-Run-Id` names the run.",
        auth=[],
    )
    def post(self, request: Request, code: str) -> None:
        """Never called."""
        raise AssertionError("this class only describes a route")


run_start.cls = AskDescription
run_start.initkwargs = {}


class RunView(APIView):
    """GET /published/{code}/runs/{id}."""

    authentication_classes = [VisitorAuthentication]
    permission_classes = [Visiting]

    @extend_schema(operation_id="published_runs_get", responses=VisitorRunSerializer, auth=[])
    def get(self, request: Request, code: str, run_id: uuid.UUID) -> Response:
        """Return a run of one's own."""
        visitor, run = _mine(request, run_id)
        return Response(runs_response(visitor, [run])[0])


class RunStopView(APIView):
    """POST /published/{code}/runs/{id}/stop."""

    authentication_classes = [VisitorAuthentication]
    permission_classes = [Visiting]

    @extend_schema(operation_id="published_runs_stop", request=None, responses={202: VisitorRunSerializer}, auth=[])
    def post(self, request: Request, code: str, run_id: uuid.UUID) -> Response:
        """Ask for the end of a run of one's own; an ended one stays as it is."""
        visitor, run = _mine(request, run_id)
        return Response(runs_response(visitor, [run_cancel(run=run)])[0], status=202)


class RunAnswerView(APIView):
    """POST /published/{code}/runs/{id}/answer."""

    authentication_classes = [VisitorAuthentication]
    permission_classes = [Visiting]

    @extend_schema(
        operation_id="published_runs_answer", request=AnswerSerializer, responses={202: VisitorRunSerializer}, auth=[]
    )
    def post(self, request: Request, code: str, run_id: uuid.UUID) -> Response:
        """Answer what a paused run of one's own asks, once; it goes on from there."""
        visitor, run = _mine(request, run_id)
        body = AnswerSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        answered = run_answer(run=run, by=visitor.end_user, **body.validated_data)
        return Response(runs_response(visitor, [answered])[0], status=202)


class RunFeedbackView(APIView):
    """POST /published/{code}/runs/{id}/feedback."""

    authentication_classes = [VisitorAuthentication]
    permission_classes = [Visiting]

    @extend_schema(
        operation_id="published_runs_feedback", request=VerdictSerializer, responses=VerdictSerializer, auth=[]
    )
    def post(self, request: Request, code: str, run_id: uuid.UUID) -> Response:
        """Set or take back one's verdict on an answer."""
        visitor, run = _mine(request, run_id)
        body = VerdictSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        found = feedback_set(run=run, end_user=visitor.end_user, **body.validated_data)
        return Response({"rating": found.rating if found else None, "comment": found.comment if found else ""})
