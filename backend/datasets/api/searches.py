"""Questions to a dataset over HTTP: what answers them, and how it was found."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import cast

from asgiref.sync import async_to_sync
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.accounts.models import Role
from backend.datasets.adapters import api_error, connection_release
from backend.datasets.api.serializers.retrieval import RetrievedSerializer, RetrieveSerializer
from backend.datasets.filtering import filter_of
from backend.datasets.knowledge import Found
from backend.datasets.searches import chunks_traced, search_settings
from backend.datasets.selectors import dataset_require
from inference.errors import InferenceError
from rag.errors import RagError
from rag.retrieve.pipeline import RetrievalSettings

SETTINGS = frozenset({"model", *(field.name for field in fields(RetrievalSettings))})


class Retrieve(APIView):
    """Ask one dataset. It changes nothing, so that viewers may."""

    write_role = Role.VIEWER

    @extend_schema(request=RetrieveSerializer, responses={200: RetrievedSerializer})
    def post(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Return the chunks that answer the query, and how each stage of the search found them."""
        workspace_id = caller_of(request).workspace_id
        dataset_require(workspace_id, dataset_id)
        body = RetrieveSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        found = self._found(workspace_id, dataset_id, body.validated_data)
        results = [{**asdict(hit), "document_name": found.names[hit.document_id]} for hit in found.hits]
        answer: dict[str, object] = {"results": results, "trace": found.trace}
        if body.validated_data["with_stages"]:
            answer["chunks"] = chunks_traced(workspace_id, dataset_id, found)
        return Response(RetrievedSerializer(answer).data)

    def _found(self, workspace_id: uuid.UUID, dataset_id: uuid.UUID, asked: Mapping[str, object]) -> Found:
        own = {name: value for name, value in asked.items() if name in SETTINGS}
        settings = search_settings(workspace_id, dataset_id, own)
        where = filter_of(workspace_id, [dataset_id], cast("Mapping[str, object] | None", asked["filter"]))
        turns = cast("list[Mapping[str, str]]", asked["history"])
        history = [(turn["role"], turn["content"]) for turn in turns]
        # Whoever waits for a model holds no connection: others need it meanwhile.
        connection_release()
        search = async_to_sync(settings.search)
        try:
            return cast(Found, search(workspace_id, [dataset_id], str(asked["query"]), filter=where, history=history))
        except (RagError, InferenceError) as error:
            raise api_error(error) from error
