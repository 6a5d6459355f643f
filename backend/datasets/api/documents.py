"""Documents of a dataset: upload, progress, chunks, file, retry and deletion."""

import uuid

from django.db.models import QuerySet
from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.common.pagination import NewestFirst
from backend.datasets import services
from backend.datasets.api.datasets import DRY_RUN, is_dry_run
from backend.datasets.api.serializers import (
    ChunkSerializer,
    DeletedDocumentSerializer,
    DocumentSerializer,
)
from backend.datasets.models import Chunk, Document, DocumentStatus
from backend.datasets.selectors import chunk_list, dataset_get, document_get, document_list
from backend.files.api import UploadSerializer, upload_of
from backend.files.downloads import file_response
from backend.files.uploads import UploadViewMixin


class ByPosition(NewestFirst):
    """Chunks as they stand in their document."""

    ordering = ("position",)


class DocumentList(UploadViewMixin, ListAPIView):
    """The documents of a dataset."""

    serializer_class = DocumentSerializer

    def get_queryset(self) -> QuerySet[Document]:
        """Return the documents that `search` and `status` leave."""
        query = self.request.query_params
        return document_list(
            caller_of(self.request).workspace_id,
            self.kwargs["dataset_id"],
            search=query.get("search", ""),
            status=query.get("status", ""),
        )

    @extend_schema(
        parameters=[OpenApiParameter("search", str), OpenApiParameter("status", str, enum=DocumentStatus.values)]
    )
    def get(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Return a page of documents."""
        return self.list(request)

    @extend_schema(
        request={"multipart/form-data": UploadSerializer}, responses={201: DocumentSerializer, 200: DocumentSerializer}
    )
    def post(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Upload a file: 201, or 200 with the document that is there when name and bytes are the same."""
        caller = caller_of(request)
        dataset_get(caller.workspace_id, dataset_id)
        document, is_new = services.document_upload(
            workspace_id=caller.workspace_id,
            dataset_id=dataset_id,
            upload=upload_of(request),
            actor=caller.user,
        )
        return Response(DocumentSerializer(document).data, status=201 if is_new else 200)


class DocumentDetail(APIView):
    """One document."""

    @extend_schema(responses=DocumentSerializer)
    def get(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID) -> Response:
        """Return the document with the state of its indexing."""
        document = document_get(caller_of(request).workspace_id, dataset_id, document_id)
        return Response(DocumentSerializer(document).data)

    @extend_schema(parameters=[DRY_RUN], responses={200: DeletedDocumentSerializer})
    def delete(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID) -> Response:
        """Delete the document, its chunks and its file, and say how much that was."""
        caller = caller_of(request)
        deleted = services.document_delete(
            workspace_id=caller.workspace_id,
            actor=caller.user,
            dataset_id=dataset_id,
            document_id=document_id,
            dry_run=is_dry_run(request),
        )
        return Response(DeletedDocumentSerializer(deleted).data)


class DocumentRetry(APIView):
    """Another try for a failed document."""

    @extend_schema(request=None, responses={202: DocumentSerializer})
    def post(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID) -> Response:
        """Queue the document again."""
        caller = caller_of(request)
        document = services.document_retry(
            workspace_id=caller.workspace_id, dataset_id=dataset_id, document_id=document_id, actor=caller.user
        )
        return Response(DocumentSerializer(document).data, status=202)


class DocumentFile(APIView):
    """The file as it was uploaded."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID) -> HttpResponseBase:
        """Return the bytes, as an attachment."""
        document = document_get(caller_of(request).workspace_id, dataset_id, document_id)
        return file_response(document.file)


class ChunkList(ListAPIView):
    """The passages of a document."""

    serializer_class = ChunkSerializer
    pagination_class = ByPosition

    def get_queryset(self) -> QuerySet[Chunk]:
        """Return the chunks in their order."""
        return chunk_list(caller_of(self.request).workspace_id, self.kwargs["dataset_id"], self.kwargs["document_id"])
