"""Dify's knowledge pipelines: graphs that fetch and cut. None can be made here; only their files are taken."""

from pathlib import PurePosixPath

from django.http import HttpRequest, HttpResponse, JsonResponse

from backend.accounts.models import ApiKey
from backend.common.errors import ApiError
from backend.files.services import file_store
from backend.files.uploads import LimitedUploadHandler
from backend.service_api.answers import not_yet
from backend.service_api.api.knowledge.datasets import dataset_of


def pipeline_file(request: HttpRequest, caller: ApiKey) -> HttpResponse:
    """POST /datasets/pipeline/file-upload: keep a file under an id."""
    request.upload_handlers = [LimitedUploadHandler(request)]
    uploads = request.FILES.getlist("file")
    if not uploads:
        raise ApiError("Please upload your file: send it in the multipart field 'file'.", code="no_file_uploaded")
    if len(uploads) > 1 or len(request.FILES) > 1:
        raise ApiError("Only one file is allowed.", code="too_many_files")
    stored = file_store(workspace_id=caller.workspace_id, upload=uploads[0], user=caller.user)
    return JsonResponse(
        {
            "id": str(stored.id),
            "name": stored.name,
            "size": stored.size_bytes,
            "extension": PurePosixPath(stored.name).suffix.lstrip(".").lower(),
            "mime_type": stored.mime_type,
            "created_by": str(caller.user_id or ""),
            "created_at": stored.created_at.isoformat(),
        },
        status=201,
    )


def no_pipeline(request: HttpRequest, caller: ApiKey, dataset_id: str, **path: object) -> HttpResponse:
    """Answer for a dataset of ours, none of which is made by a pipeline: documents are uploaded to it instead."""
    dataset_of(caller, dataset_id)
    return not_yet(request, caller)
