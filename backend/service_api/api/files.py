"""Files of an app's end users: upload, and reading back one's own."""

from pathlib import PurePosixPath

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from backend.common.errors import ApiError, NotFound
from backend.files.downloads import file_response
from backend.files.models import StoredFile
from backend.files.selectors import file_get
from backend.files.services import file_store
from backend.files.uploads import LimitedUploadHandler
from backend.service_api.api.history import preview_url
from backend.service_api.callers import AppCaller, end_user_of
from backend.service_api.services import end_user_ensure, end_user_id, known_type_require


def upload(request: HttpRequest, caller: AppCaller) -> HttpResponse:
    """POST /files/upload: an image or a document, which belongs to the end user from then on."""
    request.upload_handlers = [LimitedUploadHandler(request)]
    uploads = request.FILES.getlist("file")
    if not uploads:
        raise ApiError("Please upload your file: send it in the multipart field 'file'.", code="no_file_uploaded")
    if len(uploads) > 1 or len(request.FILES) > 1:
        raise ApiError("Only one file is allowed.", code="too_many_files")
    known_type_require(uploads[0])
    end_user = end_user_of(request.POST.get("user"), required=False)
    end_user_ensure(app=caller.app, session_id=end_user)
    stored = file_store(workspace_id=caller.workspace_id, upload=uploads[0], app_id=caller.app.id, end_user=end_user)
    return JsonResponse(_file_item(stored, caller), status=201)


def _file_item(stored: StoredFile, caller: AppCaller) -> dict[str, object]:
    owner = str(end_user_id(caller.app.id, stored.end_user))
    return {
        "id": str(stored.id),
        "reference": None,
        "name": stored.name,
        "size": stored.size_bytes,
        "extension": PurePosixPath(stored.name).suffix.lstrip(".").lower(),
        "mime_type": stored.mime_type,
        "created_by": owner,
        "created_at": int(stored.created_at.timestamp()),
        "preview_url": None,
        "source_url": preview_url(stored.id),
        "original_url": None,
        "user_id": owner,
        "tenant_id": str(stored.workspace_id),
        "conversation_id": None,
        "file_key": None,
    }


def preview(request: HttpRequest, caller: AppCaller, file_id: str) -> HttpResponseBase:
    """GET /files/{id}/preview: always as an attachment, so that no file runs in a browser."""
    end_user = end_user_of(request.GET.get("user"), required=False)
    try:
        stored = file_get(workspace_id=caller.workspace_id, file_id=file_id, app_id=caller.app.id, end_user=end_user)
        return file_response(stored)
    except NotFound as error:
        raise NotFound(error.message, code="file_not_found") from error
