"""Files that people uploaded: bytes lie under a name of ours, the given name is only shown."""

from django.db import models

from backend.common.models import WorkspaceModel


class StoredFile(WorkspaceModel):
    """An uploaded file. It belongs to a user (console) or to an app's end user, and to nobody else."""

    name = models.CharField(max_length=255)
    key = models.CharField(max_length=100, unique=True)
    size_bytes = models.BigIntegerField()
    mime_type = models.CharField(max_length=120)
    kind = models.CharField(max_length=10)
    sha256 = models.CharField(max_length=64)
    user = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    app = models.ForeignKey("apps.App", on_delete=models.CASCADE, null=True, related_name="+")
    end_user = models.CharField(max_length=255, blank=True, default="")
