"""Jobs that store a model's weights in smaller types, and their reports: durable, resumed when a worker dies."""

from django.conf import settings
from django.db import models

from backend.common.models import OrderedJSONField, WorkspaceModel


class Quantization(WorkspaceModel):
    """One model to one or more types. `stage` and `kind` say what is done now; `installed` names what came of it."""

    class Status(models.TextChoices):
        """Where the job is."""

        QUEUED = "queued"
        RUNNING = "running"
        FINISHED = "finished"
        FAILED = "failed"
        CANCELLED = "cancelled"

    source = models.CharField(max_length=200)
    types = models.JSONField()
    calibration = models.TextField(blank=True, default="")
    is_calibrated = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    stage = models.CharField(max_length=20, blank=True, default="")
    kind = models.CharField(max_length=20, blank=True, default="")
    progress = models.FloatField(default=0.0)
    log = models.JSONField(default=list)
    reason = models.TextField(blank=True, default="")
    report = OrderedJSONField(null=True)
    installed = models.JSONField(default=list)
    is_cancel_wanted = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
