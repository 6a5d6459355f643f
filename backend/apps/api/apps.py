"""Applications over HTTP: list, make, change, delete, and their numbers."""

import uuid

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.apps.api.serializers import (
    AppCreateSerializer,
    AppSerializer,
    AppUpdateSerializer,
    ExampleSuggestionsSerializer,
    StatisticsSerializer,
)
from backend.apps.example_suggestions import example_suggestions
from backend.apps.models import App, AppMode
from backend.apps.selectors import app_get, app_statistics, apps_list
from backend.apps.services import app_create, app_delete, app_update
from backend.common.errors import Invalid


class AppsView(GenericAPIView):
    """The workspace's apps."""

    serializer_class = AppSerializer
    queryset = App.unscoped.none()

    @extend_schema(
        operation_id="apps_list",
        parameters=[OpenApiParameter("mode", str, enum=AppMode.values), OpenApiParameter("search", str)],
        responses=AppSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """List them, newest first."""
        mode = request.query_params.get("mode", "")
        if mode and mode not in AppMode.values:
            raise Invalid(f"mode: {mode!r} is none of {', '.join(AppMode.values)}")
        words = request.query_params.get("search", "").replace("\0", "")
        found = apps_list(caller_of(request).workspace_id, mode=mode, search=words)
        return self.get_paginated_response(AppSerializer(self.paginate_queryset(found), many=True).data)

    @extend_schema(operation_id="apps_create", request=AppCreateSerializer, responses={201: AppSerializer})
    def post(self, request: Request) -> Response:
        """Make one; its draft can be used at once."""
        caller = caller_of(request)
        body = AppCreateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        app = app_create(workspace_id=caller.workspace_id, user=caller.user, **body.validated_data)
        return Response(AppSerializer(app).data, status=201)


class AppView(APIView):
    """One app."""

    @extend_schema(operation_id="apps_get", responses=AppSerializer)
    def get(self, request: Request, app_id: uuid.UUID) -> Response:
        """Return it."""
        return Response(AppSerializer(app_get(caller_of(request).workspace_id, app_id)).data)

    @extend_schema(operation_id="apps_update", request=AppUpdateSerializer, responses=AppSerializer)
    def patch(self, request: Request, app_id: uuid.UUID) -> Response:
        """Change name, description or icon."""
        caller = caller_of(request)
        app = app_get(caller.workspace_id, app_id)
        body = AppUpdateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(AppSerializer(app_update(app=app, actor=caller.user, changes=body.validated_data)).data)

    @extend_schema(operation_id="apps_delete", responses={204: None})
    def delete(self, request: Request, app_id: uuid.UUID) -> Response:
        """Delete it with its versions, keys and conversations; its runs stay in the log."""
        caller = caller_of(request)
        app_delete(app=app_get(caller.workspace_id, app_id), actor=caller.user)
        return Response(status=204)


class StatisticsView(APIView):
    """GET /apps/{id}/statistics."""

    @extend_schema(operation_id="apps_statistics", responses=StatisticsSerializer)
    def get(self, request: Request, app_id: uuid.UUID) -> Response:
        """Return the numbers of the last 30 days."""
        app = app_get(caller_of(request).workspace_id, app_id)
        return Response(StatisticsSerializer(app_statistics(app)).data)


class ExampleSuggestionsView(APIView):
    """GET /apps/{id}/example-suggestions."""

    @extend_schema(operation_id="apps_example_suggestions", responses=ExampleSuggestionsSerializer)
    def get(self, request: Request, app_id: uuid.UUID) -> Response:
        """Return answers that people liked and that could be examples in the prompt."""
        found = example_suggestions(app_get(caller_of(request).workspace_id, app_id))
        return Response(ExampleSuggestionsSerializer({"results": found}).data)
