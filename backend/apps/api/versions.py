"""The draft and the published versions over HTTP."""

import uuid

from django.utils.http import http_date
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.apps.api.serializers import PublishSerializer, VersionSerializer
from backend.apps.draft import Draft
from backend.apps.models import App, AppVersion
from backend.apps.selectors import app_draft, app_get, version_get, versions_of
from backend.apps.services import app_publish, draft_put, version_restore
from backend.common.errors import Invalid


def _draft_response(app: App, draft: Draft) -> Response:
    saved_at = app.draft_updated_at or app.created_at
    return Response(draft.to_json(), headers={"Last-Modified": http_date(saved_at.timestamp())})


class DraftView(APIView):
    """The draft: what an author edits and tries."""

    @extend_schema(operation_id="apps_draft_get", responses=Draft)
    def get(self, request: Request, app_id: uuid.UUID) -> Response:
        """Return it, with every default filled in."""
        app = app_get(caller_of(request).workspace_id, app_id)
        return _draft_response(app, app_draft(app))

    @extend_schema(operation_id="apps_draft_put", request=Draft, responses=Draft)
    def put(self, request: Request, app_id: uuid.UUID) -> Response:
        """Replace it; absent keys get their defaults."""
        app = app_get(caller_of(request).workspace_id, app_id)
        if not isinstance(request.data, dict):
            raise Invalid("the body must be a JSON object: the draft")
        return _draft_response(app, draft_put(app=app, data=request.data))


class PublishView(APIView):
    """POST /apps/{id}/publish."""

    @extend_schema(
        operation_id="apps_publish",
        request=PublishSerializer,
        responses={200: VersionSerializer, 201: VersionSerializer},
    )
    def post(self, request: Request, app_id: uuid.UUID) -> Response:
        """Publish the draft: 201 with the new version, 200 with the present one when nothing changed."""
        caller = caller_of(request)
        app = app_get(caller.workspace_id, app_id)
        body = PublishSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        version, is_new = app_publish(app=app, actor=caller.user, note=body.validated_data["note"])
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

    @extend_schema(operation_id="apps_versions_restore", request=None, responses=Draft)
    def post(self, request: Request, app_id: uuid.UUID, number: int) -> Response:
        """Make a version's content the draft again."""
        caller = caller_of(request)
        app = app_get(caller.workspace_id, app_id)
        return _draft_response(app, version_restore(app=app, number=number, actor=caller.user))
