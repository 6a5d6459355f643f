"""Metadata fields of a dataset over HTTP; the values stand in its documents."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.datasets import metadata
from backend.datasets.api.serializers.fields import (
    MetadataFieldListSerializer,
    MetadataFieldRenameSerializer,
    MetadataFieldSerializer,
)
from backend.datasets.selectors import dataset_get


class MetadataFieldList(APIView):
    """The metadata fields of a dataset."""

    @extend_schema(responses=MetadataFieldListSerializer)
    def get(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Return its own fields by name, then the built-in ones."""
        rows = metadata.metadata_fields(caller_of(request).workspace_id, dataset_id)
        return Response(MetadataFieldListSerializer({"results": rows, "next": None}).data)

    @extend_schema(request=MetadataFieldSerializer, responses={201: MetadataFieldSerializer})
    def post(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Add a field."""
        caller = caller_of(request)
        dataset_get(caller.workspace_id, dataset_id)
        body = MetadataFieldSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = metadata.field_create(
            workspace_id=caller.workspace_id, dataset_id=dataset_id, actor=caller.user, **body.validated_data
        )
        return Response(_shown(caller.workspace_id, dataset_id, made.id), status=201)


class MetadataFieldDetail(APIView):
    """One field."""

    @extend_schema(request=MetadataFieldRenameSerializer, responses=MetadataFieldSerializer)
    def patch(self, request: Request, dataset_id: uuid.UUID, field_id: uuid.UUID) -> Response:
        """Rename the field, and its values in every document."""
        caller = caller_of(request)
        metadata.field_get(caller.workspace_id, dataset_id, field_id)
        body = MetadataFieldRenameSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        metadata.field_update(
            workspace_id=caller.workspace_id,
            dataset_id=dataset_id,
            field_id=field_id,
            actor=caller.user,
            **body.validated_data,
        )
        return Response(_shown(caller.workspace_id, dataset_id, field_id))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, dataset_id: uuid.UUID, field_id: uuid.UUID) -> Response:
        """Delete the field, and its values in every document."""
        caller = caller_of(request)
        metadata.field_delete(
            workspace_id=caller.workspace_id, dataset_id=dataset_id, field_id=field_id, actor=caller.user
        )
        return Response(status=204)


def _shown(workspace_id: uuid.UUID, dataset_id: uuid.UUID, field_id: uuid.UUID) -> object:
    [row] = [row for row in metadata.metadata_fields(workspace_id, dataset_id) if row.id == field_id]
    return MetadataFieldSerializer(row).data
