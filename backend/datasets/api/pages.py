"""Pages of documents as they are printed, and where a passage stands on them."""

import uuid

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.common.errors import Invalid
from backend.datasets.api.serializers.chunks import PlaceSerializer
from backend.datasets.models import Document
from backend.datasets.passages import PAGE_WIDTHS, page_png, passage_place
from backend.datasets.selectors import document_get
from backend.files.downloads import SANDBOX

WIDTH = OpenApiParameter("width", int, enum=PAGE_WIDTHS, description=f"in pixels, {PAGE_WIDTHS[1]} if not said")


def width_asked(request: Request) -> int:
    """Return how wide the page shall be drawn; raises `Invalid`."""
    asked = request.query_params.get("width", str(PAGE_WIDTHS[1]))
    if asked not in map(str, PAGE_WIDTHS):
        raise Invalid(f"pages are not drawn {asked[:20]!r} pixels wide; choose from {', '.join(map(str, PAGE_WIDTHS))}")
    return int(asked)


def page_response(request: Request, document: Document, number: int, width: int) -> HttpResponse:
    """Return the page as PNG, or 304 to a browser that has it: rights are looked at each time, drawn is it once."""
    tag = f'"{document.file_id}-{number}-{width}"'
    if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(page_png(document, number, width), content_type="image/png")
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    return response


class DocumentPage(APIView):
    """One page of a document."""

    @extend_schema(parameters=[WIDTH], responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID, number: int) -> HttpResponse:
        """Return the page as it is printed; 409 for formats that are not."""
        width = width_asked(request)
        document = document_get(caller_of(request).workspace_id, dataset_id, document_id)
        return page_response(request, document, number, width)


class ChunkPlace(APIView):
    """Where a chunk stands."""

    @extend_schema(responses=PlaceSerializer)
    def get(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID, chunk_id: uuid.UUID) -> Response:
        """Return its page, its rectangles there, and the words around it."""
        place = passage_place(caller_of(request).workspace_id, dataset_id, document_id, chunk_id)
        return Response(PlaceSerializer(place).data)
