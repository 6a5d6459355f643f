"""The first page of a workspace over HTTP."""

from datetime import timedelta

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.apps.overview import overview


class SinceSerializer(serializers.Serializer):
    """From when on runs are counted; the last 24 hours when left out."""

    since = serializers.DateTimeField(required=False)


class ChangeSerializer(serializers.Serializer):
    """Somebody did something to an app or a dataset; `is_there` says whether that can be visited."""

    action = serializers.CharField()
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    kind = serializers.ChoiceField(choices=["app", "dataset"])
    target_id = serializers.CharField()
    name = serializers.CharField()
    is_there = serializers.BooleanField()


class OverviewSerializer(serializers.Serializer):
    """The runs since the moment asked for; `waiting` are paused ones of any age; and the newest changes."""

    runs = serializers.IntegerField()
    failed = serializers.IntegerField()
    live = serializers.IntegerField()
    waiting = serializers.IntegerField()
    tokens = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=20, decimal_places=8)
    changes = ChangeSerializer(many=True)


class OverviewView(APIView):
    """What the workspace did lately."""

    @extend_schema(parameters=[OpenApiParameter("since", str)], responses=OverviewSerializer)
    def get(self, request: Request) -> Response:
        """Return how many runs there were since a moment, how they went, and what was changed last."""
        asked = SinceSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        since = asked.validated_data.get("since") or timezone.now() - timedelta(hours=24)
        return Response(OverviewSerializer(overview(caller_of(request).workspace_id, since)).data)
