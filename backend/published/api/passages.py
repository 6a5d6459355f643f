"""The page on which a passage stands that an answer cites: for whom it was answered, that page and no other."""

import uuid

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.common.errors import NotFound
from backend.datasets.api.pages import WIDTH, page_response, width_asked
from backend.datasets.api.serializers.chunks import areas_of
from backend.datasets.api.serializers.retrieval import AreaSerializer
from backend.datasets.passages import Place, passage_place
from backend.datasets.selectors import ids_parse
from backend.published.selectors import visitor_run
from backend.published.shown import source_cited
from backend.published.visitors import Visiting, VisitorAuthentication, page_admit, visitor_here


class CitedPlaceSerializer(serializers.Serializer):
    """Where a cited passage stands; `has_page` says that its page can be shown."""

    page = serializers.IntegerField(source="chunk.page", allow_null=True)
    has_page = serializers.SerializerMethodField()
    areas = serializers.SerializerMethodField()

    def get_has_page(self, place: Place) -> bool:
        """Return whether its page can be shown."""
        return place.has_pages and place.chunk.page is not None

    @extend_schema_field(AreaSerializer(many=True))
    def get_areas(self, place: Place) -> list[dict[str, float]]:
        """Return the rectangles that it covers."""
        return areas_of(place.chunk)


def _place(request: Request, run_id: uuid.UUID, position: int) -> Place:
    """Return the place of a passage that the visitor's own run cites; raises `NotFound` for any other."""
    visitor = visitor_here(request)
    run = visitor_run(visitor.page, visitor.end_user, run_id)
    source = source_cited(run, visitor.page.site, position)
    ids = ids_parse([source.dataset_id, source.document_id, source.chunk_id]) if source else []
    if len(ids) != 3:
        raise NotFound(f"the answer cites no passage {position!r}")
    place = passage_place(visitor.page.app.workspace_id, ids[0], ids[1], ids[2])
    if not (place.document.is_enabled and place.chunk.is_enabled) or place.document.is_archived:
        raise NotFound("the document of this passage was withdrawn")
    return place


class CitedPlace(APIView):
    """GET /published/{code}/runs/{id}/sources/{position}."""

    authentication_classes = [VisitorAuthentication]
    permission_classes = [Visiting]

    @extend_schema(operation_id="published_runs_source", responses=CitedPlaceSerializer, auth=[])
    def get(self, request: Request, code: str, run_id: uuid.UUID, position: int) -> Response:
        """Return where a passage stands that one's own answer cites."""
        return Response(CitedPlaceSerializer(_place(request, run_id, position)).data)


class CitedPage(APIView):
    """GET /published/{code}/runs/{id}/sources/{position}/page."""

    authentication_classes = [VisitorAuthentication]
    permission_classes = [Visiting]

    @extend_schema(
        operation_id="published_runs_source_page",
        parameters=[WIDTH],
        responses={(200, "image/png"): OpenApiTypes.BINARY},
        auth=[],
    )
    def get(self, request: Request, code: str, run_id: uuid.UUID, position: int) -> HttpResponse:
        """Return the page on which it stands, as it is printed."""
        width = width_asked(request)
        page_admit(visitor_here(request))
        place = _place(request, run_id, position)
        if place.chunk.page is None:
            raise NotFound("the passage stands on no page of its own")
        return page_response(request, place.document, place.chunk.page, width)
