"""Evaluations of test sets over HTTP."""

import uuid

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.datasets import evaluations, test_sets
from backend.datasets.api.serializers.evaluations import (
    EvaluateSerializer,
    EvaluationSerializer,
    EvaluationSummarySerializer,
)
from backend.datasets.models import RetrievalEvaluation


class EvaluationList(ListAPIView):
    """The evaluations of a test set."""

    serializer_class = EvaluationSummarySerializer

    def get_queryset(self) -> QuerySet[RetrievalEvaluation]:
        """Return the evaluations."""
        kwargs = self.kwargs
        workspace_id = caller_of(self.request).workspace_id
        return evaluations.evaluation_list(workspace_id, kwargs["dataset_id"], kwargs["test_set_id"])

    @extend_schema(request=EvaluateSerializer, responses={202: EvaluationSerializer})
    def post(self, request: Request, dataset_id: uuid.UUID, test_set_id: uuid.UUID) -> Response:
        """Measure settings on the test set, in the background."""
        caller = caller_of(request)
        test_sets.set_get(caller.workspace_id, dataset_id, test_set_id)
        body = EvaluateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = evaluations.evaluation_start(
            workspace_id=caller.workspace_id,
            dataset_id=dataset_id,
            test_set_id=test_set_id,
            actor=caller.user,
            **body.validated_data,
        )
        return Response(EvaluationSerializer(made).data, status=202)


class EvaluationDetail(APIView):
    """One evaluation."""

    @extend_schema(responses=EvaluationSerializer)
    def get(
        self, request: Request, dataset_id: uuid.UUID, test_set_id: uuid.UUID, evaluation_id: uuid.UUID
    ) -> Response:
        """Return how far it is, and the measures of every setting that is done."""
        workspace_id = caller_of(request).workspace_id
        found = evaluations.evaluation_get(workspace_id, dataset_id, test_set_id, evaluation_id)
        return Response(EvaluationSerializer(found).data)
