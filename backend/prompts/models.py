"""Prompts as things of their own, with numbered versions."""

from django.db import models

from backend.common.models import WorkspaceModel


class Prompt(WorkspaceModel):
    """A named prompt; its text is that of its newest version."""

    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="prompt_name_once")]


class PromptVersion(WorkspaceModel):
    """One text of a prompt; never changed once written."""

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField(blank=True, default="")
    note = models.CharField(max_length=200, blank=True, default="")
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["prompt", "number"], name="prompt_version_once")]
