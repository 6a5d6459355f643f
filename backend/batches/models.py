"""Tables of inputs and the runs of their rows. The rows are the truth: whoever looks at them knows what is left."""

from django.db import models

from backend.common.models import OrderedJSONField, WorkspaceModel


class BatchStatus(models.TextChoices):
    """Where a table is on its way; a cancelled one may still have runs that are ending."""

    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class RowStatus(models.TextChoices):
    """Where a row is; a running one has a run, the last three are ends."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Batch(WorkspaceModel):
    """An uploaded table. `mapping` is input → column; `config` is what runs, fixed when the first row starts.

    `app_version` is None for the draft.
    """

    app = models.ForeignKey("apps.App", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=255)
    status = models.CharField(max_length=10, choices=BatchStatus.choices, default=BatchStatus.READY)
    app_version = models.PositiveIntegerField(null=True)
    config = OrderedJSONField(default=dict)
    columns = models.JSONField()
    delimiter = models.CharField(max_length=1, default=",")
    mapping = models.JSONField(default=dict)
    at_once = models.PositiveSmallIntegerField(default=2)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta(WorkspaceModel.Meta):
        indexes = [
            models.Index(fields=["app", "-created_at"], name="batch_of_app"),
            models.Index(fields=["status"], name="batch_unfinished", condition=~models.Q(status="finished")),
        ]


class BatchRow(WorkspaceModel):
    """A row: its cells, and what became of it. What its run gave is copied here, for runs may be deleted before."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    cells = models.JSONField()
    status = models.CharField(max_length=10, choices=RowStatus.choices, default=RowStatus.PENDING)
    run = models.ForeignKey("runs.Run", on_delete=models.SET_NULL, null=True, related_name="+")
    outputs = models.JSONField(default=dict)
    error_code = models.CharField(max_length=60, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    attempts = models.PositiveIntegerField(default=0)
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(max_digits=14, decimal_places=8, default=0)
    elapsed_ms = models.FloatField(null=True)

    class Meta(WorkspaceModel.Meta):
        indexes = [models.Index(fields=["batch", "status", "number"], name="batch_row_of_status")]
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="batch_row_once")]
