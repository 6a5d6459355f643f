"""Datasets over HTTP: made, changed, indexed or embedded anew, deleted."""

import uuid

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.datasets.api.serializers.datasets import (
    DatasetSerializer,
    DatasetWriteSerializer,
    DeletedDatasetSerializer,
    ReembedSerializer,
    ReindexedSerializer,
)
from backend.datasets.models import Dataset
from backend.datasets.selectors import dataset_get, dataset_list, dataset_require
from backend.datasets.services import (
    dataset_create,
    dataset_delete,
    dataset_reembed,
    dataset_reembed_cancel,
    dataset_reindex,
    dataset_update,
)
from backend.datasets.tags import dataset_tags_set, tags_find

DRY_RUN = OpenApiParameter("dry_run", bool, description="only count what would be deleted")
SEARCH = OpenApiParameter("search", str, description="a part of the name")
TAG = OpenApiParameter("tag", uuid.UUID, description="the id of a tag")


def is_dry_run(request: Request) -> bool:
    """Does the request only ask what a deletion would remove?"""
    return request.query_params.get("dry_run", "").lower() in ("1", "true", "yes")


class DatasetList(ListAPIView):
    """All datasets of the workspace."""

    serializer_class = DatasetSerializer

    def get_queryset(self) -> QuerySet[Dataset]:
        """Return the datasets that `search` and `tag` leave."""
        query = self.request.query_params
        workspace_id = caller_of(self.request).workspace_id
        return dataset_list(workspace_id, search=query.get("search", ""), tag=query.get("tag", ""))

    @extend_schema(parameters=[SEARCH, TAG])
    def get(self, request: Request) -> Response:
        """Return a page of datasets."""
        return self.list(request)

    @extend_schema(request=DatasetWriteSerializer, responses={201: DatasetSerializer})
    def post(self, request: Request) -> Response:
        """Create a dataset."""
        body = DatasetWriteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        caller = caller_of(request)
        values = dict(body.validated_data)
        tag_ids = values.pop("tags", None)
        tags_find(caller.workspace_id, tag_ids or ())
        made = dataset_create(workspace_id=caller.workspace_id, values=values, actor=caller.user)
        if tag_ids:
            dataset_tags_set(workspace_id=caller.workspace_id, dataset=made, tag_ids=tag_ids, actor=caller.user)
        return Response(DatasetSerializer(dataset_get(caller.workspace_id, made.id)).data, status=201)


class DatasetDetail(APIView):
    """One dataset."""

    @extend_schema(responses=DatasetSerializer)
    def get(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Return the dataset."""
        return Response(DatasetSerializer(dataset_get(caller_of(request).workspace_id, dataset_id)).data)

    @extend_schema(request=DatasetWriteSerializer(partial=True), responses=DatasetSerializer)
    def patch(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Change the dataset. How documents are cut counts for those indexed from now on."""
        caller = caller_of(request)
        dataset = dataset_get(caller.workspace_id, dataset_id)
        body = DatasetWriteSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        tag_ids = values.pop("tags", None)
        tags_find(caller.workspace_id, tag_ids or ())
        if "retrieval" in values:
            values["retrieval"] = {**dataset.retrieval, **values["retrieval"]}
        if values:
            dataset_update(workspace_id=caller.workspace_id, dataset_id=dataset_id, values=values, actor=caller.user)
        if tag_ids is not None:
            dataset_tags_set(workspace_id=caller.workspace_id, dataset=dataset, tag_ids=tag_ids, actor=caller.user)
        return Response(DatasetSerializer(dataset_get(caller.workspace_id, dataset_id)).data)

    @extend_schema(parameters=[DRY_RUN], responses={200: DeletedDatasetSerializer})
    def delete(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Delete the dataset and say what went with it."""
        caller = caller_of(request)
        deleted = dataset_delete(
            workspace_id=caller.workspace_id, dataset_id=dataset_id, actor=caller.user, dry_run=is_dry_run(request)
        )
        return Response(DeletedDatasetSerializer(deleted).data)


class DatasetReindex(APIView):
    """All documents once more."""

    @extend_schema(request=None, responses={202: ReindexedSerializer})
    def post(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Index all finished documents anew; what is searched now stays until its successor is there."""
        caller = caller_of(request)
        count = dataset_reindex(workspace_id=caller.workspace_id, dataset_id=dataset_id, actor=caller.user)
        return Response(ReindexedSerializer({"documents": count}).data, status=202)


class DatasetReembed(APIView):
    """The change to another embedding model."""

    @extend_schema(request=ReembedSerializer, responses={202: DatasetSerializer})
    def post(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Embed everything with another model in the background; searches use the old one until then."""
        caller = caller_of(request)
        dataset_require(caller.workspace_id, dataset_id)
        body = ReembedSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        dataset_reembed(
            workspace_id=caller.workspace_id, dataset_id=dataset_id, actor=caller.user, **body.validated_data
        )
        return Response(DatasetSerializer(dataset_get(caller.workspace_id, dataset_id)).data, status=202)

    @extend_schema(responses=DatasetSerializer)
    def delete(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Cancel the change, and keep the model of today."""
        caller = caller_of(request)
        dataset_reembed_cancel(workspace_id=caller.workspace_id, dataset_id=dataset_id, actor=caller.user)
        return Response(DatasetSerializer(dataset_get(caller.workspace_id, dataset_id)).data)
