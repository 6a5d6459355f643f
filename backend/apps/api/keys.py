"""An app's keys over HTTP."""

import uuid

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.accounts.models import ApiKey
from backend.apps.api.serializers import AppKeySerializer, NewAppKeySerializer
from backend.apps.selectors import app_get, app_keys
from backend.apps.services import app_key_create, app_key_revoke


class AppKeysView(GenericAPIView):
    """The keys that open an app's service API."""

    serializer_class = AppKeySerializer
    queryset = ApiKey.unscoped.none()

    @extend_schema(operation_id="apps_keys_list", responses=AppKeySerializer(many=True))
    def get(self, request: Request, app_id: uuid.UUID) -> Response:
        """List those that were not revoked."""
        page = self.paginate_queryset(app_keys(app_get(caller_of(request).workspace_id, app_id)))
        return self.get_paginated_response(AppKeySerializer(page, many=True).data)

    @extend_schema(operation_id="apps_keys_create", request=AppKeySerializer, responses={201: NewAppKeySerializer})
    def post(self, request: Request, app_id: uuid.UUID) -> Response:
        """Make one; the answer has its text, once."""
        caller = caller_of(request)
        app = app_get(caller.workspace_id, app_id)
        body = AppKeySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        key, plaintext = app_key_create(app=app, user=caller.user, **body.validated_data)
        return Response({**AppKeySerializer(key).data, "key": plaintext}, status=201)


class AppKeyView(APIView):
    """One key."""

    @extend_schema(operation_id="apps_keys_revoke", responses={204: None})
    def delete(self, request: Request, app_id: uuid.UUID, key_id: uuid.UUID) -> Response:
        """Revoke it."""
        caller = caller_of(request)
        keys = app_keys(app_get(caller.workspace_id, app_id))
        app_key_revoke(key=get_object_or_404(keys, id=key_id), actor=caller.user)
        return Response(status=204)
