"""Looks at every alert: what its metric is now, whether that is news, and whether the news may be told now."""

import logging
import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from backend.alerts.models import Alert, AlertEvent, AlertState, Comparison, Delivery, EventKind
from backend.alerts.ports import METRIC_VALUE

logger = logging.getLogger(__name__)
KEPT_EVENTS = timedelta(days=180)


def alerts_evaluate() -> None:
    """Look at every alert that is on; one that cannot be looked at leaves the others alone."""
    for alert_id in Alert.unscoped.filter(is_on=True).order_by("id").values_list("id", flat=True):
        try:
            alert_evaluate(alert_id, timezone.now())
        except Exception:  # the task's edge, for each alert alone
            logger.exception("alert %s could not be evaluated; the next round tries again", alert_id)
    AlertEvent.unscoped.filter(created_at__lt=timezone.now() - KEPT_EVENTS).delete()


def alert_evaluate(alert_id: uuid.UUID, now: datetime) -> None:
    """Note what the metric is, keep a change in the history, and queue the message when it may be told."""
    found = Alert.unscoped.filter(id=alert_id, is_on=True).first()
    if found is None:
        return
    since = now - timedelta(minutes=found.window_minutes)
    value = METRIC_VALUE.get()(found.workspace_id, found.metric, since, now, found.app_id)
    with transaction.atomic():
        alert = Alert.unscoped.select_for_update(of=("self",)).filter(id=alert_id, is_on=True).first()
        if alert is None:
            return
        was_firing = alert.state == AlertState.FIRING
        state = state_of(alert, value)
        if state != alert.state:
            alert.changed_at = now
        alert.state, alert.value, alert.checked_at = state, value, now
        if (state == AlertState.FIRING) != was_firing:
            kind = EventKind.RESOLVED if was_firing else EventKind.FIRED
            event_create(alert, kind, Delivery.HELD)
        _tell(alert, now)
        alert.save()


def state_of(alert: Alert, value: float | None) -> AlertState:
    """Return what a value means; without data nothing fires, and nothing goes on firing."""
    if value is None:
        return AlertState.NO_DATA
    is_over = value > alert.threshold if alert.comparison == Comparison.ABOVE else value < alert.threshold
    return AlertState.FIRING if is_over else AlertState.OK


def event_create(alert: Alert, kind: EventKind, delivery: Delivery) -> AlertEvent:
    """Keep what happened."""
    return AlertEvent.objects.create(
        workspace_id=alert.workspace_id,
        alert=alert,
        kind=kind,
        value=alert.value,
        threshold=alert.threshold,
        delivery=delivery,
        next_attempt_at=timezone.now() if delivery == Delivery.WAITING else None,
    )


def _tell(alert: Alert, now: datetime) -> None:
    """Of what is held back, send the last word once it may be said; what is no longer true is not said at all."""
    held = list(AlertEvent.unscoped.filter(alert=alert, delivery=Delivery.HELD).order_by("created_at", "id"))
    if not held:
        return
    is_firing = alert.state == AlertState.FIRING
    *stale, last = held
    if is_firing == alert.is_told_firing:
        stale = held
    elif not is_quiet(alert, now) and not is_too_soon(alert, now):
        last.delivery, last.next_attempt_at = Delivery.WAITING, now
        last.save(update_fields=["delivery", "next_attempt_at", "updated_at"])
        alert.is_told_firing, alert.told_at = is_firing, now
    ids = [event.id for event in stale]
    AlertEvent.unscoped.filter(id__in=ids).update(delivery=Delivery.SKIPPED)


def is_quiet(alert: Alert, now: datetime) -> bool:
    """Whether it is a quiet hour where the alert's people are; hours may go over midnight."""
    start, end = alert.quiet_from, alert.quiet_until
    if start is None or end is None or start == end:
        return False
    here = now.astimezone(ZoneInfo(alert.timezone)).time()
    return start <= here < end if start < end else here >= start or here < end


def is_too_soon(alert: Alert, now: datetime) -> bool:
    """Whether the last message is younger than the interval; one from a clock that was ahead does not count."""
    if alert.told_at is None:
        return False
    return timedelta(0) <= now - alert.told_at < timedelta(minutes=alert.interval_minutes)
