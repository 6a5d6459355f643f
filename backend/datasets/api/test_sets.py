"""Test sets and their cases over HTTP."""

import uuid

from django.db.models import QuerySet
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.common.errors import FileTooLarge
from backend.datasets import test_sets
from backend.datasets.api.serializers.evaluations import (
    GenerateSerializer,
    ImportedSerializer,
    RetrievalTestSetSerializer,
    TestCaseSerializer,
)
from backend.datasets.case_writing import cases_generate
from backend.datasets.models import RetrievalTestCase, RetrievalTestSet
from backend.files.api import UploadSerializer, upload_of
from backend.files.uploads import UploadViewMixin

MAX_CASES_BYTES = 10 * 1024 * 1024
ADDED = PolymorphicProxySerializer(
    component_name="AddedCases", serializers=[TestCaseSerializer, ImportedSerializer], resource_type_field_name=None
)


class TestSetList(ListAPIView):
    """The test sets of a dataset."""

    __test__ = False
    serializer_class = RetrievalTestSetSerializer

    def get_queryset(self) -> QuerySet[RetrievalTestSet]:
        """Return the test sets."""
        return test_sets.set_list(caller_of(self.request).workspace_id, self.kwargs["dataset_id"])

    @extend_schema(request=RetrievalTestSetSerializer, responses={201: RetrievalTestSetSerializer})
    def post(self, request: Request, dataset_id: uuid.UUID) -> Response:
        """Create an empty test set."""
        caller = caller_of(request)
        test_sets.set_list(caller.workspace_id, dataset_id)
        body = RetrievalTestSetSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = test_sets.set_create(
            workspace_id=caller.workspace_id, dataset_id=dataset_id, actor=caller.user, **body.validated_data
        )
        return Response(RetrievalTestSetSerializer(made).data, status=201)


class TestSetDetail(APIView):
    """One test set."""

    __test__ = False

    @extend_schema(responses=RetrievalTestSetSerializer)
    def get(self, request: Request, dataset_id: uuid.UUID, test_set_id: uuid.UUID) -> Response:
        """Return the test set."""
        found = test_sets.set_get(caller_of(request).workspace_id, dataset_id, test_set_id)
        return Response(RetrievalTestSetSerializer(found).data)

    @extend_schema(request=RetrievalTestSetSerializer, responses=RetrievalTestSetSerializer)
    def patch(self, request: Request, dataset_id: uuid.UUID, test_set_id: uuid.UUID) -> Response:
        """Rename the test set."""
        caller = caller_of(request)
        test_sets.set_get(caller.workspace_id, dataset_id, test_set_id)
        body = RetrievalTestSetSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        changed = test_sets.set_update(
            workspace_id=caller.workspace_id,
            dataset_id=dataset_id,
            test_set_id=test_set_id,
            actor=caller.user,
            **body.validated_data,
        )
        return Response(RetrievalTestSetSerializer(changed).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, dataset_id: uuid.UUID, test_set_id: uuid.UUID) -> Response:
        """Delete the test set with its cases and evaluations."""
        caller = caller_of(request)
        test_sets.set_delete(
            workspace_id=caller.workspace_id, dataset_id=dataset_id, test_set_id=test_set_id, actor=caller.user
        )
        return Response(status=204)


class TestSetGenerate(APIView):
    """Cases that a chat model writes."""

    __test__ = False

    @extend_schema(request=GenerateSerializer, responses={202: RetrievalTestSetSerializer})
    def post(self, request: Request, dataset_id: uuid.UUID, test_set_id: uuid.UUID) -> Response:
        """Have a chat model write cases from chunks, in the background."""
        caller = caller_of(request)
        test_sets.set_get(caller.workspace_id, dataset_id, test_set_id)
        body = GenerateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        found = cases_generate(
            workspace_id=caller.workspace_id,
            dataset_id=dataset_id,
            test_set_id=test_set_id,
            actor=caller.user,
            **body.validated_data,
        )
        return Response(RetrievalTestSetSerializer(found).data, status=202)


class TestCaseList(UploadViewMixin, ListAPIView):
    """The cases of a test set."""

    __test__ = False
    serializer_class = TestCaseSerializer
    parser_classes = [JSONParser, MultiPartParser]

    def get_queryset(self) -> QuerySet[RetrievalTestCase]:
        """Return the cases."""
        kwargs = self.kwargs
        return test_sets.case_list(caller_of(self.request).workspace_id, kwargs["dataset_id"], kwargs["test_set_id"])

    @extend_schema(
        request={"application/json": TestCaseSerializer, "multipart/form-data": UploadSerializer},
        responses={201: ADDED},
    )
    def post(self, request: Request, dataset_id: uuid.UUID, test_set_id: uuid.UUID) -> Response:
        """Add one case, or those of a CSV or JSON lines file; lines that are no cases are named."""
        caller = caller_of(request)
        test_sets.set_get(caller.workspace_id, dataset_id, test_set_id)
        where = {"workspace_id": caller.workspace_id, "dataset_id": dataset_id, "test_set_id": test_set_id}
        if (request.content_type or "").startswith("multipart/form-data"):
            upload = upload_of(request)
            if upload.size > MAX_CASES_BYTES:
                raise FileTooLarge(f"the file is larger than {MAX_CASES_BYTES // 1024 // 1024} MB: split it")
            made = test_sets.cases_import(**where, data=upload.read(), name=upload.name or "", actor=caller.user)
            return Response(ImportedSerializer(made).data, status=201)
        body = TestCaseSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        case = test_sets.case_create(**where, values=body.validated_data)
        return Response(TestCaseSerializer(case).data, status=201)


class TestCaseDetail(APIView):
    """One case."""

    __test__ = False

    @extend_schema(request=TestCaseSerializer(partial=True), responses=TestCaseSerializer)
    def patch(self, request: Request, dataset_id: uuid.UUID, test_set_id: uuid.UUID, case_id: uuid.UUID) -> Response:
        """Change the case."""
        workspace_id = caller_of(request).workspace_id
        test_sets.case_get(workspace_id, dataset_id, test_set_id, case_id)
        body = TestCaseSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        changed = test_sets.case_update(
            workspace_id=workspace_id,
            dataset_id=dataset_id,
            test_set_id=test_set_id,
            case_id=case_id,
            values=body.validated_data,
        )
        return Response(TestCaseSerializer(changed).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, dataset_id: uuid.UUID, test_set_id: uuid.UUID, case_id: uuid.UUID) -> Response:
        """Delete the case."""
        test_sets.case_delete(
            workspace_id=caller_of(request).workspace_id,
            dataset_id=dataset_id,
            test_set_id=test_set_id,
            case_id=case_id,
        )
        return Response(status=204)
