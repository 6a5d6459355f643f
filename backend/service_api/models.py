"""The people behind an app's clients, as far as their clients name them."""

from django.db import models

from backend.common.models import WorkspaceModel


class EndUser(WorkspaceModel):
    """An end user of an app. Its id follows from the app and the name, so that rows elsewhere keep only the name."""

    app = models.ForeignKey("apps.App", on_delete=models.CASCADE, related_name="+")
    session_id = models.CharField(max_length=255)

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["app", "session_id"], name="end_user_once")]
