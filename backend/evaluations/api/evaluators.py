"""Evaluators over HTTP."""

import uuid

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.evaluations.api.serializers import EvaluatorSerializer, EvaluatorUpdateSerializer
from backend.evaluations.models import Evaluator
from backend.evaluations.selectors import evaluator_get, evaluators_list
from backend.evaluations.services.evaluators import evaluator_create, evaluator_delete, evaluator_update


class EvaluatorsView(ListAPIView):
    """The evaluators of the workspace."""

    serializer_class = EvaluatorSerializer

    def get_queryset(self) -> QuerySet[Evaluator]:
        """Return the evaluators."""
        return evaluators_list(caller_of(self.request).workspace_id)

    @extend_schema(operation_id="evaluators_create", request=EvaluatorSerializer, responses={201: EvaluatorSerializer})
    def post(self, request: Request) -> Response:
        """Create an evaluator; what is absent in its configuration has a default."""
        caller = caller_of(request)
        body = EvaluatorSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = evaluator_create(workspace_id=caller.workspace_id, actor=caller.user, **body.validated_data)
        return Response(EvaluatorSerializer(made).data, status=201)


class EvaluatorView(APIView):
    """One evaluator."""

    @extend_schema(operation_id="evaluators_get", responses=EvaluatorSerializer)
    def get(self, request: Request, evaluator_id: uuid.UUID) -> Response:
        """Return it."""
        return Response(EvaluatorSerializer(evaluator_get(caller_of(request).workspace_id, evaluator_id)).data)

    @extend_schema(operation_id="evaluators_update", request=EvaluatorUpdateSerializer, responses=EvaluatorSerializer)
    def patch(self, request: Request, evaluator_id: uuid.UUID) -> Response:
        """Change it; experiments that have begun keep what they began with."""
        caller = caller_of(request)
        found = evaluator_get(caller.workspace_id, evaluator_id)
        body = EvaluatorUpdateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(
            EvaluatorSerializer(evaluator_update(evaluator=found, changes=body.validated_data, actor=caller.user)).data
        )

    @extend_schema(operation_id="evaluators_delete", responses={204: None})
    def delete(self, request: Request, evaluator_id: uuid.UUID) -> Response:
        """Delete it."""
        caller = caller_of(request)
        evaluator_delete(evaluator=evaluator_get(caller.workspace_id, evaluator_id), actor=caller.user)
        return Response(status=204)
