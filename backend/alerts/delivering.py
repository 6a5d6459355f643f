"""Sends what alerts have to say, by e-mail or webhook; a target that is away is tried again, later and later.

An event is taken with its next attempt already set: whoever sends it may be killed, and another one tries then.
"""

import hashlib
import hmac
import json
import logging
import time
import uuid
from datetime import datetime, timedelta

import httpx
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from agents.egress import ExchangeLimits, Outgoing, send
from backend.alerts.models import Alert, AlertEvent, Channel, Delivery, EventKind
from backend.alerts.wording import subject_of, text_of
from backend.common.egress import public_client
from backend.common.secrets import UndecryptableSecret, decrypt

logger = logging.getLogger(__name__)
BACK_OFF_S = (30, 60, 120, 300, 900, 1800, 3600)
LONGEST = timedelta(seconds=BACK_OFF_S[-1])
BATCH = 50
LIMITS = ExchangeLimits(total_s=15)
SMTP_TIMEOUT_S = 15
ERROR_CHARS = 500


class NotDelivered(Exception):
    """The target did not take the message; the text says why."""


def events_deliver(now: datetime) -> int:
    """Send what is due; returns how many were taken."""
    # What waits for longer than any wait was set by a clock that was ahead.
    due = Q(next_attempt_at__lte=now) | Q(next_attempt_at__gt=now + LONGEST)
    ids = AlertEvent.unscoped.filter(due, delivery=Delivery.WAITING).order_by("next_attempt_at")
    taken = 0
    for event_id in ids.values_list("id", flat=True)[:BATCH]:
        taken += event_deliver(event_id, now)
    return taken


def event_deliver(event_id: uuid.UUID, now: datetime) -> bool:
    """Take one event and send it; False when somebody else has it."""
    with transaction.atomic():
        waiting = AlertEvent.unscoped.select_for_update(skip_locked=True, of=("self",))
        event = (
            waiting.select_related("alert__app", "alert__workspace")
            .filter(id=event_id, delivery=Delivery.WAITING)
            .first()
        )
        if event is None:
            return False
        wait_s = BACK_OFF_S[min(event.attempts, len(BACK_OFF_S) - 1)]
        event.attempts += 1
        event.next_attempt_at = now + timedelta(seconds=wait_s)
        event.save(update_fields=["attempts", "next_attempt_at", "updated_at"])
    try:
        _send(event)
    except NotDelivered as error:
        event.error = str(error)[:ERROR_CHARS]
        if event.attempts > len(BACK_OFF_S) or event.kind == EventKind.TEST:
            event.delivery, event.next_attempt_at = Delivery.FAILED, None
    else:
        event.delivery, event.sent_at, event.next_attempt_at, event.error = Delivery.SENT, timezone.now(), None, ""
    event.save(update_fields=["delivery", "sent_at", "next_attempt_at", "error", "updated_at"])
    return True


def _send(event: AlertEvent) -> None:
    match event.alert.channel:
        case Channel.EMAIL:
            _send_mail(event)
        case _:
            _send_webhook(event)


def _send_mail(event: AlertEvent) -> None:
    if not settings.EMAIL_HOST:
        raise NotDelivered("no mail server is set: whoever runs Atelier sets ATELIER_SMTP_HOST and its companions")
    message = EmailMessage(
        subject_of(event),
        text_of(event),
        to=event.alert.recipients,
        # The same whoever sends it, so that a reader's program knows a second copy.
        headers={"Message-ID": f"<{event.id}@atelier>"},
        connection=get_connection(timeout=SMTP_TIMEOUT_S),
    )
    try:
        message.send()
    except OSError as error:  # what the protocol refuses is one too
        raise NotDelivered(f"the mail server {settings.EMAIL_HOST!r} did not take it: {error}") from error


def webhook_body(event: AlertEvent) -> dict[str, object]:
    """Return what a webhook gets."""
    alert = event.alert
    return {
        "id": str(event.id),
        "event": event.kind,
        "at": event.created_at.isoformat(),
        "alert": {"id": str(alert.id), "name": alert.name},
        "workspace": {"id": str(alert.workspace_id), "name": alert.workspace.name},
        "app": {"id": str(alert.app_id), "name": alert.app.name} if alert.app else None,
        "metric": alert.metric,
        "value": event.value,
        "comparison": alert.comparison,
        "threshold": event.threshold,
        "window_minutes": alert.window_minutes,
        "text": text_of(event),
    }


def signature_of(secret: str, timestamp: str, body: bytes) -> str:
    """Return the HMAC-SHA256 over `timestamp.body`, in hex: only who knows the secret can have sent it, and when."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _send_webhook(event: AlertEvent) -> None:
    alert = event.alert
    try:
        url, secret = decrypt(alert.webhook_cipher), decrypt(alert.secret_cipher)
    except UndecryptableSecret as error:
        raise NotDelivered(str(error)) from error
    body = json.dumps(webhook_body(event), ensure_ascii=False).encode()
    timestamp = str(int(time.time()))
    headers = (
        ("Content-Type", "application/json"),
        ("X-Atelier-Event", str(event.id)),
        ("X-Atelier-Timestamp", timestamp),
        ("X-Atelier-Signature", f"sha256={signature_of(secret, timestamp, body)}"),
    )
    status = async_to_sync(_post)(alert, Outgoing("POST", url, headers=headers, body=body))
    if not 200 <= status < 300:
        raise NotDelivered(f"{alert.webhook_origin} answered {status}")


async def _post(alert: Alert, outgoing: Outgoing) -> int:
    try:
        async with public_client(alert.workspace_id) as client:
            return (await send(client, outgoing, LIMITS)).status
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, OSError) as error:
        # The address is not told: it may hold a key.
        said = str(error) or type(error).__name__
        raise NotDelivered(f"{alert.webhook_origin} was not reached: {said}") from error
