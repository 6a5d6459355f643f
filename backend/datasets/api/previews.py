"""Previews of chunks over HTTP: what settings would make of a file, before anything is indexed."""

import json
import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.common.errors import Invalid
from backend.datasets.api.serializers.datasets import PreviewSettingsSerializer
from backend.datasets.api.serializers.documents import PreviewedSerializer, PreviewSerializer, PreviewUploadSerializer
from backend.datasets.selectors import dataset_require
from backend.datasets.services import dataset_preview
from backend.files.api import upload_of
from backend.files.uploads import UploadViewMixin


class DatasetPreview(UploadViewMixin, APIView):
    """A look at chunks that are not there yet."""

    parser_classes = [JSONParser, MultiPartParser]

    @extend_schema(
        request={"multipart/form-data": PreviewUploadSerializer, "application/json": PreviewSerializer},
        responses=PreviewedSerializer,
    )
    def post(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Cut a file, or a document that is there, with other settings; nothing is stored."""
        workspace_id = caller_of(request).workspace_id
        dataset_require(workspace_id, dataset_id)
        is_upload = (request.content_type or "").startswith("multipart/form-data")
        if is_upload:
            given, source = _settings(str(request.data.get("settings") or "{}")), {"upload": upload_of(request)}
        else:
            body = PreviewSerializer(data=request.data)
            body.is_valid(raise_exception=True)
            given = body.validated_data.get("settings", {})
            source = {"document_id": body.validated_data["document_id"]}
        settings = PreviewSettingsSerializer(data=given)
        settings.is_valid(raise_exception=True)
        shown = dataset_preview(
            workspace_id=workspace_id, dataset_id=dataset_id, settings=settings.validated_data, **source
        )
        return Response(PreviewedSerializer(shown).data)


def _settings(text: str) -> object:
    """Return the JSON of a form's field; raises `Invalid` for anything else."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"settings are not valid JSON: {str(error)[:200]}"
        raise Invalid(message, fields={"settings": [message]}) from error
