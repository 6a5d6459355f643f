"""What an alert says to people."""

from django.conf import settings

from backend.alerts.models import AlertEvent, EventKind
from backend.alerts.ports import METRIC_UNITS

WORDS = {EventKind.FIRED: "Firing", EventKind.RESOLVED: "Resolved", EventKind.TEST: "Test"}


def amount_text(metric: str, value: float | None) -> str:
    """Return a value with its unit."""
    if value is None:
        return "no data"
    match METRIC_UNITS.get().get(metric, ""):
        case "ratio":
            return f"{value * 100:.4g} %"
        case "usd":
            return f"${value:.4g}"
        case "ms":
            return f"{value:.4g} ms"
        case _:
            return f"{value:.6g}"


def subject_of(event: AlertEvent) -> str:
    """Return one line; a name with a line break in it stays one."""
    return " ".join(f"[Atelier] {WORDS[EventKind(event.kind)]}: {event.alert.name}".split())


def text_of(event: AlertEvent) -> str:
    """Return what happened, where, and where to look."""
    alert = event.alert
    where = f"the app {alert.app.name!r}" if alert.app else f"the workspace {alert.workspace.name!r}"
    bound = f"{alert.comparison} {amount_text(alert.metric, event.threshold)}"
    seen = f"{alert.metric} of {where} is {amount_text(alert.metric, event.value)} over {alert.window_minutes} minutes"
    match EventKind(event.kind):
        case EventKind.FIRED:
            said = f"{seen}: the alert fires {bound}."
        case EventKind.RESOLVED:
            said = f"{seen}: the alert, which fires {bound}, is resolved."
        case _:
            said = f"This is a test. {seen}; the alert fires {bound}."
    return f"{said}\n{settings.ENVIRONMENT.public_url}/w/{alert.workspace_id}/settings/alerts"
