"""Experiments over HTTP: begun, watched, cancelled, and their answers reviewed."""

import uuid
from collections.abc import Sequence

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.apps.selectors import app_get
from backend.common.errors import Invalid
from backend.evaluations.api.serializers import (
    ExperimentAskSerializer,
    ExperimentDetailSerializer,
    ExperimentRowSerializer,
    ExperimentSerializer,
    ReviewSerializer,
)
from backend.evaluations.api.sets import uuid_given
from backend.evaluations.models import Evaluator, Experiment
from backend.evaluations.results import results_of
from backend.evaluations.selectors import (
    REVIEW_FILTERS,
    evaluator_get,
    experiment_get,
    experiments_list,
    progress_of,
    row_get,
    rows_of,
    set_get,
)
from backend.evaluations.services.experiments import (
    Budget,
    Trial,
    Variant,
    experiment_cancel,
    experiment_delete,
    experiment_start,
    row_review,
)

MAX_ROWS = 1000


def experiment_of(request: Request, experiment_id: uuid.UUID) -> Experiment:
    """Return the experiment of the address; raises `NotFound`."""
    return experiment_get(caller_of(request).workspace_id, experiment_id)


def detail(experiment: Experiment, status: int = 200) -> Response:
    """Return the answer that shows an experiment with what it found."""
    context = {"progress": progress_of([experiment]), "results": results_of(experiment)}
    return Response(ExperimentDetailSerializer(experiment, context=context).data, status=status)


def evaluators_given(workspace_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> list[Evaluator]:
    """Return evaluators by their ids, each once; raises `NotFound`."""
    return [evaluator_get(workspace_id, item) for item in dict.fromkeys(ids)]


class ExperimentsView(ListAPIView):
    """The experiments of the workspace."""

    serializer_class = ExperimentSerializer

    def get_queryset(self) -> QuerySet[Experiment]:
        """Return the experiments."""
        given = {"app_id": uuid_given(self.request, "app"), "set_id": uuid_given(self.request, "set")}
        return experiments_list(caller_of(self.request).workspace_id, **given)

    @extend_schema(
        operation_id="experiments_list",
        parameters=[OpenApiParameter("app", str), OpenApiParameter("set", str)],
    )
    def get(self, request: Request) -> Response:
        """List experiments with how far they are."""
        page = self.paginate_queryset(self.get_queryset())
        context = {"progress": progress_of(page)}
        return self.get_paginated_response(ExperimentSerializer(page, many=True, context=context).data)

    @extend_schema(
        operation_id="experiments_create",
        request=ExperimentAskSerializer,
        responses={201: ExperimentDetailSerializer},
    )
    def post(self, request: Request) -> Response:
        """Run variants of an app over a test set, in the background; everything is fixed now."""
        caller = caller_of(request)
        body = ExperimentAskSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        trial = Trial(
            app=app_get(caller.workspace_id, said["app_id"]),
            test_set=set_get(caller.workspace_id, said["set_id"]),
            variants=[Variant(item["label"], item["version"], item["overrides"]) for item in said["variants"]],
            evaluators=evaluators_given(caller.workspace_id, said["evaluator_ids"]),
            name=said["name"],
            at_once=said["at_once"],
            budget=Budget(said["budget_tokens"], said["budget_cost"]),
        )
        made = experiment_start(trial=trial, actor=caller.user)
        return detail(experiment_get(caller.workspace_id, made.id), 201)


class ExperimentView(APIView):
    """One experiment."""

    @extend_schema(operation_id="experiments_get", responses=ExperimentDetailSerializer)
    def get(self, request: Request, experiment_id: uuid.UUID) -> Response:
        """Return how far it is and what it found."""
        return detail(experiment_of(request, experiment_id))

    @extend_schema(operation_id="experiments_delete", responses={204: None})
    def delete(self, request: Request, experiment_id: uuid.UUID) -> Response:
        """Delete one that has ended; its runs stay in the logs."""
        experiment_delete(experiment=experiment_of(request, experiment_id), actor=caller_of(request).user)
        return Response(status=204)


class ExperimentCancelView(APIView):
    """POST /experiments/{id}/cancel."""

    @extend_schema(operation_id="experiments_cancel", request=None, responses=ExperimentDetailSerializer)
    def post(self, request: Request, experiment_id: uuid.UUID) -> Response:
        """Begin nothing more and end what runs; what has ended stays."""
        found = experiment_of(request, experiment_id)
        experiment_cancel(experiment=found, actor=caller_of(request).user)
        return detail(experiment_of(request, experiment_id))


class ExperimentRowsView(APIView):
    """GET /experiments/{id}/rows."""

    @extend_schema(
        operation_id="experiments_rows_list",
        parameters=[
            OpenApiParameter("after", int, description="only cases behind this number"),
            OpenApiParameter("limit", int, description=f"cases, at most {MAX_ROWS}"),
            OpenApiParameter("review", str, enum=list(REVIEW_FILTERS), description="open: nobody said anything yet"),
        ],
        responses=ExperimentRowSerializer(many=True),
    )
    def get(self, request: Request, experiment_id: uuid.UUID) -> Response:
        """List the rows case by case, every variant of a case together."""
        rows = rows_of(experiment_of(request, experiment_id))
        after, limit = number_given(request, "after", 0), number_given(request, "limit", 100)
        rows = rows.filter(number__gt=after, number__lte=after + min(limit, MAX_ROWS))
        if review := request.query_params.get("review", ""):
            if review not in REVIEW_FILTERS:
                message = f"{review[:50]!r} is none of {', '.join(REVIEW_FILTERS)}"
                raise Invalid(f"review: {message}", fields={"review": [message]})
            rows = rows.filter(REVIEW_FILTERS[review])
        return Response(ExperimentRowSerializer(rows, many=True).data)


def number_given(request: Request, name: str, default: int) -> int:
    """Return a number among the parameters; raises `Invalid` for what is none."""
    text = request.query_params.get(name, "") or str(default)
    if not text.isdecimal() or len(text) > 9:
        message = f"{text[:100]!r} is not a number"
        raise Invalid(f"{name}: {message}", fields={name: [message]})
    return int(text)


class RowReviewView(APIView):
    """PUT /experiments/{id}/rows/{row}/review."""

    @extend_schema(operation_id="experiments_rows_review", request=ReviewSerializer, responses=ExperimentRowSerializer)
    def put(self, request: Request, experiment_id: uuid.UUID, experiment_row_id: uuid.UUID) -> Response:
        """Accept, reject or score an answer; it changes no other number."""
        row = row_get(experiment_of(request, experiment_id), experiment_row_id)
        body = ReviewSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        reviewed = row_review(row=row, actor=caller_of(request).user, **body.validated_data)
        return Response(ExperimentRowSerializer(reviewed).data)
