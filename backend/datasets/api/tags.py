"""Tags of datasets over HTTP."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.datasets import tags
from backend.datasets.api.serializers.fields import TagListSerializer, TagSerializer


class TagList(APIView):
    """The tags of the workspace."""

    @extend_schema(responses=TagListSerializer)
    def get(self, request: Request) -> Response:
        """Return all tags, by name."""
        rows = tags.tag_list(caller_of(request).workspace_id)
        return Response(TagListSerializer({"results": rows, "next": None}).data)

    @extend_schema(request=TagSerializer, responses={201: TagSerializer})
    def post(self, request: Request) -> Response:
        """Create a tag."""
        caller = caller_of(request)
        body = TagSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = tags.tag_create(workspace_id=caller.workspace_id, actor=caller.user, **body.validated_data)
        return Response(TagSerializer(made).data, status=201)


class TagDetail(APIView):
    """One tag."""

    @extend_schema(request=TagSerializer, responses=TagSerializer)
    def patch(self, request: Request, tag_id: uuid.UUID) -> Response:
        """Rename the tag."""
        caller = caller_of(request)
        tags.tag_get(caller.workspace_id, tag_id)
        body = TagSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        changed = tags.tag_update(
            workspace_id=caller.workspace_id, tag_id=tag_id, actor=caller.user, **body.validated_data
        )
        return Response(TagSerializer(changed).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, tag_id: uuid.UUID) -> Response:
        """Delete the tag; datasets that carry it lose it."""
        caller = caller_of(request)
        tags.tag_delete(workspace_id=caller.workspace_id, tag_id=tag_id, actor=caller.user)
        return Response(status=204)
