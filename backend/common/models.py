"""The base of every row that belongs to a workspace: one place where queries are scoped."""

import uuid
from typing import Any

from django.db import models


class ScopedManager(models.Manager):
    """Gives rows of one workspace only: a query that names none is an error, not a leak."""

    def within(self, workspace_id: uuid.UUID | str) -> models.QuerySet:
        """Return the rows of this workspace."""
        return super().get_queryset().filter(workspace_id=workspace_id)

    def create(self, **values: Any) -> models.Model:
        """Create a row; `workspace` or `workspace_id` must be among the values."""
        return super().get_queryset().create(**values)

    def bulk_create(self, rows: list[models.Model], **options: Any) -> list[models.Model]:
        """Create many rows, each with its workspace set."""
        return super().get_queryset().bulk_create(rows, **options)

    def get_queryset(self) -> models.QuerySet:
        """Refuse: say `.objects.within(workspace_id)`, or `.unscoped` where a system task means every workspace."""
        raise TypeError(f"{self.model.__name__}.objects needs .within(workspace_id); .unscoped is for system tasks")


class WorkspaceModel(models.Model):
    """A row of one workspace. `unscoped` is for migrations, relations and system tasks alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    unscoped = models.Manager()
    objects = ScopedManager()

    class Meta:
        abstract = True
        ordering = ("-created_at", "-id")
