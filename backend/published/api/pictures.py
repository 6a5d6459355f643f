"""Shows the picture of a page: by its bytes an image that runs nothing, and labelled as nothing else."""

from django.http import HttpResponse

from backend.common.errors import NotFound
from backend.files.downloads import SANDBOX
from backend.files.models import StoredFile
from backend.files.services import file_path

CACHED_S = 300


def picture_response(stored: StoredFile) -> HttpResponse:
    """Return the picture, of 1 MB at most, for an `img` element; raises `NotFound` when its bytes are gone."""
    assert stored.kind == "image", "only images become pictures"
    try:
        content = file_path(stored).read_bytes()
    except FileNotFoundError as error:
        raise NotFound("the bytes of the picture are gone from the disk: upload it again") from error
    response = HttpResponse(content, content_type=stored.mime_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    response["Cache-Control"] = f"private, max-age={CACHED_S}"
    return response
