"""The base of every row that belongs to a workspace: one place where queries are scoped."""

import json
import uuid
from typing import Any

from django.db import models


class OrderedJSONField(models.JSONField):
    """JSON that comes back as it was written: `jsonb` would sort the keys of objects, and their order may matter.

    A model fills in the properties of a schema in their order, and an export is to look like its import. The price:
    no look-ups inside. A migration must make the column `json`.
    """

    def db_type(self, connection: Any) -> str:
        """Return PostgreSQL's type for JSON as text."""
        return "json"

    def deconstruct(self) -> Any:
        """Be an ordinary field to migrations, which import nothing of ours; one of them changes the column's type."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Return the text that is stored."""
        return None if value is None else json.dumps(value, ensure_ascii=False, cls=self.encoder)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Return the value; the driver has read it already."""
        return json.loads(value, cls=self.decoder) if isinstance(value, str) else value


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
