"""What anybody who has the address may ask: what the page offers, its picture, and to become a visitor."""

import uuid

from django.http import HttpRequest
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.authentication import PublicAuthentication
from backend.accounts.permissions import Public
from backend.common.errors import NotFound
from backend.published.api.pictures import picture_response
from backend.published.api.serializers import LookSerializer, VisitedSerializer, VisitSerializer
from backend.published.offering import offered
from backend.published.selectors import site_open
from backend.published.visitors import cookie_set, newcomer_admit, token_sent, visitor_read, visitor_token


class EntranceView(APIView):
    """GET /published/{code}."""

    authentication_classes = [PublicAuthentication]
    permission_classes = [Public]

    @extend_schema(operation_id="published_get", responses=LookSerializer, auth=[])
    def get(self, request: Request, code: str) -> Response:
        """Return how the page looks and what it asks for."""
        return Response(offered(site_open(code)))


class PictureView(APIView):
    """GET /published/{code}/picture."""

    authentication_classes = [PublicAuthentication]
    permission_classes = [Public]

    @extend_schema(operation_id="published_picture", responses={(200, "image/*"): OpenApiTypes.BINARY}, auth=[])
    def get(self, request: Request, code: str) -> object:
        """Return the picture of the page."""
        picture = site_open(code).site.picture
        if picture is None:
            raise NotFound("the page has no picture")
        return picture_response(picture)


class VisitView(APIView):
    """POST /published/{code}/visitor."""

    authentication_classes = [PublicAuthentication]
    permission_classes = [Public]

    @extend_schema(operation_id="published_visit", request=VisitSerializer, responses=VisitedSerializer, auth=[])
    def post(self, request: Request, code: str) -> Response:
        """Know the visitor from now on, by a cookie or by a token for a header; who is known stays who they are."""
        page = site_open(code)
        body = VisitSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        http_request = request._request
        visitor = visitor_read(page.site, token_sent(http_request))
        if visitor is None:
            newcomer_admit(page.site, _address_of(http_request))
            visitor = uuid.uuid4()
        token = visitor_token(page.site, visitor)
        keeps_token = body.validated_data["keep_token"]
        response = Response({"token": token if keeps_token else None})
        if not keeps_token:
            cookie_set(response, http_request, code, token)
        return response


def _address_of(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))
