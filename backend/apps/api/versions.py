"""The draft and the published versions over HTTP."""

import uuid

from django.utils.http import http_date
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.accounts.models import Role
from backend.accounts.permissions import role_require
from backend.apps.api.serializers import PublishSerializer, VersionSerializer
from backend.apps.drafts import AnyDraft, AppDraft
from backend.apps.graph_check import graph_report
from backend.apps.graph_draft import GraphDraft
from backend.apps.models import App, AppVersion
from backend.apps.selectors import app_draft, app_get, draft_etag, version_get, versions_of
from backend.apps.services import app_publish, draft_put, version_restore
from backend.apps.variable_secrets import secrets_shown
from backend.common.errors import Invalid


def _draft_response(app: App, draft: AppDraft) -> Response:
    """Return the draft as people see it; that of a graph with what is wrong with it."""
    saved_at = app.draft_updated_at or app.created_at
    shown = draft.to_json()
    if isinstance(draft, GraphDraft):
        report = graph_report(app.workspace_id, draft)
        shown = secrets_shown(draft, app.draft_secrets).to_json() | report.to_json()
    headers = {
        "Last-Modified": http_date(saved_at.timestamp()),
        "ETag": draft_etag(app),
        "Content-Location": f"/api/v1/apps/{app.id}/draft",
    }
    return Response(shown, headers=headers)


class DraftView(APIView):
    """The draft: what an author edits and tries."""

    @extend_schema(operation_id="apps_draft_get", responses=AnyDraft)
    def get(self, request: Request, app_id: uuid.UUID) -> Response:
        """Return it, with every default filled in."""
        app = app_get(caller_of(request).workspace_id, app_id)
        return _draft_response(app, app_draft(app))

    @extend_schema(
        operation_id="apps_draft_put",
        parameters=[
            OpenApiParameter("check", bool, description="false keeps a graph that cannot run yet"),
            OpenApiParameter(
                "If-Match",
                str,
                OpenApiParameter.HEADER,
                description="the ETag of the draft that was edited: 409 (draft_changed) when it was saved since",
            ),
        ],
        request=AnyDraft,
        responses=AnyDraft,
    )
    def put(self, request: Request, app_id: uuid.UUID) -> Response:
        """Replace it; absent keys get their defaults."""
        app = app_get(caller_of(request).workspace_id, app_id)
        if not isinstance(request.data, dict):
            raise Invalid("the body must be a JSON object: the draft")
        check = request.query_params.get("check", "true") != "false"
        if_match = request.headers.get("If-Match", "")
        return _draft_response(app, draft_put(app=app, data=request.data, check=check, if_match=if_match))


class PublishView(APIView):
    """POST /apps/{id}/publish."""

    @extend_schema(
        operation_id="apps_publish",
        request=PublishSerializer,
        responses={200: VersionSerializer, 201: VersionSerializer},
    )
    def post(self, request: Request, app_id: uuid.UUID) -> Response:
        """Publish the draft: 201 with the new version, 200 with the present one when nothing changed.

        409 (gate_closed) when the app demands more of its draft than it can show.
        """
        caller = caller_of(request)
        app = app_get(caller.workspace_id, app_id)
        body = PublishSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        if said["override"].strip():
            role_require(caller, Role.OWNER)
        version, is_new = app_publish(app=app, actor=caller.user, note=said["note"], override=said["override"])
        return Response(VersionSerializer(version).data, status=201 if is_new else 200)


class VersionsView(GenericAPIView):
    """What was published."""

    serializer_class = VersionSerializer
    queryset = AppVersion.unscoped.none()

    @extend_schema(operation_id="apps_versions_list", responses=VersionSerializer(many=True))
    def get(self, request: Request, app_id: uuid.UUID) -> Response:
        """List the versions, newest first."""
        page = self.paginate_queryset(versions_of(app_get(caller_of(request).workspace_id, app_id)))
        return self.get_paginated_response(VersionSerializer(page, many=True).data)


class VersionView(APIView):
    """One version."""

    @extend_schema(operation_id="apps_versions_get", responses=VersionSerializer)
    def get(self, request: Request, app_id: uuid.UUID, number: int) -> Response:
        """Return it."""
        app = app_get(caller_of(request).workspace_id, app_id)
        return Response(VersionSerializer(version_get(app, number)).data)


class RestoreView(APIView):
    """POST /apps/{id}/versions/{number}/restore."""

    @extend_schema(operation_id="apps_versions_restore", request=None, responses=AnyDraft)
    def post(self, request: Request, app_id: uuid.UUID, number: int) -> Response:
        """Make a version's content the draft again."""
        caller = caller_of(request)
        app = app_get(caller.workspace_id, app_id)
        return _draft_response(app, version_restore(app=app, number=number, actor=caller.user))
