"""What a workspace keeps of its runs, over HTTP: retention, redaction, and the end of an end user's data."""

import uuid

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.accounts.models import Role
from backend.common.errors import Invalid
from backend.logs.api.serializers import (
    EndUserDataSerializer,
    EndUserSerializer,
    ErasureSerializer,
    LogPolicySerializer,
    RedactedSerializer,
    RedactionTrialSerializer,
    RetentionEstimateSerializer,
)
from backend.logs.erasing import EndUser, end_user_data
from backend.logs.jobs import erasure_create, job_cancel, job_get, jobs_list
from backend.logs.models import LogJob, LogJobKind, LogPolicy
from backend.logs.policies import policy_get, redaction_set, retention_estimate, retention_set
from backend.logs.rules import redactor_read, rules_check


class LogPolicyView(APIView):
    """What the workspace keeps of its runs."""

    write_role = Role.ADMIN

    @extend_schema(operation_id="log_policy_get", responses=LogPolicySerializer)
    def get(self, request: Request) -> Response:
        """Return it."""
        return Response(policy_body(policy_get(caller_of(request).workspace_id)))

    @extend_schema(operation_id="log_policy_set", request=LogPolicySerializer, responses=LogPolicySerializer)
    def patch(self, request: Request) -> Response:
        """Change for how long runs are kept, or what is taken out of those that come."""
        caller = caller_of(request)
        body = LogPolicySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        policy = policy_get(caller.workspace_id)
        if "redaction" in said:
            policy = redaction_set(workspace_id=caller.workspace_id, actor=caller.user, **said["redaction"])
        if "retention_days" in said:
            policy = retention_set(workspace_id=caller.workspace_id, days=said["retention_days"], actor=caller.user)
        return Response(policy_body(policy))


def policy_body(policy: LogPolicy) -> dict[str, object]:
    """Return a policy as the console shows it."""
    redaction = {"built_in": [], "own": [], **policy.redaction}
    shown = {name: getattr(policy, name) for name in ("retention_days", "applied_at", "removed")}
    return LogPolicySerializer({**shown, "redaction": redaction}).data


class RetentionEstimateView(APIView):
    """GET /log-policy/estimate."""

    @extend_schema(
        operation_id="log_policy_estimate",
        parameters=[OpenApiParameter("days", int, required=True, description="for how many days runs would be kept")],
        responses=RetentionEstimateSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return what would be removed at once if runs were kept for so many days."""
        said = request.query_params.get("days", "")
        if not said.isdecimal() or len(said) > 6:
            message = f"days: {said[:20]!r} is not a number of days"
            raise Invalid(message, fields={"days": [message]})
        return Response(
            RetentionEstimateSerializer(retention_estimate(caller_of(request).workspace_id, int(said))).data
        )


class RedactionTrialView(APIView):
    """POST /log-policy/trial."""

    write_role = Role.ADMIN

    @extend_schema(operation_id="log_policy_trial", request=RedactionTrialSerializer, responses=RedactedSerializer)
    def post(self, request: Request) -> Response:
        """Return a text as it would be kept under these rules; nothing is stored."""
        body = RedactionTrialSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        rules_check(said["built_in"], said["own"])
        redactor = redactor_read(said)
        return Response({"text": redactor.text(said["text"]) if redactor else said["text"]})


def end_user_of(request: Request, said: object) -> EndUser:
    """Return whose data is meant."""
    body = EndUserSerializer(data=said)
    body.is_valid(raise_exception=True)
    return EndUser(caller_of(request).workspace_id, body.validated_data["end_user"], body.validated_data["app"])


class EndUserDataView(APIView):
    """GET /end-user-data."""

    read_role = Role.ADMIN

    @extend_schema(operation_id="end_user_data_get", parameters=[EndUserSerializer], responses=EndUserDataSerializer)
    def get(self, request: Request) -> Response:
        """Return how much is kept of an end user."""
        return Response(EndUserDataSerializer(end_user_data(end_user_of(request, request.query_params))).data)


@extend_schema_view(get=extend_schema(operation_id="end_user_erasures_list"))
class ErasuresView(ListAPIView):
    """The erasures of the workspace, newest first."""

    serializer_class = ErasureSerializer
    queryset = LogJob.unscoped.none()
    read_role = Role.ADMIN
    write_role = Role.ADMIN

    def get_queryset(self) -> object:
        """Return the workspace's erasures."""
        return jobs_list(caller_of(self.request).workspace_id, LogJobKind.ERASURE)

    @extend_schema(
        operation_id="end_user_erasures_create", request=EndUserSerializer, responses={201: ErasureSerializer}
    )
    def post(self, request: Request) -> Response:
        """Remove everything that an end user said and was told. There is no way back."""
        job = erasure_create(who=end_user_of(request, request.data), actor=caller_of(request).user)
        return Response(ErasureSerializer(job).data, status=201)


class ErasureView(APIView):
    """GET /end-user-erasures/{id}."""

    read_role = Role.ADMIN

    @extend_schema(operation_id="end_user_erasures_get", responses=ErasureSerializer)
    def get(self, request: Request, erasure_id: uuid.UUID) -> Response:
        """Return how far it is, and what went."""
        return Response(
            ErasureSerializer(job_get(caller_of(request).workspace_id, LogJobKind.ERASURE, erasure_id)).data
        )


class ErasureCancelView(APIView):
    """POST /end-user-erasures/{id}/cancel."""

    write_role = Role.ADMIN

    @extend_schema(operation_id="end_user_erasures_cancel", request=None, responses={202: ErasureSerializer})
    def post(self, request: Request, erasure_id: uuid.UUID) -> Response:
        """Stop it; what was removed stays removed."""
        caller = caller_of(request)
        job = job_get(caller.workspace_id, LogJobKind.ERASURE, erasure_id)
        return Response(ErasureSerializer(job_cancel(job=job, actor=caller.user)).data, status=202)
