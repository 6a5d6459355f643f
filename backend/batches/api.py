"""Runs over tables of inputs, over HTTP."""

import uuid
from collections.abc import AsyncIterator, Callable

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.accounts.models import User
from backend.apps.models import App
from backend.apps.selectors import app_get
from backend.batches import services
from backend.batches.inputs import FILES, inputs_of
from backend.batches.models import Batch, BatchRow, RowStatus
from backend.batches.results import csv_response, results_lines, results_name
from backend.batches.selectors import (
    batch_get,
    batches_list,
    draft_of_version,
    progress_of,
    rows_list,
    workspace_batches_list,
)
from backend.batches.serializers import (
    BatchDetailSerializer,
    BatchRowSerializer,
    BatchSerializer,
    BatchUpdateSerializer,
    BatchUploadSerializer,
    WorkspaceBatchSerializer,
)
from backend.batches.tables import MAX_BYTES
from backend.common.csv_cells import BOM, csv_text
from backend.common.errors import FileTooLarge, Invalid
from backend.common.pagination import NewestFirst
from backend.files.api import upload_of
from backend.files.uploads import UploadViewMixin

DRAFT = "draft"


def app_of(request: Request, app_id: uuid.UUID) -> App:
    """Return the app of the address; raises `NotFound`."""
    return app_get(caller_of(request).workspace_id, app_id)


def detail(batch: Batch, status: int = 200) -> Response:
    """Return the answer that shows a table."""
    fresh = batch_get(batch.app, batch.id)
    context = {"progress": progress_of([fresh])}
    return Response(BatchDetailSerializer(fresh, context=context).data, status=status)


def version_read(app: App, said: object) -> int | None:
    """Return the number of a version, or None for the draft; raises `Invalid` for neither."""
    if said in (None, ""):
        return app.published_version.number if app.published_version else None
    if said == DRAFT:
        return None
    if not str(said).isdecimal():
        message = f"{str(said)[:100]!r} is neither 'draft' nor the number of a version"
        raise Invalid(f"version: {message}", fields={"version": [message]})
    return int(str(said)[:9])


class WorkspaceBatchesView(ListAPIView):
    """The tables of all apps of the workspace."""

    serializer_class = WorkspaceBatchSerializer

    def get_queryset(self) -> QuerySet[Batch]:
        """Return the tables."""
        return workspace_batches_list(caller_of(self.request).workspace_id)

    @extend_schema(operation_id="batches_list")
    def get(self, request: Request) -> Response:
        """List the tables of all apps, newest first, with how far each is."""
        page = self.paginate_queryset(self.get_queryset())
        context = {"progress": progress_of(page)}
        return self.get_paginated_response(WorkspaceBatchSerializer(page, many=True, context=context).data)


class BatchesView(UploadViewMixin, ListAPIView):
    """The tables of an app."""

    serializer_class = BatchSerializer

    def get_queryset(self) -> QuerySet[Batch]:
        """Return the tables."""
        return batches_list(app_of(self.request, self.kwargs["app_id"]))

    @extend_schema(operation_id="apps_batches_list")
    def get(self, request: Request, app_id: uuid.UUID) -> Response:
        """List the tables that ran, or are to run, through the app."""
        page = self.paginate_queryset(self.get_queryset())
        context = {"progress": progress_of(page)}
        return self.get_paginated_response(BatchSerializer(page, many=True, context=context).data)

    @extend_schema(
        operation_id="apps_batches_create",
        request={"multipart/form-data": BatchUploadSerializer},
        responses={201: BatchDetailSerializer},
    )
    def post(self, request: Request, app_id: uuid.UUID) -> Response:
        """Upload a CSV table of inputs, one run a row; with start, it begins when no column is missing."""
        app = app_of(request, app_id)
        upload = upload_of(request)
        if upload.size > MAX_BYTES:
            raise FileTooLarge(f"the table is larger than {MAX_BYTES >> 20} MB: split it")
        body = BatchUploadSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        user = caller_of(request).user
        batch = services.batch_create(
            app=app,
            name=upload.name or "table.csv",
            data=upload.read(),
            version=version_read(app, body.validated_data.get("version")),
            user=user,
        )
        if body.validated_data["start"]:
            self._start(batch, user)
        return detail(batch, 201)

    def _start(self, batch: Batch, user: User | None) -> None:
        try:
            services.batch_start(batch=batch, actor=user)
        except Invalid:
            services.batch_delete(batch=batch, actor=user)
            raise


class BatchTemplateView(APIView):
    """An empty table for an app."""

    @extend_schema(
        operation_id="apps_batches_template",
        parameters=[OpenApiParameter("version", str, description="the number of a version, or draft")],
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, app_id: uuid.UUID) -> StreamingHttpResponse:
        """Download a CSV file with a column for each input of the app."""
        app = app_of(request, app_id)
        version = version_read(app, request.query_params.get("version"))
        names = [item.name for item in inputs_of(app.mode, draft_of_version(app, version)) if item.type not in FILES]
        return csv_response(_once(BOM + csv_text([names])), f"{app.slug}.csv")


async def _once(text: str) -> AsyncIterator[str]:
    yield text


class BatchView(APIView):
    """One table."""

    @extend_schema(operation_id="apps_batches_get", responses=BatchDetailSerializer)
    def get(self, request: Request, app_id: uuid.UUID, batch_id: uuid.UUID) -> Response:
        """Return the table with its progress, its mapping and its first rows."""
        return detail(batch_get(app_of(request, app_id), batch_id))

    @extend_schema(operation_id="apps_batches_update", request=BatchUpdateSerializer, responses=BatchDetailSerializer)
    def patch(self, request: Request, app_id: uuid.UUID, batch_id: uuid.UUID) -> Response:
        """Change the version and the mapping before the start, the name and the number at once at any time."""
        batch = batch_get(app_of(request, app_id), batch_id)
        body = BatchUpdateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return detail(services.batch_update(batch=batch, changes=body.validated_data, actor=caller_of(request).user))

    @extend_schema(operation_id="apps_batches_delete", responses={204: None})
    def delete(self, request: Request, app_id: uuid.UUID, batch_id: uuid.UUID) -> Response:
        """Delete a table that does not run; its runs stay in the logs."""
        batch = batch_get(app_of(request, app_id), batch_id)
        services.batch_delete(batch=batch, actor=caller_of(request).user)
        return Response(status=204)


class _Action(APIView):
    """A change of a table's state."""

    act: Callable[..., Batch]

    def done(self, request: Request, app_id: uuid.UUID, batch_id: uuid.UUID) -> Response:
        """Do it and show the table."""
        batch = batch_get(app_of(request, app_id), batch_id)
        return detail(type(self).act(batch=batch, actor=caller_of(request).user))


def _described(operation_id: str) -> object:
    return extend_schema(operation_id=operation_id, request=None, responses=BatchDetailSerializer)


@extend_schema_view(post=_described("apps_batches_start"))
class BatchStartView(_Action):
    """POST …/start."""

    act = services.batch_start

    def post(self, request: Request, app_id: uuid.UUID, batch_id: uuid.UUID) -> Response:
        """Fix what runs and begin with the first rows; a missing column is named before anything runs."""
        return self.done(request, app_id, batch_id)


@extend_schema_view(post=_described("apps_batches_pause"))
class BatchPauseView(_Action):
    """POST …/pause."""

    act = services.batch_pause

    def post(self, request: Request, app_id: uuid.UUID, batch_id: uuid.UUID) -> Response:
        """Begin no further rows; what runs goes on to its end."""
        return self.done(request, app_id, batch_id)


@extend_schema_view(post=_described("apps_batches_resume"))
class BatchResumeView(_Action):
    """POST …/resume."""

    act = services.batch_resume

    def post(self, request: Request, app_id: uuid.UUID, batch_id: uuid.UUID) -> Response:
        """Go on with the rows that are left."""
        return self.done(request, app_id, batch_id)


@extend_schema_view(post=_described("apps_batches_cancel"))
class BatchCancelView(_Action):
    """POST …/cancel."""

    act = services.batch_cancel

    def post(self, request: Request, app_id: uuid.UUID, batch_id: uuid.UUID) -> Response:
        """Begin nothing more and end what runs."""
        return self.done(request, app_id, batch_id)


@extend_schema_view(post=_described("apps_batches_retry"))
class BatchRetryView(_Action):
    """POST …/retry."""

    act = services.batch_retry

    def post(self, request: Request, app_id: uuid.UUID, batch_id: uuid.UUID) -> Response:
        """Run the failed and the cancelled rows again; those that succeeded stay."""
        return self.done(request, app_id, batch_id)


class ByNumber(NewestFirst):
    """Rows in the order of the table."""

    ordering = ("number", "id")


@extend_schema_view(
    get=extend_schema(operation_id="apps_batches_rows_list", parameters=[OpenApiParameter("status", str)])
)
class BatchRowsView(ListAPIView):
    """The rows of a table in their order, with what each run gave."""

    serializer_class = BatchRowSerializer
    pagination_class = ByNumber
    queryset = BatchRow.unscoped.none()

    def get_queryset(self) -> QuerySet[BatchRow]:
        """Return the rows with this status; raises `Invalid` for one that there is not."""
        status = self.request.query_params.get("status", "")
        if status and status not in RowStatus.values:
            raise Invalid(f"status: {status[:50]!r} is none of {', '.join(RowStatus.values)}")
        batch = batch_get(app_of(self.request, self.kwargs["app_id"]), self.kwargs["batch_id"])
        return rows_list(batch, status=status)


class BatchResultsView(APIView):
    """GET …/results."""

    @extend_schema(operation_id="apps_batches_results", responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, app_id: uuid.UUID, batch_id: uuid.UUID) -> StreamingHttpResponse:
        """Download the table with what each run gave, as CSV that no spreadsheet takes for formulas."""
        batch = batch_get(app_of(request, app_id), batch_id)
        return csv_response(results_lines(batch), results_name(batch))
