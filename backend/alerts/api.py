"""Alerts over HTTP: everybody reads them, administrators set and test them."""

import uuid
import zoneinfo

from django.conf import settings
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.accounts.models import Role
from backend.alerts.models import Alert, AlertEvent, AlertState, Channel, Comparison, Delivery, EventKind
from backend.alerts.ports import METRIC_UNITS
from backend.alerts.selectors import alert_get, alerts_list, events_of
from backend.alerts.services import NewAlert, alert_change, alert_create, alert_delete, alert_test
from backend.apps.selectors import app_exists
from backend.common.errors import Invalid
from backend.common.serializers import NamedSerializer

MAX_WINDOW_MINUTES = 30 * 24 * 60
MAX_RECIPIENTS = 20


class AlertRuleSerializer(serializers.Serializer):
    """What is read and written of an alert alike."""

    name = serializers.CharField(max_length=120)
    metric = serializers.CharField(max_length=40)
    window_minutes = serializers.IntegerField(min_value=1, max_value=MAX_WINDOW_MINUTES)
    comparison = serializers.ChoiceField(choices=Comparison.choices)
    threshold = serializers.FloatField(min_value=-1e15, max_value=1e15)
    channel = serializers.ChoiceField(choices=Channel.choices)
    recipients = serializers.ListField(child=serializers.EmailField(), max_length=MAX_RECIPIENTS, required=False)
    quiet_from = serializers.TimeField(required=False, allow_null=True)
    quiet_until = serializers.TimeField(required=False, allow_null=True)
    timezone = serializers.CharField(max_length=64, required=False)
    interval_minutes = serializers.IntegerField(min_value=0, max_value=7 * 24 * 60, required=False)
    is_on = serializers.BooleanField(required=False)

    def validate_timezone(self, value: str) -> str:
        """Refuse a name that no clock knows."""
        if value not in zoneinfo.available_timezones():
            raise serializers.ValidationError(f"there is no time zone {value!r}: write it as Europe/Berlin")
        return value


class AlertWriteSerializer(AlertRuleSerializer):
    """A new alert, or what changes of one."""

    app = serializers.UUIDField(required=False, allow_null=True)
    webhook = serializers.CharField(max_length=2000, required=False, write_only=True)


class AlertSerializer(AlertRuleSerializer):
    """An alert, what it saw last, and where its messages go; of a webhook only the origin."""

    id = serializers.UUIDField()
    app = NamedSerializer(allow_null=True)
    webhook_origin = serializers.CharField()
    state = serializers.ChoiceField(choices=AlertState.choices)
    value = serializers.FloatField(allow_null=True)
    checked_at = serializers.DateTimeField(allow_null=True)
    changed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class AlertMadeSerializer(AlertSerializer):
    """An alert with the secret that signs its webhook, shown once; empty where there is none, or an old one."""

    secret = serializers.CharField()


class AlertEventSerializer(serializers.Serializer):
    """One line of the history."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=EventKind.choices)
    value = serializers.FloatField(allow_null=True)
    threshold = serializers.FloatField()
    delivery = serializers.ChoiceField(choices=Delivery.choices)
    attempts = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    sent_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField()
    created_at = serializers.DateTimeField()


class AlertMetricSerializer(serializers.Serializer):
    """A metric that can be watched."""

    name = serializers.CharField()
    unit = serializers.CharField()


def _values(request: Request, workspace_id: uuid.UUID, *, partial: bool = False) -> dict[str, object]:
    body = AlertWriteSerializer(data=request.data, partial=partial)
    body.is_valid(raise_exception=True)
    values = dict(body.validated_data)
    if "app" in values:
        app_id = values["app_id"] = values.pop("app")
        if app_id is not None and not app_exists(workspace_id, app_id):
            raise Invalid(f"the workspace has no app {str(app_id)!r}", fields={"app": ["is not here"]})
    return values


def _made(made: NewAlert, workspace_id: uuid.UUID) -> dict[str, object]:
    return {**AlertSerializer(alert_get(workspace_id, made.alert.id)).data, "secret": made.secret}


class AlertsView(GenericAPIView):
    """The alerts of the workspace."""

    serializer_class = AlertSerializer
    write_role = Role.ADMIN
    queryset = Alert.unscoped.none()

    @extend_schema(responses=AlertSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List them."""
        page = self.paginate_queryset(alerts_list(caller_of(request).workspace_id))
        return self.get_paginated_response(AlertSerializer(page, many=True).data)

    @extend_schema(request=AlertWriteSerializer, responses={201: AlertMadeSerializer})
    def post(self, request: Request) -> Response:
        """Make one."""
        caller = caller_of(request)
        values = _values(request, caller.workspace_id)
        made = alert_create(workspace_id=caller.workspace_id, values=values, actor=caller.user)
        return Response(_made(made, caller.workspace_id), status=201)


class AlertView(APIView):
    """One alert."""

    write_role = Role.ADMIN

    @extend_schema(request=AlertWriteSerializer(partial=True), responses=AlertMadeSerializer)
    def patch(self, request: Request, alert_id: uuid.UUID) -> Response:
        """Change it."""
        caller = caller_of(request)
        alert = alert_get(caller.workspace_id, alert_id)
        values = _values(request, caller.workspace_id, partial=True)
        return Response(_made(alert_change(alert=alert, values=values, actor=caller.user), caller.workspace_id))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, alert_id: uuid.UUID) -> Response:
        """Remove it with its history."""
        caller = caller_of(request)
        alert_delete(alert=alert_get(caller.workspace_id, alert_id), actor=caller.user)
        return Response(status=204)


class AlertTestView(APIView):
    """A test of an alert's target."""

    write_role = Role.ADMIN

    @extend_schema(request=None, responses=AlertEventSerializer)
    def post(self, request: Request, alert_id: uuid.UUID) -> Response:
        """Send a test now, and say what became of it."""
        event = alert_test(alert=alert_get(caller_of(request).workspace_id, alert_id))
        return Response(AlertEventSerializer(event).data)


class AlertEventsView(GenericAPIView):
    """What an alert saw and said."""

    serializer_class = AlertEventSerializer
    queryset = AlertEvent.unscoped.none()

    @extend_schema(responses=AlertEventSerializer(many=True))
    def get(self, request: Request, alert_id: uuid.UUID) -> Response:
        """List its history."""
        page = self.paginate_queryset(events_of(alert_get(caller_of(request).workspace_id, alert_id)))
        return self.get_paginated_response(AlertEventSerializer(page, many=True).data)


class AlertMetricsView(APIView):
    """What can be watched."""

    @extend_schema(
        responses=inline_serializer(
            "AlertMetrics",
            {"results": AlertMetricSerializer(many=True), "can_mail": serializers.BooleanField()},
        )
    )
    def get(self, request: Request) -> Response:
        """List the metrics, and whether a mail server is set."""
        units = [{"name": name, "unit": unit} for name, unit in METRIC_UNITS.get().items()]
        return Response({"results": units, "can_mail": bool(settings.EMAIL_HOST)})
