"""Quantization over HTTP: estimate, start, watch, cancel."""

import uuid

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.quantization import selectors, services
from backend.quantization.models import Quantization
from backend.quantization.serializers import (
    QuantizationEstimateSerializer,
    QuantizationSerializer,
    QuantizeSerializer,
)
from inference.quantization.kinds import KINDS


class QuantizeView(APIView):
    """/models/{id}/quantize."""

    is_of_machine = True

    @extend_schema(
        operation_id="models_quantize_estimate",
        parameters=[OpenApiParameter("types", str, description="separated by commas; all without")],
        responses=QuantizationEstimateSerializer,
    )
    def get(self, request: Request, model_id: str) -> Response:
        """Return what quantizing would take of disk and memory, and what is free."""
        types = request.query_params.get("types", "") or ",".join(KINDS)
        needs, _ = selectors.estimate_of(model_id, types.split(","))
        return Response(QuantizationEstimateSerializer(needs).data)

    @extend_schema(operation_id="models_quantize", request=QuantizeSerializer, responses={202: QuantizationSerializer})
    def post(self, request: Request, model_id: str) -> Response:
        """Have a model of this machine stored in smaller types, measured and installed."""
        caller = caller_of(request)
        body = QuantizeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        job = services.quantization_start(
            workspace_id=caller.workspace_id, model=model_id, actor=caller.user, **body.validated_data
        )
        return Response(QuantizationSerializer(job).data, status=202)


class QuantizationsView(ListAPIView):
    """GET /quantizations: models on their way into smaller types, and the reports of those that came, newest first."""

    serializer_class = QuantizationSerializer
    queryset = Quantization.unscoped.none()

    def get_queryset(self) -> object:
        """Return the workspace's jobs."""
        return selectors.quantizations_list(caller_of(self.request).workspace_id)


class QuantizationView(APIView):
    """GET /quantizations/{id}."""

    @extend_schema(operation_id="quantizations_get", responses=QuantizationSerializer)
    def get(self, request: Request, quantization_id: uuid.UUID) -> Response:
        """Return a job: how far it is, its report, or why it failed."""
        job = selectors.quantization_get(caller_of(request).workspace_id, quantization_id)
        return Response(QuantizationSerializer(job).data)


class QuantizationCancelView(APIView):
    """POST /quantizations/{id}/cancel."""

    is_of_machine = True

    @extend_schema(operation_id="quantizations_cancel", request=None, responses=QuantizationSerializer)
    def post(self, request: Request, quantization_id: uuid.UUID) -> Response:
        """End a job; nothing of it stays."""
        caller = caller_of(request)
        job = services.quantization_cancel(workspace_id=caller.workspace_id, job_id=quantization_id, actor=caller.user)
        return Response(QuantizationSerializer(job).data)
