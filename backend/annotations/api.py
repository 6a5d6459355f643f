"""Annotations over HTTP."""

import uuid
from collections.abc import AsyncIterator

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.accounts.models import Role
from backend.annotations import services
from backend.annotations.csv_files import BOM, HEADER, MAX_BYTES, rows_text
from backend.annotations.models import Annotation, AnnotationHit
from backend.annotations.ports import AnnotatedApp
from backend.annotations.selectors import (
    annotation_get,
    annotations_of,
    app_of,
    app_with_questions,
    hits_of,
    job_latest,
    settings_of,
)
from backend.annotations.serializers import (
    AnnotationCountSerializer,
    AnnotationCreateSerializer,
    AnnotationHitSerializer,
    AnnotationIdsSerializer,
    AnnotationImportSerializer,
    AnnotationSerializer,
    AnnotationSettingsSerializer,
    AnnotationSettingsUpdateSerializer,
    AnnotationTriedSerializer,
    AnnotationTrySerializer,
    AnnotationUpdateSerializer,
    AnnotationUploadSerializer,
)
from backend.annotations.trying import question_try
from backend.common.database import in_database
from backend.common.errors import FileTooLarge, Invalid
from backend.files.api import upload_of
from backend.files.uploads import UploadViewMixin

EXPORT_ROWS = 500
REFUSED_SHOWN = 100
SEARCH = OpenApiParameter("search", str, description="a part of the question or of the answer")
RUN = OpenApiParameter("run", OpenApiTypes.UUID, description="the run whose answer was corrected")


def app_asked(request: Request, app_id: uuid.UUID) -> AnnotatedApp:
    """Return the app of the address; raises `NotFound`, and `Invalid` to write for one that is asked nothing."""
    find = app_of if request.method == "GET" else app_with_questions
    return find(caller_of(request).workspace_id, app_id)


def run_asked(request: Request) -> uuid.UUID | None:
    """Return the run that a list is about; raises `Invalid` for what is no id."""
    text = request.query_params.get("run")
    try:
        return uuid.UUID(text) if text else None
    except ValueError as error:
        raise Invalid(f"run: {text!r} is no id of a run", fields={"run": ["this is no id of a run"]}) from error


class AnnotationsView(ListAPIView):
    """The annotations of an app."""

    serializer_class = AnnotationSerializer

    def get_queryset(self) -> QuerySet[Annotation]:
        """Return those that are asked for."""
        app = app_asked(self.request, self.kwargs["app_id"])
        search = self.request.query_params.get("search", "").replace("\0", "")
        return annotations_of(app, search=search, run_id=run_asked(self.request))

    @extend_schema(operation_id="apps_annotations_list", parameters=[SEARCH, RUN])
    def get(self, request: Request, app_id: uuid.UUID) -> Response:
        """List the app's annotations, newest first."""
        return self.list(request, app_id)

    @extend_schema(
        operation_id="apps_annotations_create",
        request=AnnotationCreateSerializer,
        responses={200: AnnotationSerializer, 201: AnnotationSerializer},
    )
    def post(self, request: Request, app_id: uuid.UUID) -> Response:
        """Write an answer to a question; with run_id, correct the answer of that run (200 where it was before)."""
        app = app_asked(request, app_id)
        body = AnnotationCreateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        row, is_new = services.annotation_create(app=app, author=caller_of(request).user, **body.validated_data)
        return Response(AnnotationSerializer(row).data, status=201 if is_new else 200)


class AnnotationView(APIView):
    """One annotation."""

    @extend_schema(operation_id="apps_annotations_get", responses=AnnotationSerializer)
    def get(self, request: Request, app_id: uuid.UUID, annotation_id: uuid.UUID) -> Response:
        """Return the annotation."""
        return Response(AnnotationSerializer(annotation_get(app_asked(request, app_id), annotation_id)).data)

    @extend_schema(
        operation_id="apps_annotations_update", request=AnnotationUpdateSerializer, responses=AnnotationSerializer
    )
    def patch(self, request: Request, app_id: uuid.UUID, annotation_id: uuid.UUID) -> Response:
        """Change the question, the answer or both."""
        app = app_asked(request, app_id)
        found = annotation_get(app, annotation_id)
        body = AnnotationUpdateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        author = caller_of(request).user
        row = services.annotation_update(app=app, annotation=found, author=author, **body.validated_data)
        return Response(AnnotationSerializer(row).data)

    @extend_schema(operation_id="apps_annotations_delete", responses={204: None})
    def delete(self, request: Request, app_id: uuid.UUID, annotation_id: uuid.UUID) -> Response:
        """Delete the annotation; it can be restored for 30 days."""
        app = app_asked(request, app_id)
        found = annotation_get(app, annotation_id)
        services.annotations_delete(app=app, ids=[found.id], actor=caller_of(request).user)
        return Response(status=204)


class AnnotationHitsView(ListAPIView):
    """What one annotation answered."""

    serializer_class = AnnotationHitSerializer

    def get_queryset(self) -> QuerySet[AnnotationHit]:
        """Return the hits."""
        app = app_asked(self.request, self.kwargs["app_id"])
        return hits_of(annotation_get(app, self.kwargs["annotation_id"]))

    @extend_schema(operation_id="apps_annotations_hits")
    def get(self, request: Request, app_id: uuid.UUID, annotation_id: uuid.UUID) -> Response:
        """List the questions that the annotation answered, newest first."""
        return self.list(request, app_id, annotation_id)


class AnnotationsDeleteView(APIView):
    """Deleting many."""

    @extend_schema(
        operation_id="apps_annotations_delete_many",
        request=AnnotationIdsSerializer,
        responses=AnnotationCountSerializer,
    )
    def post(self, request: Request, app_id: uuid.UUID) -> Response:
        """Delete annotations; what is not the app's is left alone."""
        return self._done(request, app_id, services.annotations_delete)

    def _done(self, request: Request, app_id: uuid.UUID, act: services.ActOnMany) -> Response:
        app = app_asked(request, app_id)
        body = AnnotationIdsSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        count = act(app=app, ids=body.validated_data["ids"], actor=caller_of(request).user)
        return Response({"count": count})


class AnnotationsRestoreView(AnnotationsDeleteView):
    """Undoing that."""

    @extend_schema(
        operation_id="apps_annotations_restore", request=AnnotationIdsSerializer, responses=AnnotationCountSerializer
    )
    def post(self, request: Request, app_id: uuid.UUID) -> Response:
        """Bring back annotations that were deleted at most 30 days ago."""
        return self._done(request, app_id, services.annotations_restore)


def settings_shown(app: AnnotatedApp) -> Response:
    """Return the answer that shows an app's settings."""
    settings = settings_of(app)
    shown = {
        "is_on": settings.is_on,
        "threshold": settings.threshold,
        "embedding_model": settings.embedding_model,
        "total": annotations_of(app).count(),
        "job": job_latest(app),
    }
    return Response(AnnotationSettingsSerializer(shown).data)


class AnnotationSettingsView(APIView):
    """Whether and how the app answers with annotations."""

    @extend_schema(operation_id="apps_annotations_settings", responses=AnnotationSettingsSerializer)
    def get(self, request: Request, app_id: uuid.UUID) -> Response:
        """Return the settings, and the job that embeds the questions where one is on its way or failed."""
        return settings_shown(app_asked(request, app_id))

    @extend_schema(
        operation_id="apps_annotations_settings_update",
        request=AnnotationSettingsUpdateSerializer,
        responses=AnnotationSettingsSerializer,
    )
    def patch(self, request: Request, app_id: uuid.UUID) -> Response:
        """Switch the annotation reply on or off; set its threshold (0 to 1) and its embedding model."""
        app = app_asked(request, app_id)
        body = AnnotationSettingsUpdateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        services.settings_update(app=app, actor=caller_of(request).user, **body.validated_data)
        return settings_shown(app)


class AnnotationTryView(APIView):
    """Trying a question; it changes nothing."""

    write_role = Role.VIEWER

    @extend_schema(
        operation_id="apps_annotations_try", request=AnnotationTrySerializer, responses=AnnotationTriedSerializer
    )
    def post(self, request: Request, app_id: uuid.UUID) -> Response:
        """Return the annotations that are nearest to a question, and which of them would answer it."""
        app = app_asked(request, app_id)
        body = AnnotationTrySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        tried = question_try(app, body.validated_data["question"])
        results = [
            {"annotation": each.annotation, "score": each.score, "is_hit": at == 0 and each.score >= tried.threshold}
            for at, each in enumerate(tried.near)
        ]
        return Response(AnnotationTriedSerializer({"threshold": tried.threshold, "results": results}).data)


class AnnotationsImportView(UploadViewMixin, APIView):
    """Many at once."""

    @extend_schema(
        operation_id="apps_annotations_import",
        request={"multipart/form-data": AnnotationUploadSerializer},
        responses=AnnotationImportSerializer,
    )
    def post(self, request: Request, app_id: uuid.UUID) -> Response:
        """Make annotations of a CSV file's lines (question, answer); broken lines are named, the rest is kept."""
        app = app_asked(request, app_id)
        upload = upload_of(request)
        if (upload.size or 0) > MAX_BYTES:
            raise FileTooLarge(f"the file is larger than {MAX_BYTES >> 20} MB: split it")
        made = services.annotations_import(app=app, data=upload.read(), author=caller_of(request).user)
        shown = {
            "created": made.created,
            "refused_count": len(made.refused),
            "refused": made.refused[:REFUSED_SHOWN],
        }
        return Response(AnnotationImportSerializer(shown).data)


class AnnotationsExportView(APIView):
    """All of them as a file."""

    @extend_schema(operation_id="apps_annotations_export", responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, app_id: uuid.UUID) -> StreamingHttpResponse:
        """Download the annotations as CSV, in the form that the import reads."""
        app = app_asked(request, app_id)
        response = StreamingHttpResponse(_lines(app), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = content_disposition_header(True, f"{app.slug}-annotations.csv")
        response["X-Content-Type-Options"] = "nosniff"
        response["Cache-Control"] = "private, no-store"
        return response


async def _lines(app: AnnotatedApp) -> AsyncIterator[str]:
    """Yield the file page by page."""
    yield BOM + rows_text([HEADER])
    first = 0
    while rows := await in_database(_page, app, first):
        yield rows_text(rows)
        first += EXPORT_ROWS


def _page(app: AnnotatedApp, first: int) -> list[tuple[str, str]]:
    rows = annotations_of(app).order_by("created_at", "id").values_list("question", "answer")
    return list(rows[first : first + EXPORT_ROWS])
