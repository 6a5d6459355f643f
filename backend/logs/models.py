"""Conversations and feedback: what people said, and what they thought of the answers. A message is a run."""

from django.db import models

from backend.common.models import WorkspaceModel


class Conversation(WorkspaceModel):
    """Runs of one app that follow on each other, for one end user or one member.

    `variables` holds what its runs assigned to conversation variables, by name.
    """

    app = models.ForeignKey("apps.App", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200, blank=True, default="")
    inputs = models.JSONField(default=dict)
    variables = models.JSONField(default=dict)
    introduction = models.TextField(blank=True, default="")
    user = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    end_user = models.CharField(max_length=255, blank=True, default="")
    deleted_at = models.DateTimeField(null=True)

    class Meta(WorkspaceModel.Meta):
        indexes = [models.Index(fields=["app", "end_user", "-updated_at"], name="conversation_of_user")]


class Rating(models.TextChoices):
    """What somebody thought of an answer."""

    LIKE = "like"
    DISLIKE = "dislike"


class Feedback(WorkspaceModel):
    """One verdict on one run, by an end user or a member."""

    run = models.ForeignKey("runs.Run", on_delete=models.CASCADE, related_name="feedbacks")
    rating = models.CharField(max_length=8, choices=Rating.choices)
    comment = models.TextField(blank=True, default="")
    user = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    end_user = models.CharField(max_length=255, blank=True, default="")

    class Meta(WorkspaceModel.Meta):
        indexes = [models.Index(fields=["workspace", "rating", "run"], name="feedback_of_rating")]
        constraints = [
            models.UniqueConstraint(fields=["run", "user", "end_user"], name="feedback_once", nulls_distinct=False)
        ]


class LogPolicy(WorkspaceModel):
    """What a workspace keeps of its runs: for how long (nothing said: for ever), and what is taken out before.

    `redaction` is `{"built_in": [name], "own": [{"name", "pattern"}]}`. `due_at` is when the retention is applied next.
    """

    retention_days = models.PositiveIntegerField(null=True)
    redaction = models.JSONField(default=dict)
    due_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)
    removed = models.PositiveBigIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True)

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace"], name="log_policy_once")]
        indexes = [
            models.Index(fields=["due_at"], name="log_policy_due", condition=models.Q(retention_days__isnull=False))
        ]


class LogJobKind(models.TextChoices):
    """What a job over the logs does."""

    EXPORT = "export"
    ERASURE = "erasure"


class LogJobStatus(models.TextChoices):
    """Where a job is; the last three are ends."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


class LogJob(WorkspaceModel):
    """A long piece of work over the logs, by whoever holds its lease.

    `asked` says over what: of an export its filters and format, of an erasure the end user, who is forgotten with its
    end. `place` is how far it came: an export goes on there, with a file of exactly `written_bytes`.
    """

    kind = models.CharField(max_length=10, choices=LogJobKind.choices)
    status = models.CharField(max_length=10, choices=LogJobStatus.choices, default=LogJobStatus.QUEUED)
    asked = models.JSONField(default=dict)
    total = models.PositiveBigIntegerField(null=True)
    done = models.PositiveBigIntegerField(default=0)
    place = models.JSONField(null=True)
    written_bytes = models.PositiveBigIntegerField(default=0)
    report = models.JSONField(default=dict)
    file = models.ForeignKey("files.StoredFile", on_delete=models.SET_NULL, null=True, related_name="+")
    reason = models.TextField(blank=True, default="")
    is_cancel_wanted = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta(WorkspaceModel.Meta):
        indexes = [
            models.Index(fields=["workspace", "kind", "-created_at"], name="log_job_newest"),
            models.Index(
                fields=["status"], name="log_job_unfinished", condition=models.Q(status__in=["queued", "running"])
            ),
        ]


class SavedView(WorkspaceModel):
    """Filters of the list of runs under a name, of one person; `room` is an app's id, or "all"."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    room = models.CharField(max_length=36)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000)

    class Meta(WorkspaceModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user", "room", "name"], name="saved_view_once"),
        ]
