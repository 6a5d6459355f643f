"""The jobs of documents over HTTP: one by one, or many at once."""

import uuid
from collections.abc import Callable

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.datasets import services
from backend.datasets.api.serializers.documents import (
    DocumentActionResultSerializer,
    DocumentActionSerializer,
    DocumentSerializer,
)
from backend.datasets.models import Document
from backend.datasets.selectors import dataset_require


def _acted(act: Callable[..., Document], request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID) -> Response:
    caller = caller_of(request)
    document = act(workspace_id=caller.workspace_id, dataset_id=dataset_id, document_id=document_id, actor=caller.user)
    return Response(DocumentSerializer(document).data, status=202)


class DocumentPause(APIView):
    """A stop of the indexing."""

    @extend_schema(request=None, responses={202: DocumentSerializer})
    def post(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID) -> Response:
        """Pause a document that is on its way; what is done of it is kept."""
        return _acted(services.document_pause, request, dataset_id, document_id)


class DocumentResume(APIView):
    """The end of a pause."""

    @extend_schema(request=None, responses={202: DocumentSerializer})
    def post(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID) -> Response:
        """Let a paused document go on where it was."""
        return _acted(services.document_resume, request, dataset_id, document_id)


class DocumentCancel(APIView):
    """The end of the indexing."""

    @extend_schema(request=None, responses={202: DocumentSerializer})
    def post(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID) -> Response:
        """Cancel the indexing of a document; what was searchable before stays so."""
        return _acted(services.document_cancel, request, dataset_id, document_id)


class DocumentRetry(APIView):
    """Another try for a failed document."""

    @extend_schema(request=None, responses={202: DocumentSerializer})
    def post(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID) -> Response:
        """Queue a failed document again."""
        return _acted(services.document_retry, request, dataset_id, document_id)


class DocumentReindex(APIView):
    """The indexing once more."""

    @extend_schema(request=None, responses={202: DocumentSerializer})
    def post(self, request: Request, dataset_id: uuid.UUID, document_id: uuid.UUID) -> Response:
        """Index a finished document anew by the settings of today; one from the web is fetched anew."""
        return _acted(services.document_reindex, request, dataset_id, document_id)


class DocumentActions(APIView):
    """One thing to do with many documents."""

    @extend_schema(request=DocumentActionSerializer, responses=DocumentActionResultSerializer)
    def post(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Do it with each of them; those with which it cannot be done are named with the reason."""
        caller = caller_of(request)
        dataset_require(caller.workspace_id, dataset_id)
        body = DocumentActionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        acted = services.documents_act(
            workspace_id=caller.workspace_id, dataset_id=dataset_id, actor=caller.user, **body.validated_data
        )
        return Response(DocumentActionResultSerializer(acted).data)
