"""Conversations and feedback: what people said, and what they thought of the answers. A message is a run."""

from django.db import models

from backend.common.models import WorkspaceModel


class Conversation(WorkspaceModel):
    """Runs of one app that follow on each other, for one end user or one member."""

    app = models.ForeignKey("apps.App", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200, blank=True, default="")
    inputs = models.JSONField(default=dict)
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
        constraints = [
            models.UniqueConstraint(fields=["run", "user", "end_user"], name="feedback_once", nulls_distinct=False)
        ]
