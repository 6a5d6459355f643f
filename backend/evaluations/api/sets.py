"""Test sets and their cases over HTTP."""

import uuid

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import Caller, caller_of
from backend.apps.selectors import app_get
from backend.common.errors import FileTooLarge, Invalid
from backend.common.pagination import OldestFirst
from backend.evaluations.api.serializers import (
    CaseOfRunMadeSerializer,
    CaseOfRunSerializer,
    CasesGenerateSerializer,
    CasesUploadedSerializer,
    CasesUploadSerializer,
    EvaluationCaseSerializer,
    EvaluationSetSerializer,
)
from backend.evaluations.models import EvaluationCase, EvaluationSet
from backend.evaluations.selectors import case_get, cases_of, set_get, sets_list
from backend.evaluations.services import sets
from backend.evaluations.writing import cases_generate
from backend.files.api import upload_of
from backend.files.uploads import UploadViewMixin
from backend.runs.selectors import run_get

MAX_FILE_BYTES = 10 * 1024 * 1024


def uuid_given(request: Request, name: str) -> uuid.UUID | None:
    """Return an id among the parameters; raises `Invalid` for what is none."""
    text = request.query_params.get(name, "")
    try:
        return uuid.UUID(text) if text else None
    except ValueError as error:
        message = f"{text[:100]!r} is not an id"
        raise Invalid(f"{name}: {message}", fields={name: [message]}) from error


def set_of(request: Request, set_id: uuid.UUID) -> EvaluationSet:
    """Return the test set of the address; raises `NotFound`."""
    return set_get(caller_of(request).workspace_id, set_id)


class SetsView(ListAPIView):
    """The test sets of the workspace."""

    serializer_class = EvaluationSetSerializer

    def get_queryset(self) -> QuerySet[EvaluationSet]:
        """Return the sets; with an app, those that are for it."""
        return sets_list(caller_of(self.request).workspace_id, app_id=uuid_given(self.request, "app"))

    @extend_schema(
        operation_id="test_sets_list",
        parameters=[OpenApiParameter("app", str, description="only sets for this app, or for every app")],
    )
    def get(self, request: Request) -> Response:
        """List test sets."""
        return super().get(request)

    @extend_schema(
        operation_id="test_sets_create", request=EvaluationSetSerializer, responses={201: EvaluationSetSerializer}
    )
    def post(self, request: Request) -> Response:
        """Create an empty test set."""
        caller = caller_of(request)
        body = EvaluationSetSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        if app_id := body.validated_data["app_id"]:
            app_get(caller.workspace_id, app_id)
        made = sets.set_create(workspace_id=caller.workspace_id, actor=caller.user, **body.validated_data)
        return Response(EvaluationSetSerializer(made).data, status=201)


class SetView(APIView):
    """One test set."""

    @extend_schema(operation_id="test_sets_get", responses=EvaluationSetSerializer)
    def get(self, request: Request, evaluation_set_id: uuid.UUID) -> Response:
        """Return it, with how far a model is that writes cases."""
        return Response(EvaluationSetSerializer(set_of(request, evaluation_set_id)).data)

    @extend_schema(operation_id="test_sets_update", request=EvaluationSetSerializer, responses=EvaluationSetSerializer)
    def patch(self, request: Request, evaluation_set_id: uuid.UUID) -> Response:
        """Change name, description or app."""
        caller, found = caller_of(request), set_of(request, evaluation_set_id)
        body = EvaluationSetSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        if app_id := body.validated_data.get("app_id"):
            app_get(caller.workspace_id, app_id)
        changed = sets.set_update(test_set=found, changes=body.validated_data, actor=caller.user)
        return Response(EvaluationSetSerializer(changed).data)

    @extend_schema(operation_id="test_sets_delete", responses={204: None})
    def delete(self, request: Request, evaluation_set_id: uuid.UUID) -> Response:
        """Delete it; experiments keep their copies of its cases."""
        sets.set_delete(test_set=set_of(request, evaluation_set_id), actor=caller_of(request).user)
        return Response(status=204)


class CasesView(ListAPIView):
    """The cases of a test set."""

    serializer_class = EvaluationCaseSerializer
    pagination_class = OldestFirst

    def get_queryset(self) -> QuerySet[EvaluationCase]:
        """Return the cases."""
        return cases_of(set_of(self.request, self.kwargs["evaluation_set_id"]))

    @extend_schema(operation_id="test_sets_cases_list")
    def get(self, request: Request, evaluation_set_id: uuid.UUID) -> Response:
        """List the cases in the order in which they were added."""
        return super().get(request)

    @extend_schema(
        operation_id="test_sets_cases_create",
        request=EvaluationCaseSerializer,
        responses={201: EvaluationCaseSerializer},
    )
    def post(self, request: Request, evaluation_set_id: uuid.UUID) -> Response:
        """Add a case."""
        found = set_of(request, evaluation_set_id)
        body = EvaluationCaseSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(
            EvaluationCaseSerializer(sets.case_create(test_set=found, values=body.validated_data)).data, status=201
        )


class CaseView(APIView):
    """One case."""

    @extend_schema(
        operation_id="test_sets_cases_update", request=EvaluationCaseSerializer, responses=EvaluationCaseSerializer
    )
    def patch(self, request: Request, evaluation_set_id: uuid.UUID, evaluation_case_id: uuid.UUID) -> Response:
        """Change it; experiments that have begun keep what they began with."""
        found = set_of(request, evaluation_set_id)
        case = case_get(found, evaluation_case_id)
        body = EvaluationCaseSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        changed = sets.case_update(test_set=found, case=case, values=body.validated_data)
        return Response(EvaluationCaseSerializer(changed).data)

    @extend_schema(operation_id="test_sets_cases_delete", responses={204: None})
    def delete(self, request: Request, evaluation_set_id: uuid.UUID, evaluation_case_id: uuid.UUID) -> Response:
        """Delete it."""
        case_get(set_of(request, evaluation_set_id), evaluation_case_id).delete()
        return Response(status=204)


class CasesUploadView(UploadViewMixin, APIView):
    """POST /test-sets/{id}/upload."""

    @extend_schema(
        operation_id="test_sets_upload",
        request={"multipart/form-data": CasesUploadSerializer},
        responses={201: CasesUploadedSerializer},
    )
    def post(self, request: Request, evaluation_set_id: uuid.UUID) -> Response:
        """Add the cases of a CSV or JSON lines file; broken lines are named, the rest is used."""
        found = set_of(request, evaluation_set_id)
        upload = upload_of(request)
        if upload.size > MAX_FILE_BYTES:
            raise FileTooLarge(f"the file is larger than {MAX_FILE_BYTES >> 20} MB: split it")
        done = sets.cases_upload(
            test_set=found, data=upload.read(), name=upload.name or "", actor=caller_of(request).user
        )
        return Response(CasesUploadedSerializer(done).data, status=201)


class CasesGenerateView(APIView):
    """POST /test-sets/{id}/generate."""

    @extend_schema(
        operation_id="test_sets_generate", request=CasesGenerateSerializer, responses={202: EvaluationSetSerializer}
    )
    def post(self, request: Request, evaluation_set_id: uuid.UUID) -> Response:
        """Have a model write questions and answers from a dataset's chunks, in the background."""
        found = set_of(request, evaluation_set_id)
        body = CasesGenerateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = cases_generate(test_set=found, actor=caller_of(request).user, **body.validated_data)
        return Response(EvaluationSetSerializer(made).data, status=202)


class RunCasesView(APIView):
    """POST /runs/{id}/test-cases."""

    @extend_schema(
        operation_id="runs_test_cases_create",
        request=CaseOfRunSerializer,
        responses={201: CaseOfRunMadeSerializer},
    )
    def post(self, request: Request, run_id: uuid.UUID) -> Response:
        """Make a test case of what the run was asked."""
        caller = caller_of(request)
        run = run_get(caller.workspace_id, run_id)
        body = CaseOfRunSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        case = sets.case_from_run(
            run=run,
            test_set=_chosen(caller, said["set_id"], said["set_name"], run.app_id),
            expected=said["expected"],
            note=said["note"],
            actor=caller.user,
        )
        return Response(CaseOfRunMadeSerializer(case).data, status=201)


def _chosen(caller: Caller, set_id: uuid.UUID | None, name: str, app_id: uuid.UUID | None) -> EvaluationSet:
    if set_id is not None:
        return set_get(caller.workspace_id, set_id)
    if not name.strip():
        message = "name a test set by set_id, or a new one by set_name"
        raise Invalid(f"set_id: {message}", fields={"set_id": [message]})
    return sets.set_create(workspace_id=caller.workspace_id, name=name.strip(), app_id=app_id, actor=caller.user)
