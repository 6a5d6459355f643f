"""Setting alerts. A webhook's address goes in and never comes out again; its signing secret is shown once."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.alerts.delivering import event_deliver
from backend.alerts.evaluating import event_create
from backend.alerts.models import Alert, AlertEvent, AlertState, Channel, Delivery, EventKind
from backend.alerts.ports import METRIC_UNITS
from backend.common.egress import origin_of
from backend.common.errors import Invalid
from backend.common.rates import rate_check
from backend.common.secrets import Rotation, UndecryptableSecret, decrypt, encrypt, key_create

TESTS_PER_MINUTE = 10
WATCHED = frozenset({"app_id", "metric", "window_minutes", "comparison", "threshold"})
"""With another one of these, an alert watches something else, and what it saw before says nothing."""


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert that was made; `secret` signs its webhook and goes to the caller once."""

    alert: Alert
    secret: str


@transaction.atomic
def alert_create(*, workspace_id: uuid.UUID, values: Mapping[str, object], actor: User | None) -> NewAlert:
    """Make an alert; `webhook` among the values is an address. Raises `Invalid`."""
    alert = Alert(workspace_id=workspace_id, created_by=actor)
    _apply(alert, values)
    secret = ""
    if alert.channel == Channel.WEBHOOK:
        secret = key_create("whsec").plaintext
        alert.secret_cipher = encrypt(secret)
    alert.save()
    _audit(alert, actor, "created")
    return NewAlert(alert, secret)


@transaction.atomic
def alert_change(*, alert: Alert, values: Mapping[str, object], actor: User | None) -> NewAlert:
    """Change an alert; one that becomes a webhook's gets a secret. Raises `Invalid`."""
    row = Alert.unscoped.select_for_update(of=("self",)).get(id=alert.id)
    before = {name: getattr(row, name) for name in WATCHED}
    _apply(row, values)
    if before != {name: getattr(row, name) for name in WATCHED} or not row.is_on:
        AlertEvent.unscoped.filter(alert=row, delivery=Delivery.HELD).update(delivery=Delivery.SKIPPED)
        row.state, row.value, row.is_told_firing = AlertState.NO_DATA, None, False
    secret = ""
    if row.channel == Channel.WEBHOOK and not row.secret_cipher:
        secret = key_create("whsec").plaintext
        row.secret_cipher = encrypt(secret)
    row.save()
    _audit(row, actor, "changed")
    return NewAlert(row, secret)


def _apply(alert: Alert, values: Mapping[str, object]) -> None:
    given = dict(values)
    address = str(given.pop("webhook", "") or "")
    for name, value in given.items():
        setattr(alert, name, value)
    if alert.metric not in METRIC_UNITS.get():
        raise Invalid(f"there is no metric {alert.metric!r}", fields={"metric": ["is unknown"]})
    if address:
        try:
            scheme, host, port = origin_of(address)
        except ValueError as error:
            raise Invalid(str(error), fields={"webhook": [str(error)]}) from error
        alert.webhook_cipher, alert.webhook_origin = encrypt(address), f"{scheme}://{host}:{port}"
    if alert.channel == Channel.WEBHOOK and not alert.webhook_cipher:
        raise Invalid("a webhook needs its address", fields={"webhook": ["is missing"]})
    if alert.channel == Channel.EMAIL and not alert.recipients:
        raise Invalid("an e-mail needs somebody who reads it", fields={"recipients": ["is empty"]})
    if (alert.quiet_from is None) != (alert.quiet_until is None):
        raise Invalid("quiet hours have a beginning and an end", fields={"quiet_until": ["set both, or none"]})


@transaction.atomic
def alert_delete(*, alert: Alert, actor: User | None) -> None:
    """Remove an alert with its history."""
    _audit(alert, actor, "deleted")
    alert.delete()


def alert_test(*, alert: Alert) -> AlertEvent:
    """Send a test at once and return what became of it; raises `TooManyRequests`."""
    message = f"an alert can be tested {TESTS_PER_MINUTE} times a minute"
    rate_check(f"alert-test:{alert.workspace_id}", limit=TESTS_PER_MINUTE, window_s=60, message=message)
    event = event_create(alert, EventKind.TEST, Delivery.WAITING)
    event_deliver(event.id, timezone.now())
    event.refresh_from_db(from_queryset=AlertEvent.objects.within(alert.workspace_id))
    return event


def _audit(alert: Alert, actor: User | None, verb: str) -> None:
    detail = {
        "name": alert.name,
        "metric": alert.metric,
        "comparison": alert.comparison,
        "threshold": alert.threshold,
        "channel": alert.channel,
    }
    audit_record(
        workspace_id=alert.workspace_id, actor=actor, action=f"alert.{verb}", target=str(alert.id), detail=detail
    )


@transaction.atomic
def alert_secrets_rotate() -> Rotation:
    """Encrypt every webhook's address and secret with the first of the installation's keys."""
    rotated, unreadable = 0, []
    for row in Alert.unscoped.select_for_update(of=("self",)).exclude(webhook_cipher=""):
        try:
            row.webhook_cipher = encrypt(decrypt(row.webhook_cipher))
            row.secret_cipher = encrypt(decrypt(row.secret_cipher))
        except UndecryptableSecret:
            unreadable.append(f"alert {row.name}")
            continue
        row.save(update_fields=["webhook_cipher", "secret_cipher", "updated_at"])
        rotated += 1
    return Rotation(rotated, tuple(unreadable))
