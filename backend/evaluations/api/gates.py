"""An app's gate over HTTP."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.accounts.models import Role
from backend.apps.models import App
from backend.apps.selectors import app_get
from backend.evaluations.api.experiments import detail, evaluators_given
from backend.evaluations.api.gate_serializers import GateSerializer, GateSetSerializer
from backend.evaluations.api.serializers import ExperimentDetailSerializer
from backend.evaluations.gate import standing_of
from backend.evaluations.selectors import experiment_get, gate_of, set_get
from backend.evaluations.services.gates import gate_run, gate_set


def _shown(app: App) -> Response:
    gate = gate_of(app.workspace_id, app.id)
    shown = {
        "is_on": gate is not None and gate.is_on,
        "set_id": gate.test_set_id if gate else None,
        "evaluator_ids": [item.id for item in gate.evaluators.all()] if gate else [],
        "standing": standing_of(app),
    }
    return Response(GateSerializer(shown).data)


class GateView(APIView):
    """What an app demands before it is published. Whoever may open the gate for others may set it: administrators."""

    write_role = Role.ADMIN

    @extend_schema(operation_id="apps_gate_get", responses=GateSerializer)
    def get(self, request: Request, app_id: uuid.UUID) -> Response:
        """Return the demand, and where the draft stands."""
        return _shown(app_get(caller_of(request).workspace_id, app_id))

    @extend_schema(operation_id="apps_gate_set", request=GateSetSerializer, responses=GateSerializer)
    def put(self, request: Request, app_id: uuid.UUID) -> Response:
        """Demand that the draft is not significantly worse on a set, by these evaluators; or stop demanding it."""
        caller = caller_of(request)
        app = app_get(caller.workspace_id, app_id)
        body = GateSetSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        gate_set(
            app=app,
            test_set=set_get(caller.workspace_id, said["set_id"]),
            evaluators=evaluators_given(caller.workspace_id, said["evaluator_ids"]),
            is_on=said["is_on"],
            actor=caller.user,
        )
        return _shown(app)


class GateRunView(APIView):
    """POST /apps/{id}/gate/run."""

    @extend_schema(operation_id="apps_gate_run", request=None, responses={201: ExperimentDetailSerializer})
    def post(self, request: Request, app_id: uuid.UUID) -> Response:
        """Start the experiment that the gate demands: the published version against the draft as it is now."""
        caller = caller_of(request)
        made = gate_run(app=app_get(caller.workspace_id, app_id), actor=caller.user)
        return detail(experiment_get(caller.workspace_id, made.id), 201)
