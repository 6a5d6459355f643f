"""Applications, their drafts and their published versions."""

from django.db import models

from backend.common.models import OrderedJSONField, WorkspaceModel


class AppMode(models.TextChoices):
    """What an application is: the last two are graphs that their author draws."""

    COMPLETION = "completion"
    CHAT = "chat"
    AGENT = "agent"
    CHATFLOW = "chatflow"
    WORKFLOW = "workflow"


class App(WorkspaceModel):
    """An application. `draft` is edited in place; a published version never changes.

    Values of secret environment variables stand apart from what is served, encrypted, by the variables' names.
    `import_extras` is what an imported file had and a draft has not; an export puts it back.
    """

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=140)
    description = models.TextField(blank=True, default="")
    icon = models.CharField(max_length=40, blank=True, default="")
    mode = models.CharField(max_length=12, choices=AppMode.choices)
    draft = OrderedJSONField(default=dict)
    draft_secrets = models.JSONField(default=dict)
    draft_updated_at = models.DateTimeField(null=True)
    import_extras = OrderedJSONField(default=dict)
    published_version = models.ForeignKey("apps.AppVersion", on_delete=models.SET_NULL, null=True, related_name="+")
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "slug"], name="app_slug_once")]


class AppVersion(WorkspaceModel):
    """A published draft."""

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    config = OrderedJSONField()
    secrets = models.JSONField(default=dict)
    note = models.CharField(max_length=200, blank=True, default="")
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["app", "number"], name="app_version_once")]
