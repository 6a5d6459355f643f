"""Files over HTTP: one upload, one download, each for its owner."""

import uuid

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.common.errors import Invalid
from backend.files.downloads import StoredFileResponse, file_response
from backend.files.selectors import file_get
from backend.files.services import file_store
from backend.files.uploads import UploadViewMixin


class UploadSerializer(serializers.Serializer):
    """A multipart body with one file."""

    file = serializers.FileField()


class StoredFileSerializer(serializers.Serializer):
    """A stored file."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    size_bytes = serializers.IntegerField()
    mime_type = serializers.CharField()
    kind = serializers.ChoiceField(choices=["image", "document", "other"])
    created_at = serializers.DateTimeField()


def upload_of(request: Request) -> UploadedFile:
    """Return the one file of a multipart request; raises `Invalid` without it."""
    uploads = request.FILES.getlist("file")
    if len(uploads) != 1:
        message = f"send one file in the multipart field 'file', not {len(uploads)}"
        raise Invalid(message, fields={"file": [message]})
    return uploads[0]


class FilesView(UploadViewMixin, APIView):
    """Uploads."""

    @extend_schema(request={"multipart/form-data": UploadSerializer}, responses={201: StoredFileSerializer})
    def post(self, request: Request) -> Response:
        """Store a file for the caller."""
        caller = caller_of(request)
        stored = file_store(workspace_id=caller.workspace_id, upload=upload_of(request), user=caller.user)
        return Response(StoredFileSerializer(stored).data, status=201)


class FileView(APIView):
    """One file of the caller's."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, file_id: uuid.UUID) -> StoredFileResponse:
        """Download it."""
        caller = caller_of(request)
        return file_response(file_get(workspace_id=caller.workspace_id, file_id=file_id, user=caller.user))
