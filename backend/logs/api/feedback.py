"""The console's verdicts on answers."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.logs.models import Rating
from backend.logs.services import feedback_set
from backend.runs.selectors import run_get

COMMENT_CHARS = 10_000


class FeedbackRequestSerializer(serializers.Serializer):
    """A verdict; `rating` null takes it back."""

    rating = serializers.ChoiceField(choices=Rating.choices, allow_null=True)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=COMMENT_CHARS, default="")


class FeedbackResponseSerializer(serializers.Serializer):
    """The verdict that stands now."""

    rating = serializers.ChoiceField(choices=Rating.choices, allow_null=True)
    comment = serializers.CharField(allow_blank=True)


class RunFeedbackView(APIView):
    """POST /runs/{id}/feedback."""

    @extend_schema(request=FeedbackRequestSerializer, responses=FeedbackResponseSerializer)
    def post(self, request: Request, run_id: uuid.UUID) -> Response:
        """Set or take back the caller's verdict on a run."""
        caller = caller_of(request)
        body = FeedbackRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        run = run_get(caller.workspace_id, run_id)
        found = feedback_set(run=run, user=caller.user, **body.validated_data)
        return Response({"rating": found.rating if found else None, "comment": found.comment if found else ""})
