"""Models over HTTP: the list of all that can be asked, and the care of those on this machine."""

import uuid

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.common.errors import Invalid
from backend.local_models import selectors, services
from backend.local_models.models import ModelJob
from backend.local_models.serializers import (
    EngineChoiceSerializer,
    EnginesSerializer,
    EstimateSerializer,
    InventorySerializer,
    LoadSerializer,
    ModelJobSerializer,
    NewModelSerializer,
)
from backend.providers.access import embedded_states
from backend.providers.api import ModelSerializer, ModelsSerializer
from backend.providers.selectors import models_list

MAX_CONTEXT_TOKENS = 10_000_000


class ModelsView(APIView):
    """Every model that the workspace can use."""

    is_of_machine = True

    @extend_schema(responses=ModelsSerializer)
    def get(self, request: Request) -> Response:
        """List them all in one page, those of this machine first."""
        records = models_list(caller_of(request).workspace_id)
        body = ModelSerializer(records, many=True, context={"states": embedded_states()}).data
        return Response({"results": body, "next": None})

    @extend_schema(request=NewModelSerializer, responses={202: ModelJobSerializer})
    def post(self, request: Request) -> Response:
        """Have a model brought here: pulled from the hub, or added from a file or folder of this machine."""
        caller = caller_of(request)
        body = NewModelSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        path, repository = given.pop("path"), given.pop("pull")
        kind = ModelJob.Kind.ADD if path else ModelJob.Kind.PULL
        wanted = services.NewModel(kind, path or repository, model=given.pop("id"), **given)
        job = services.job_start(workspace_id=caller.workspace_id, wanted=wanted, actor=caller.user)
        return Response(ModelJobSerializer(job).data, status=202)


def _inventory(request: Request) -> Response:
    found = selectors.inventory(caller_of(request).workspace_id)
    return Response(InventorySerializer(found).data)


class LocalModelsView(APIView):
    """GET /local-models."""

    @extend_schema(operation_id="local_models_list", responses=InventorySerializer)
    def get(self, request: Request) -> Response:
        """Return what is on this machine, loaded or not, and the memory that models share."""
        return _inventory(request)


class EnginesView(APIView):
    """GET /engines."""

    @extend_schema(operation_id="engines_list", responses=EnginesSerializer)
    def get(self, request: Request) -> Response:
        """List the engines that serve models of this machine: what each opens, and how to install it."""
        return Response(EnginesSerializer({"results": selectors.engines_list()}).data)


class LocalModelView(APIView):
    """PATCH and DELETE /models/{id}."""

    is_of_machine = True

    @extend_schema(operation_id="models_engine", request=EngineChoiceSerializer, responses=InventorySerializer)
    def patch(self, request: Request, model_id: str) -> Response:
        """Choose the engine that serves a model; one in memory leaves it, and comes back when it is asked."""
        caller = caller_of(request)
        body = EngineChoiceSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        services.model_engine_set(
            workspace_id=caller.workspace_id, model=model_id, engine=body.validated_data["engine"], actor=caller.user
        )
        return _inventory(request)

    @extend_schema(operation_id="models_delete", responses={204: None})
    def delete(self, request: Request, model_id: str) -> Response:
        """Remove a model from this machine; refused while it is loaded or used."""
        caller = caller_of(request)
        services.model_remove(workspace_id=caller.workspace_id, model=model_id, actor=caller.user)
        return Response(status=204)


class LoadView(APIView):
    """POST /models/{id}/load."""

    is_of_machine = True

    @extend_schema(operation_id="models_load", request=LoadSerializer, responses=InventorySerializer)
    def post(self, request: Request, model_id: str) -> Response:
        """Load a model, or change how long it stays; answers when it can be asked."""
        caller = caller_of(request)
        body = LoadSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        services.model_load(workspace_id=caller.workspace_id, model=model_id, actor=caller.user, **body.validated_data)
        return _inventory(request)


class UnloadView(APIView):
    """POST /models/{id}/unload."""

    is_of_machine = True

    @extend_schema(operation_id="models_unload", request=None, responses=InventorySerializer)
    def post(self, request: Request, model_id: str) -> Response:
        """Unload a model once its answers are written; it is loaded again when it is asked."""
        caller = caller_of(request)
        services.model_unload(workspace_id=caller.workspace_id, model=model_id, actor=caller.user)
        return _inventory(request)


class EstimateView(APIView):
    """GET /models/{id}/estimate."""

    @extend_schema(
        operation_id="models_estimate",
        parameters=[OpenApiParameter("context_tokens", int, description="of the context, full")],
        responses=EstimateSerializer,
    )
    def get(self, request: Request, model_id: str) -> Response:
        """Return what a model would take of the memory, and what is free."""
        given = request.query_params.get("context_tokens", "")
        if given and not (given.isdecimal() and 0 < int(given[:9]) <= MAX_CONTEXT_TOKENS):
            raise Invalid(f"context_tokens={given[:40]!r} is no number of tokens")
        return Response(services.model_estimate(model_id, int(given) if given else None))


class ModelJobsView(ListAPIView):
    """GET /model-jobs: models on their way here, and those that came or failed, newest first."""

    serializer_class = ModelJobSerializer
    queryset = ModelJob.unscoped.none()

    def get_queryset(self) -> object:
        """Return the workspace's jobs."""
        return selectors.jobs_list(caller_of(self.request).workspace_id)


class ModelJobView(APIView):
    """GET /model-jobs/{id}."""

    @extend_schema(operation_id="model_jobs_get", responses=ModelJobSerializer)
    def get(self, request: Request, model_job_id: uuid.UUID) -> Response:
        """Return a job: how far it is, or why it failed."""
        return Response(ModelJobSerializer(selectors.job_get(caller_of(request).workspace_id, model_job_id)).data)


class CancelView(APIView):
    """POST /model-jobs/{id}/cancel."""

    is_of_machine = True

    @extend_schema(operation_id="model_jobs_cancel", request=None, responses=ModelJobSerializer)
    def post(self, request: Request, model_job_id: uuid.UUID) -> Response:
        """End a job; nothing of its model stays."""
        caller = caller_of(request)
        job = services.job_cancel(workspace_id=caller.workspace_id, job_id=model_job_id, actor=caller.user)
        return Response(ModelJobSerializer(job).data)
