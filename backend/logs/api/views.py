"""Saved views of the list of runs over HTTP: each person has their own."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.accounts.models import Role
from backend.common.errors import Conflict, NotFound
from backend.logs.api.serializers import SavedViewSerializer
from backend.logs.models import SavedView

MAX_VIEWS = 200


class SavedViewsView(APIView):
    """The caller's saved views."""

    write_role = Role.VIEWER

    @extend_schema(operation_id="run_views_list", responses=SavedViewSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return all of them, by name."""
        caller = caller_of(request)
        mine = SavedView.objects.within(caller.workspace_id).filter(user=caller.user).order_by("name", "id")
        return Response(SavedViewSerializer(mine[:MAX_VIEWS], many=True).data)

    @extend_schema(operation_id="run_views_save", request=SavedViewSerializer, responses={201: SavedViewSerializer})
    def post(self, request: Request) -> Response:
        """Keep filters under a name; the same name in the same room is overwritten."""
        caller = caller_of(request)
        body = SavedViewSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        mine = SavedView.objects.within(caller.workspace_id).filter(user=caller.user)
        key = {"room": said["room"], "name": said["name"]}
        if mine.count() >= MAX_VIEWS and not mine.filter(**key).exists():
            raise Conflict(f"you have {MAX_VIEWS} saved views: forget one first")
        view, _ = mine.update_or_create(
            **key,
            defaults={"query": said["query"]},
            create_defaults={**said, "workspace_id": caller.workspace_id, "user": caller.user},
        )
        return Response(SavedViewSerializer(view).data, status=201)


class SavedViewView(APIView):
    """One of them."""

    write_role = Role.VIEWER

    @extend_schema(operation_id="run_views_forget", responses={204: None})
    def delete(self, request: Request, view_id: uuid.UUID) -> Response:
        """Forget it."""
        caller = caller_of(request)
        found = SavedView.objects.within(caller.workspace_id).filter(user=caller.user, id=view_id)
        if not found.delete()[0]:
            raise NotFound(f"you have no saved view {str(view_id)!r}")
        return Response(status=204)
