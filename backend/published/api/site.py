"""The console's side of a published page: reading and changing it, its address, its picture."""

import uuid

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.apps.models import App
from backend.apps.selectors import app_get
from backend.common.errors import NotFound
from backend.files.api import UploadSerializer, upload_of
from backend.files.uploads import UploadViewMixin
from backend.published.api.pictures import picture_response
from backend.published.api.serializers import SiteSerializer
from backend.published.selectors import site_of_app
from backend.published.services import site_code_renew, site_picture_remove, site_picture_set, site_update


def _app(request: Request, app_id: uuid.UUID) -> App:
    return app_get(caller_of(request).workspace_id, app_id)


class SiteView(APIView):
    """The published page of an app."""

    @extend_schema(operation_id="apps_site_get", responses=SiteSerializer)
    def get(self, request: Request, app_id: uuid.UUID) -> Response:
        """Return it, with every default filled in."""
        return Response(SiteSerializer(site_of_app(_app(request, app_id))).data)

    @extend_schema(operation_id="apps_site_update", request=SiteSerializer, responses=SiteSerializer)
    def patch(self, request: Request, app_id: uuid.UUID) -> Response:
        """Change what is named; switching it on needs a published version."""
        app = _app(request, app_id)
        body = SiteSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        site = site_update(app=app, actor=caller_of(request).user, changes=body.validated_data)
        return Response(SiteSerializer(site).data)


class SiteCodeView(APIView):
    """POST /apps/{id}/site/code."""

    @extend_schema(operation_id="apps_site_code", request=None, responses=SiteSerializer)
    def post(self, request: Request, app_id: uuid.UUID) -> Response:
        """Give the page a new address; the old one leads nowhere from then on."""
        site = site_code_renew(app=_app(request, app_id), actor=caller_of(request).user)
        return Response(SiteSerializer(site).data)


class SitePictureView(UploadViewMixin, APIView):
    """The picture of a page."""

    @extend_schema(operation_id="apps_site_picture_get", responses={(200, "image/*"): OpenApiTypes.BINARY})
    def get(self, request: Request, app_id: uuid.UUID) -> object:
        """Return it."""
        site = site_of_app(_app(request, app_id))
        if site.picture is None:
            raise NotFound("the page has no picture")
        return picture_response(site.picture)

    @extend_schema(
        operation_id="apps_site_picture_set",
        request={"multipart/form-data": UploadSerializer},
        responses=SiteSerializer,
    )
    def post(self, request: Request, app_id: uuid.UUID) -> Response:
        """Set it: a PNG, JPEG, GIF or WebP of at most 1 MB."""
        app = _app(request, app_id)
        site = site_picture_set(app=app, actor=caller_of(request).user, upload=upload_of(request))
        return Response(SiteSerializer(site).data)

    @extend_schema(operation_id="apps_site_picture_remove", responses=SiteSerializer)
    def delete(self, request: Request, app_id: uuid.UUID) -> Response:
        """Take it away."""
        site = site_picture_remove(app=_app(request, app_id), actor=caller_of(request).user)
        return Response(SiteSerializer(site).data)
