"""A visitor's files: upload what the app takes, and read back what is one's own."""

import uuid

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.files.api import StoredFileSerializer, UploadSerializer, upload_of
from backend.files.downloads import file_response
from backend.files.names import HEAD_BYTES, name_clean, type_of
from backend.files.selectors import file_get
from backend.files.services import file_store
from backend.files.uploads import UploadViewMixin
from backend.published.offering import file_rules
from backend.published.visitors import Visiting, VisitorAuthentication, upload_admit, visitor_here


class FilesView(UploadViewMixin, APIView):
    """Uploads."""

    authentication_classes = [VisitorAuthentication]
    permission_classes = [Visiting]

    @extend_schema(
        operation_id="published_files_create",
        request={"multipart/form-data": UploadSerializer},
        responses={201: StoredFileSerializer},
        auth=[],
    )
    def post(self, request: Request, code: str) -> Response:
        """Keep a file for the visitor, if the app takes such files."""
        visitor = visitor_here(request)
        upload_admit(visitor)
        upload = upload_of(request)
        name = name_clean(upload.name or "")
        found = type_of(upload.read(HEAD_BYTES), name)
        upload.seek(0)
        file_rules(visitor.page).check(name, found)
        app = visitor.page.app
        stored = file_store(workspace_id=app.workspace_id, upload=upload, app_id=app.id, end_user=visitor.end_user)
        return Response(StoredFileSerializer(stored).data, status=201)


class FileView(APIView):
    """One file of the visitor's: an upload, or what a run made for them."""

    authentication_classes = [VisitorAuthentication]
    permission_classes = [Visiting]

    @extend_schema(
        operation_id="published_files_get", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}, auth=[]
    )
    def get(self, request: Request, code: str, file_id: uuid.UUID) -> object:
        """Download it, as an attachment that no browser runs."""
        visitor = visitor_here(request)
        app = visitor.page.app
        stored = file_get(workspace_id=app.workspace_id, file_id=file_id, app_id=app.id, end_user=visitor.end_user)
        return file_response(stored)
