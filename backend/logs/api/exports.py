"""Exports of runs over HTTP: asked for, followed, cancelled, downloaded."""

import uuid

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.common.errors import NotFound
from backend.files.downloads import StoredFileResponse, file_response
from backend.logs.api.serializers import ExportRequestSerializer, RunExportSerializer
from backend.logs.jobs import export_create, job_cancel, job_get, jobs_list
from backend.logs.models import LogJob, LogJobKind


def export_of(request: Request, export_id: uuid.UUID) -> LogJob:
    """Return an export of the caller's workspace; raises `NotFound`."""
    return job_get(caller_of(request).workspace_id, LogJobKind.EXPORT, export_id)


@extend_schema_view(get=extend_schema(operation_id="run_exports_list"))
class RunExportsView(ListAPIView):
    """The exports of the workspace, newest first."""

    serializer_class = RunExportSerializer
    queryset = LogJob.unscoped.none()

    def get_queryset(self) -> object:
        """Return the workspace's exports."""
        return jobs_list(caller_of(self.request).workspace_id, LogJobKind.EXPORT)

    @extend_schema(
        operation_id="run_exports_create", request=ExportRequestSerializer, responses={201: RunExportSerializer}
    )
    def post(self, request: Request) -> Response:
        """Have runs written to a file; runs that begin later are not among them."""
        caller = caller_of(request)
        body = ExportRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        job = export_create(workspace_id=caller.workspace_id, actor=caller.user, **body.validated_data)
        return Response(RunExportSerializer(job).data, status=201)


class RunExportView(APIView):
    """GET /run-exports/{id}."""

    @extend_schema(operation_id="run_exports_get", responses=RunExportSerializer)
    def get(self, request: Request, export_id: uuid.UUID) -> Response:
        """Return how far it is."""
        return Response(RunExportSerializer(export_of(request, export_id)).data)


class RunExportCancelView(APIView):
    """POST /run-exports/{id}/cancel."""

    @extend_schema(operation_id="run_exports_cancel", request=None, responses={202: RunExportSerializer})
    def post(self, request: Request, export_id: uuid.UUID) -> Response:
        """End it; what was written is removed."""
        job = job_cancel(job=export_of(request, export_id), actor=caller_of(request).user)
        return Response(RunExportSerializer(job).data, status=202)


class RunExportFileView(APIView):
    """GET /run-exports/{id}/file."""

    @extend_schema(
        operation_id="run_exports_file",
        responses={(200, "text/csv"): OpenApiTypes.BINARY, (200, "application/x-ndjson"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, export_id: uuid.UUID) -> StoredFileResponse:
        """Return the file; it is kept for a week."""
        job = export_of(request, export_id)
        if job.file is None:
            raise NotFound(f"this export has no file: it is {job.status}, or its week is over; export the runs again")
        return file_response(job.file)
