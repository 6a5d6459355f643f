"""Jobs that bring a model into the store: durable, resumed by another worker when theirs dies."""

from django.conf import settings
from django.db import models

from backend.common.models import WorkspaceModel


class ModelJob(WorkspaceModel):
    """One pull from the hub, or one file or folder of this machine that is added. Bytes are counted as they come."""

    class Kind(models.TextChoices):
        """Where the model comes from."""

        PULL = "pull"
        ADD = "add"

    class Status(models.TextChoices):
        """Where the job is."""

        QUEUED = "queued"
        RUNNING = "running"
        FINISHED = "finished"
        FAILED = "failed"
        CANCELLED = "cancelled"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    source = models.CharField(max_length=1000)
    file = models.CharField(max_length=500, blank=True, default="")
    revision = models.CharField(max_length=200, blank=True, default="")
    model = models.CharField(max_length=100, blank=True, default="")
    engine = models.CharField(max_length=40, blank=True, default="")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    reason = models.TextField(blank=True, default="")
    done_bytes = models.BigIntegerField(default=0)
    total_bytes = models.BigIntegerField(default=0)
    is_cancel_wanted = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
