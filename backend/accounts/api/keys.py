"""Personal tokens and dataset keys over HTTP."""

import uuid

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.api.serializers import (
    DatasetKeySerializer,
    KeySerializer,
    NewDatasetKeySerializer,
    NewTokenSerializer,
)
from backend.accounts.callers import caller_of
from backend.accounts.models import KeyKind, Role
from backend.accounts.selectors import keys_list
from backend.accounts.services.keys import key_create_for, key_revoke


class TokensView(GenericAPIView):
    """The caller's own tokens; they can do what their user can, so every member may have them."""

    serializer_class = KeySerializer
    write_role = Role.VIEWER

    @extend_schema(responses=KeySerializer(many=True))
    def get(self, request: Request) -> Response:
        """List them."""
        caller = caller_of(request)
        page = self.paginate_queryset(keys_list(caller.workspace_id, KeyKind.PERSONAL).filter(user=caller.user))
        return self.get_paginated_response(KeySerializer(page, many=True).data)

    @extend_schema(request=KeySerializer, responses={201: NewTokenSerializer})
    def post(self, request: Request) -> Response:
        """Make one; the answer has its text, once."""
        caller = caller_of(request)
        body = KeySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        key, plaintext = key_create_for(
            workspace_id=caller.workspace_id, kind=KeyKind.PERSONAL, user=caller.user, **body.validated_data
        )
        return Response({**KeySerializer(key).data, "token": plaintext}, status=201)


class TokenView(APIView):
    """One of the caller's tokens."""

    write_role = Role.VIEWER

    @extend_schema(responses={204: None})
    def delete(self, request: Request, token_id: uuid.UUID) -> Response:
        """Revoke it."""
        caller = caller_of(request)
        own = keys_list(caller.workspace_id, KeyKind.PERSONAL).filter(user=caller.user)
        key_revoke(key=get_object_or_404(own, id=token_id), actor=caller.user)
        return Response(status=204)


class DatasetKeysView(GenericAPIView):
    """Keys that open the datasets of the workspace in the service API."""

    serializer_class = DatasetKeySerializer

    @extend_schema(responses=DatasetKeySerializer(many=True))
    def get(self, request: Request) -> Response:
        """List them."""
        page = self.paginate_queryset(keys_list(caller_of(request).workspace_id, KeyKind.DATASET))
        return self.get_paginated_response(DatasetKeySerializer(page, many=True).data)

    @extend_schema(request=DatasetKeySerializer, responses={201: NewDatasetKeySerializer})
    def post(self, request: Request) -> Response:
        """Make one; the answer has its text, once."""
        caller = caller_of(request)
        body = DatasetKeySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        key, plaintext = key_create_for(
            workspace_id=caller.workspace_id, kind=KeyKind.DATASET, user=caller.user, **body.validated_data
        )
        return Response({**DatasetKeySerializer(key).data, "key": plaintext}, status=201)


class DatasetKeyView(APIView):
    """One dataset key."""

    @extend_schema(responses={204: None})
    def delete(self, request: Request, key_id: uuid.UUID) -> Response:
        """Revoke it."""
        caller = caller_of(request)
        key = get_object_or_404(keys_list(caller.workspace_id, KeyKind.DATASET), id=key_id)
        key_revoke(key=key, actor=caller.user)
        return Response(status=204)
