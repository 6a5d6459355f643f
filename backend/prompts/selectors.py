"""The reads of prompts."""

import uuid

from django.db.models import Max, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Coalesce

from backend.prompts.models import Prompt, PromptVersion


def prompts_list(workspace_id: uuid.UUID, *, search: str = "") -> QuerySet[Prompt]:
    """Return prompts with `version`, the number of the newest version (None without one), and its `text`."""
    newest = PromptVersion.objects.within(workspace_id).filter(prompt=OuterRef("id")).order_by("-number")
    prompts = Prompt.objects.within(workspace_id).annotate(
        version=Max("versions__number"), text=Coalesce(Subquery(newest.values("text")[:1]), Value("", TextField()))
    )
    return prompts.filter(name__icontains=search) if search else prompts


def versions_list(prompt: Prompt) -> QuerySet[PromptVersion]:
    """Return the versions of a prompt."""
    return PromptVersion.objects.within(prompt.workspace_id).filter(prompt=prompt).select_related("created_by")
