"""Documents of a dataset over HTTP: upload, list, progress, change, file and deletion."""

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
from backend.common.errors import Conflict, Invalid
from backend.common.pagination import NewestFirst
from backend.datasets import services
from backend.datasets.api.datasets import DRY_RUN, is_dry_run
from backend.datasets.api.serializers.documents import (
    DeletedDocumentSerializer,
    DocumentSerializer,
    DocumentWriteSerializer,
    FromUrlResultSerializer,
    FromUrlSerializer,
)
from backend.datasets.models import Document, DocumentStatus
from backend.datasets.selectors import STATES, dataset_require, document_get, document_list
from backend.files.api import UploadSerializer, upload_of
from backend.files.downloads import file_response
from backend.files.uploads import UploadViewMixin

ORDERINGS = ("created_at", "name", "size_bytes", "chunk_count", "token_count")
LIST_PARAMETERS = [
    OpenApiParameter("search", str, description="a part of the name"),
    OpenApiParameter("status", str, enum=DocumentStatus.values),
    OpenApiParameter("state", str, enum=list(STATES)),
    OpenApiParameter("ordering", str, enum=[sign + name for name in ORDERINGS for sign in ("", "-")]),
]


class DocumentOrder(NewestFirst):
    """Documents by what the caller sorts them by; newest first unless the caller says so."""

    def get_ordering(self, request: Request, queryset: QuerySet[Document], view: APIView) -> tuple[str, ...]:
        """Return the columns; raises `Invalid` for one that lists are not sorted by."""
        asked = request.query_params.get("ordering", "")
        if not asked:
            return tuple(self.ordering)
        if asked.removeprefix("-") not in ORDERINGS:
            raise Invalid(f"documents are not sorted by {asked[:50]!r}; choose from {', '.join(ORDERINGS)}, or -name")
        return asked, "-id" if asked.startswith("-") else "id"


class DocumentList(UploadViewMixin, ListAPIView):
    """The documents of a dataset."""

    serializer_class = DocumentSerializer
    pagination_class = DocumentOrder

    def get_queryset(self) -> QuerySet[Document]:
        """Return the documents that `search`, `status` and `state` leave."""
        query = self.request.query_params
        return document_list(
            caller_of(self.request).workspace_id,
            self.kwargs["dataset_id"],
            search=query.get("search", ""),
            status=query.get("status", ""),
            state=query.get("state", ""),
        )

    @extend_schema(parameters=LIST_PARAMETERS)
    def get(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Return a page of documents."""
        return self.list(request)

    @extend_schema(
        request={"multipart/form-data": UploadSerializer}, responses={201: DocumentSerializer, 200: DocumentSerializer}
    )
    def post(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Upload a file: 201, or 200 with the document that is there when name and bytes are the same."""
        caller = caller_of(request)
        dataset_require(caller.workspace_id, dataset_id)
        document, is_new = services.document_upload(
            workspace_id=caller.workspace_id,
            dataset_id=dataset_id,
            upload=upload_of(request),
            actor=caller.user,
        )
        return Response(DocumentSerializer(document).data, status=201 if is_new else 200)


class DocumentsFromUrl(APIView):
    """Documents from the web."""

    @extend_schema(request=FromUrlSerializer, responses={202: FromUrlResultSerializer})
    def post(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Have a page, or the pages of a sitemap, fetched and indexed; refused addresses are named."""
        caller = caller_of(request)
        dataset_require(caller.workspace_id, dataset_id)
        body = FromUrlSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        found = services.documents_from_url(
            workspace_id=caller.workspace_id, dataset_id=dataset_id, actor=caller.user, **body.validated_data
        )
        return Response(FromUrlResultSerializer(found).data, status=202)


class DocumentDetail(APIView):
    """One document."""

    @extend_schema(responses=DocumentSerializer)
    def get(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID) -> Response:
        """Return the document with the state of its indexing."""
        document = document_get(caller_of(request).workspace_id, dataset_id, document_id)
        return Response(DocumentSerializer(document).data)

    @extend_schema(request=DocumentWriteSerializer(partial=True), responses=DocumentSerializer)
    def patch(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID) -> Response:
        """Rename, enable, disable or archive the document, or replace its metadata; searches see it at once."""
        caller = caller_of(request)
        document_get(caller.workspace_id, dataset_id, document_id)
        body = DocumentWriteSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        changed = services.document_update(
            workspace_id=caller.workspace_id,
            dataset_id=dataset_id,
            document_id=document_id,
            values=body.validated_data,
            actor=caller.user,
        )
        return Response(DocumentSerializer(changed).data)

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


class DocumentFile(APIView):
    """The file as it was uploaded, or fetched."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID) -> HttpResponseBase:
        """Return the bytes, as an attachment."""
        document = document_get(caller_of(request).workspace_id, dataset_id, document_id)
        if document.file is None:
            raise Conflict("the page has not been fetched yet: wait until the document is ready")
        return file_response(document.file)
