"""Alerts, and the history of what they saw and said."""

from django.db import models

from backend.common.models import WorkspaceModel


class Comparison(models.TextChoices):
    """On which side of the threshold an alert fires."""

    ABOVE = "above"
    BELOW = "below"


class Channel(models.TextChoices):
    """By which way its messages go."""

    EMAIL = "email"
    WEBHOOK = "webhook"


class AlertState(models.TextChoices):
    """What an alert last saw; nothing is told of `no_data`."""

    OK = "ok"
    FIRING = "firing"
    NO_DATA = "no_data"


class EventKind(models.TextChoices):
    """What happened."""

    FIRED = "fired"
    RESOLVED = "resolved"
    TEST = "test"


class Delivery(models.TextChoices):
    """What became of the message: held back (quiet hours, too soon), on its way, or at an end."""

    HELD = "held"
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"


class Alert(WorkspaceModel):
    """A rule: `metric` over the last `window_minutes`, of an app or the workspace, against a threshold.

    `is_told_firing` is what its target was told last. A webhook's address may hold a key: it is stored encrypted, with
    the secret that signs, and only its origin is shown.
    """

    name = models.CharField(max_length=120)
    app = models.ForeignKey("apps.App", on_delete=models.CASCADE, null=True, related_name="+")
    metric = models.CharField(max_length=40)
    window_minutes = models.PositiveIntegerField()
    comparison = models.CharField(max_length=5, choices=Comparison.choices)
    threshold = models.FloatField()
    channel = models.CharField(max_length=10, choices=Channel.choices)
    recipients = models.JSONField(default=list)
    webhook_origin = models.CharField(max_length=300, blank=True, default="")
    webhook_cipher = models.TextField(blank=True, default="")
    secret_cipher = models.TextField(blank=True, default="")
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    timezone = models.CharField(max_length=64, default="UTC")
    interval_minutes = models.PositiveIntegerField(default=15)
    is_on = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=AlertState.choices, default=AlertState.NO_DATA)
    value = models.FloatField(null=True)
    checked_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True)
    is_told_firing = models.BooleanField(default=False)
    told_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")


class AlertEvent(WorkspaceModel):
    """One line of an alert's history, with the way of its message. `value` is what the metric was."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=10, choices=EventKind.choices)
    value = models.FloatField(null=True)
    threshold = models.FloatField()
    delivery = models.CharField(max_length=10, choices=Delivery.choices)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True, default="")

    class Meta(WorkspaceModel.Meta):
        indexes = [
            models.Index(fields=["alert", "-created_at", "-id"], name="alert_event_newest"),
            models.Index(
                fields=["next_attempt_at"], name="alert_event_waiting", condition=models.Q(delivery="waiting")
            ),
        ]
