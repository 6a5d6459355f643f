"""Chunks of a document over HTTP, and the children by which they are found."""

import uuid

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import Caller, caller_of
from backend.common.pagination import NewestFirst
from backend.datasets import services
from backend.datasets.api.serializers.chunks import (
    ChildSerializer,
    ChunkCreateSerializer,
    ChunkSerializer,
    ChunkUpdateSerializer,
)
from backend.datasets.models import Chunk
from backend.datasets.selectors import child_get, chunk_get, chunk_list, document_get


class ByPosition(NewestFirst):
    """Chunks as they stand in their document."""

    ordering = ("position",)


def _in_document(caller: Caller, dataset_id: uuid.UUID, document_id: uuid.UUID) -> dict[str, object]:
    return {
        "workspace_id": caller.workspace_id,
        "dataset_id": dataset_id,
        "document_id": document_id,
        "actor": caller.user,
    }


def _shown(
    caller: Caller, dataset_id: uuid.UUID, document_id: uuid.UUID, chunk_id: uuid.UUID, status: int = 200
) -> Response:
    found = chunk_get(caller.workspace_id, dataset_id, document_id, chunk_id)
    return Response(ChunkSerializer(found).data, status=status)


class ChunkList(ListAPIView):
    """The chunks of a document."""

    serializer_class = ChunkSerializer
    pagination_class = ByPosition

    def get_queryset(self) -> QuerySet[Chunk]:
        """Return the chunks that `search` leaves, in their order."""
        kwargs = self.kwargs
        return chunk_list(
            caller_of(self.request).workspace_id,
            kwargs["dataset_id"],
            kwargs["document_id"],
            search=self.request.query_params.get("search", ""),
        )

    @extend_schema(parameters=[OpenApiParameter("search", str, description="a part of the text or answer")])
    def get(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID) -> Response:
        """Return a page of chunks."""
        return self.list(request)

    @extend_schema(request=ChunkCreateSerializer, responses={201: ChunkSerializer})
    def post(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID) -> Response:
        """Add a chunk after the last one; it is searchable at once."""
        caller = caller_of(request)
        document_get(caller.workspace_id, dataset_id, document_id)
        body = ChunkCreateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = services.chunk_add(**_in_document(caller, dataset_id, document_id), **body.validated_data)
        return _shown(caller, dataset_id, document_id, made.id, 201)


class ChunkDetail(APIView):
    """One chunk."""

    @extend_schema(responses=ChunkSerializer)
    def get(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID, chunk_id: uuid.UUID) -> Response:
        """Return the chunk."""
        return _shown(caller_of(request), dataset_id, document_id, chunk_id)

    @extend_schema(request=ChunkUpdateSerializer(partial=True), responses=ChunkSerializer)
    def patch(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID, chunk_id: uuid.UUID) -> Response:
        """Change the chunk, or switch it on or off; searches see it at once."""
        caller = caller_of(request)
        chunk_get(caller.workspace_id, dataset_id, document_id, chunk_id)
        body = ChunkUpdateSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        changed = services.chunk_update(
            **_in_document(caller, dataset_id, document_id), chunk_id=chunk_id, values=body.validated_data
        )
        return _shown(caller, dataset_id, document_id, changed.id)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID, chunk_id: uuid.UUID) -> Response:
        """Delete the chunk with its children."""
        caller = caller_of(request)
        services.chunk_delete(**_in_document(caller, dataset_id, document_id), chunk_id=chunk_id)
        return Response(status=204)


class ChildList(APIView):
    """The children of a chunk; they are listed with it."""

    @extend_schema(request=ChildSerializer, responses={201: ChunkSerializer})
    def post(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID, chunk_id: uuid.UUID) -> Response:
        """Add a child, and return the chunk."""
        caller = caller_of(request)
        chunk_get(caller.workspace_id, dataset_id, document_id, chunk_id)
        body = ChildSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        services.child_add(**_in_document(caller, dataset_id, document_id), chunk_id=chunk_id, **body.validated_data)
        return _shown(caller, dataset_id, document_id, chunk_id, 201)


class ChildDetail(APIView):
    """One child of a chunk."""

    @extend_schema(request=ChildSerializer, responses=ChunkSerializer)
    def patch(
        self,
        request: Request,
        dataset_id: uuid.UUID,
        document_id: uuid.UUID,
        chunk_id: uuid.UUID,
        child_id: uuid.UUID,
    ) -> Response:
        """Change the text of the child, and return the chunk."""
        caller = caller_of(request)
        child_get(caller.workspace_id, dataset_id, document_id, chunk_id, child_id)
        body = ChildSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        services.child_update(
            **_in_document(caller, dataset_id, document_id),
            chunk_id=chunk_id,
            child_id=child_id,
            **body.validated_data,
        )
        return _shown(caller, dataset_id, document_id, chunk_id)

    @extend_schema(responses=ChunkSerializer)
    def delete(
        self,
        request: Request,
        dataset_id: uuid.UUID,
        document_id: uuid.UUID,
        chunk_id: uuid.UUID,
        child_id: uuid.UUID,
    ) -> Response:
        """Delete the child, and return the chunk."""
        caller = caller_of(request)
        services.child_delete(**_in_document(caller, dataset_id, document_id), chunk_id=chunk_id, child_id=child_id)
        return _shown(caller, dataset_id, document_id, chunk_id)
