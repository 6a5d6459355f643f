"""Runs and their events: what was asked, what happened, and who is executing it now."""

import uuid

from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Extract

from backend.common.models import OrderedJSONField, WorkspaceModel


class RunStatus(models.TextChoices):
    """The state of a run; the last three are ends."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


LIVE_STATUSES = (RunStatus.QUEUED, RunStatus.RUNNING)
OPEN_STATUSES = (*LIVE_STATUSES, RunStatus.PAUSED)
MEASURES = ("cost", "elapsed_ms", "ttft_ms", "tokens")
END_STATUSES = (RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED)


class RunSource(models.TextChoices):
    """Through which door a run came."""

    CONSOLE = "console"
    SERVICE_API = "service_api"
    OPENAI = "openai"
    BATCH = "batch"
    ASSISTANT = "assistant"
    PUBLISHED = "published"
    EVALUATION = "evaluation"


class Run(WorkspaceModel):
    """One execution of a frozen spec. Whoever holds the lease executes it; `attempt` fences all it writes.

    A paused run has no lease; `wakes_at` is when the first of its questions expires. Its time limit counts from
    `resumed_at`: nobody pays for the time in which a person thought. `elapsed_ms` and `tokens` are made by PostgreSQL,
    as is a column that is not here, `words`, for the search (migration 0007): they are for queries only. `sealed` is
    here and below what redaction took away, encrypted, as long as the run is open (`backend.runs.sealing`).
    """

    # Each of the links has an index of its own below, with the time.
    app = models.ForeignKey("apps.App", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    conversation = models.ForeignKey(
        "logs.Conversation", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    source = models.CharField(max_length=16, choices=RunSource.choices)
    status = models.CharField(max_length=10, choices=RunStatus.choices, default=RunStatus.QUEUED)
    spec = OrderedJSONField()
    query = models.TextField(blank=True, default="")
    inputs = models.JSONField(default=dict)
    outputs = models.JSONField(default=dict)
    error_code = models.CharField(max_length=60, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    model = models.CharField(max_length=300, blank=True, default="")
    app_version = models.PositiveIntegerField(null=True)
    user = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    key = models.ForeignKey("accounts.ApiKey", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
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
    resumed_at = models.DateTimeField(null=True)
    wakes_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    is_redacted = models.BooleanField(default=False, db_default=False)
    sealed = models.TextField(null=True)
    elapsed_ms = models.GeneratedField(
        expression=models.ExpressionWrapper(
            Extract(models.F("finished_at") - models.F("created_at"), "epoch") * 1000, models.FloatField()
        ),
        output_field=models.FloatField(null=True),
        db_persist=True,
    )
    tokens = models.GeneratedField(
        expression=models.F("prompt_tokens") + models.F("completion_tokens"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )

    class Meta(WorkspaceModel.Meta):
        # What lists are narrowed by comes newest first from an index of its own; of numbers, those of runs that ended.
        indexes = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="run_newest"),
            models.Index(fields=["workspace", "status", "-created_at", "-id"], name="run_of_status"),
            models.Index(fields=["workspace", "source", "-created_at", "-id"], name="run_of_source"),
            models.Index(fields=["workspace", "model", "-created_at", "-id"], name="run_of_model"),
            models.Index(fields=["app", "-created_at"], name="run_of_app"),
            models.Index(fields=["app", "app_version", "-created_at", "-id"], name="run_of_version"),
            models.Index(fields=["conversation", "created_at"], name="run_of_conversation"),
            models.Index(
                fields=["key", "-created_at", "-id"], name="run_of_key", condition=models.Q(key__isnull=False)
            ),
            models.Index(
                fields=["user", "-created_at", "-id"], name="run_of_user", condition=models.Q(user__isnull=False)
            ),
            models.Index(
                fields=["workspace", "end_user", "-created_at", "-id"],
                name="run_of_end_user",
                condition=models.Q(end_user__gt=""),
            ),
            models.Index(
                fields=["workspace", "error_code", "-created_at", "-id"],
                name="run_of_error",
                condition=models.Q(error_code__gt=""),
            ),
            *(
                models.Index(
                    fields=["workspace", name], name=f"run_by_{name}", condition=models.Q(finished_at__isnull=False)
                )
                for name in MEASURES
            ),
            models.Index(
                fields=["lease_expires_at"], name="run_unfinished", condition=models.Q(status__in=["queued", "running"])
            ),
            models.Index(fields=["wakes_at"], name="run_asleep", condition=models.Q(status="paused")),
        ]


class RunValue(models.Model):
    """A large value of a run, as JSON text: kept once, whatever events refer to it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="values")
    sha256 = models.CharField(max_length=64)
    text = models.TextField()
    sealed = models.TextField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "sha256"], name="run_value_once")]


NODE_ENDS = ("node_finished", "node_failed")
"""The kinds of events that say that a node has ended."""
NODE_KIND = KeyTextTransform("node_kind", "data")


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
    sealed = models.TextField(null=True)

    class Meta:
        ordering = ("run", "seq")
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="run_event_once")]
        indexes = [
            models.Index(NODE_KIND, "run", condition=models.Q(kind__in=NODE_ENDS), name="run_event_of_node"),
        ]


class RunFile(models.Model):
    """That a run was given a file, or made it: who deletes runs knows by it which files no other run needs."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="files", db_constraint=False)
    file_id = models.UUIDField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "file_id"], name="run_file_once")]
