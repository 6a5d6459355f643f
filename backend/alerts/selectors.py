"""Reading alerts and their history."""

import uuid

from django.db.models import QuerySet

from backend.alerts.models import Alert, AlertEvent
from backend.common.errors import NotFound


def alerts_list(workspace_id: uuid.UUID) -> QuerySet[Alert]:
    """Return the alerts of a workspace, newest first."""
    return Alert.objects.within(workspace_id).select_related("app", "workspace")


def alert_get(workspace_id: uuid.UUID, alert_id: uuid.UUID) -> Alert:
    """Return one alert; raises `NotFound`."""
    alert = alerts_list(workspace_id).filter(id=alert_id).first()
    if alert is None:
        raise NotFound(f"the workspace has no alert {str(alert_id)!r}")
    return alert


def events_of(alert: Alert) -> QuerySet[AlertEvent]:
    """Return an alert's history, newest first."""
    return AlertEvent.objects.within(alert.workspace_id).filter(alert=alert)
