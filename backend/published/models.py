"""The published page of an app: whether it is on, where it is, what it looks like and what it shows."""

from django.db import models

from backend.common.models import WorkspaceModel


class Site(WorkspaceModel):
    """The page of one app. Whoever knows its `code` may use it while it is on and the app has a published version.

    Empty words fall back on the app's own. The limits count runs in a minute: of one visitor, and of all together.
    """

    app = models.OneToOneField("apps.App", on_delete=models.CASCADE, related_name="+")
    code = models.CharField(max_length=40, unique=True)
    is_on = models.BooleanField(default=False)
    name = models.CharField(max_length=120, blank=True, default="")
    description = models.CharField(max_length=500, blank=True, default="")
    icon = models.CharField(max_length=16, blank=True, default="")
    icon_color = models.CharField(max_length=7, default="#eaf6f4")
    color = models.CharField(max_length=7, default="#0b6b63")
    picture = models.ForeignKey("files.StoredFile", on_delete=models.SET_NULL, null=True, related_name="+")
    opening_text = models.TextField(blank=True, default="")
    footer = models.CharField(max_length=300, blank=True, default="")
    privacy_url = models.CharField(max_length=500, blank=True, default="")
    placeholder = models.CharField(max_length=120, blank=True, default="")
    show_sources = models.BooleanField(default=True)
    show_steps = models.BooleanField(default=False)
    embed_origins = models.JSONField(default=list)
    language = models.CharField(max_length=5, blank=True, default="")
    visitor_runs_per_minute = models.PositiveIntegerField(default=20)
    site_runs_per_minute = models.PositiveIntegerField(default=200)
