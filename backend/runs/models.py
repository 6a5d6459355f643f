"""Runs and their events: what was asked, what happened, and who is executing it now."""

from django.db import models

from backend.common.models import WorkspaceModel


class RunStatus(models.TextChoices):
    """The state of a run; the last three are ends."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


LIVE_STATUSES = (RunStatus.QUEUED, RunStatus.RUNNING)
END_STATUSES = (RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED)


class RunSource(models.TextChoices):
    """Through which door a run came."""

    CONSOLE = "console"
    SERVICE_API = "service_api"
    OPENAI = "openai"


class Run(WorkspaceModel):
    """One execution of a frozen spec. Whoever holds the lease executes it; `attempt` fences all it writes."""

    app = models.ForeignKey("apps.App", on_delete=models.SET_NULL, null=True, related_name="+")
    conversation = models.ForeignKey("logs.Conversation", on_delete=models.SET_NULL, null=True, related_name="+")
    source = models.CharField(max_length=16, choices=RunSource.choices)
    status = models.CharField(max_length=10, choices=RunStatus.choices, default=RunStatus.QUEUED)
    spec = models.JSONField()
    query = models.TextField(blank=True, default="")
    inputs = models.JSONField(default=dict)
    outputs = models.JSONField(default=dict)
    error_code = models.CharField(max_length=60, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    model = models.CharField(max_length=300, blank=True, default="")
    app_version = models.PositiveIntegerField(null=True)
    user = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    key = models.ForeignKey("accounts.ApiKey", on_delete=models.SET_NULL, null=True, related_name="+")
    end_user = models.CharField(max_length=255, blank=True, default="")
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(max_digits=14, decimal_places=8, default=0)
    ttft_ms = models.FloatField(null=True)
    attempt = models.PositiveIntegerField(default=0)
    lease_owner = models.CharField(max_length=120, blank=True, default="")
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta(WorkspaceModel.Meta):
        indexes = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="run_newest"),
            models.Index(fields=["app", "-created_at"], name="run_of_app"),
            models.Index(fields=["conversation", "created_at"], name="run_of_conversation"),
            models.Index(
                fields=["lease_expires_at"], name="run_unfinished", condition=models.Q(status__in=["queued", "running"])
            ),
        ]


class RunEvent(models.Model):
    """An event as it is kept: adjacent `text_delta` events are one row.

    The row covers the numbers `first_seq … seq`; `cuts` holds the length of each delta's text, so that a reader
    who has seen a part of the row gets the rest, to the character.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    seq = models.BigIntegerField()
    first_seq = models.BigIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=24)
    data = models.JSONField()
    cuts = models.JSONField(null=True)

    class Meta:
        ordering = ("run", "seq")
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="run_event_once")]
