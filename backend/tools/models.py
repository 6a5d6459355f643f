"""What an administrator sets for the tools of a workspace: where requests may go, and the keys of services."""

from django.db import models

from backend.common.models import WorkspaceModel


class EgressPolicy(WorkspaceModel):
    """Where the workspace's own requests may go; places are written as `agents.egress.Place` reads them."""

    allow = models.JSONField(default=list)
    deny = models.JSONField(default=list)
    only_listed = models.BooleanField(default=False)

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace"], name="egress_policy_once")]


class ToolCredential(WorkspaceModel):
    """What was entered for one tool: values by name as encrypted JSON, which is never returned."""

    tool = models.CharField(max_length=100)
    values_cipher = models.TextField()
    names = models.JSONField(default=list)

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "tool"], name="tool_credential_once")]
