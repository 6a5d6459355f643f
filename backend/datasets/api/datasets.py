"""Datasets, and questions to them."""

import uuid
from dataclasses import asdict
from typing import cast

from asgiref.sync import async_to_sync
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.accounts.models import Role
from backend.common.errors import NotYet
from backend.datasets import services
from backend.datasets.adapters import api_error, connection_release
from backend.datasets.api.serializers import (
    DatasetSerializer,
    DatasetWriteSerializer,
    DeletedDatasetSerializer,
    RetrievedSerializer,
    RetrieveSerializer,
)
from backend.datasets.knowledge import DatasetKnowledge, Found
from backend.datasets.models import Dataset
from backend.datasets.selectors import dataset_get, dataset_list
from inference.errors import InferenceError
from rag.errors import RagError

DRY_RUN = OpenApiParameter("dry_run", bool, description="only count what would be deleted")


def is_dry_run(request: Request) -> bool:
    """Does the request only ask what a deletion would remove?"""
    return request.query_params.get("dry_run", "").lower() in ("1", "true", "yes")


class DatasetList(ListAPIView):
    """All datasets of the workspace."""

    serializer_class = DatasetSerializer

    def get_queryset(self) -> QuerySet[Dataset]:
        """Return the caller's datasets."""
        return dataset_list(caller_of(self.request).workspace_id)

    @extend_schema(request=DatasetWriteSerializer, responses={201: DatasetSerializer})
    def post(self, request: Request) -> Response:
        """Create a dataset."""
        body = DatasetWriteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        caller = caller_of(request)
        made = services.dataset_create(workspace_id=caller.workspace_id, values=body.validated_data, actor=caller.user)
        return Response(DatasetSerializer(made).data, status=201)


class DatasetDetail(APIView):
    """One dataset."""

    @extend_schema(responses=DatasetSerializer)
    def get(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Return the dataset."""
        return Response(DatasetSerializer(dataset_get(caller_of(request).workspace_id, dataset_id)).data)

    @extend_schema(request=DatasetWriteSerializer(partial=True), responses=DatasetSerializer)
    def patch(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Change the dataset."""
        caller = caller_of(request)
        dataset_get(caller.workspace_id, dataset_id)
        body = DatasetWriteSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        changed = services.dataset_update(
            workspace_id=caller.workspace_id, dataset_id=dataset_id, values=body.validated_data, actor=caller.user
        )
        return Response(DatasetSerializer(changed).data)

    @extend_schema(parameters=[DRY_RUN], responses={200: DeletedDatasetSerializer})
    def delete(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Delete the dataset and say what went with it."""
        caller = caller_of(request)
        deleted = services.dataset_delete(
            workspace_id=caller.workspace_id, dataset_id=dataset_id, actor=caller.user, dry_run=is_dry_run(request)
        )
        return Response(DeletedDatasetSerializer(deleted).data)


class Retrieve(APIView):
    """Ask one dataset. It changes nothing, so that viewers may."""

    write_role = Role.VIEWER

    @extend_schema(request=RetrieveSerializer, responses={200: RetrievedSerializer})
    def post(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Return the passages that answer the query."""
        workspace_id = caller_of(request).workspace_id
        dataset_get(workspace_id, dataset_id)
        body = RetrieveSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        if asked["filter"]:
            raise NotYet("filters are not available yet: ask without 'filter'")
        # Whoever waits for a model holds no connection: others need it meanwhile.
        connection_release()
        find = async_to_sync(DatasetKnowledge(str(workspace_id)).find)
        try:
            found = cast(
                Found,
                find(
                    asked["query"],
                    [str(dataset_id)],
                    top_k=asked["top_k"],
                    mode=asked["mode"],
                    score_threshold=asked["score_threshold"],
                ),
            )
        except (RagError, InferenceError) as error:
            raise api_error(error) from error
        results = [{**asdict(hit), "document_name": found.names[hit.document_id]} for hit in found.hits]
        return Response(RetrievedSerializer({"results": results, "trace": found.trace}).data)
