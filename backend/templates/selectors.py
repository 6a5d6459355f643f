"""What of a template's needs a workspace already has."""

import uuid
from collections.abc import Mapping

from agents.tools.builtin.web_search import BraveSearch, GoogleSearch, SearxngSearch, TavilySearch
from agents.tools.spec import credentials_of
from backend.datasets.models import Dataset
from backend.providers.selectors import models_list
from backend.templates.catalogue import NeedKind
from backend.tools.selectors import stored_names

SEARCHES = (SearxngSearch, TavilySearch, BraveSearch, GoogleSearch)


def search_ready(workspace_id: uuid.UUID) -> str:
    """Return the web search whose key the workspace has; empty where it has none."""
    stored = stored_names(workspace_id)
    for tool in SEARCHES:
        required = {item.name for item in credentials_of(tool) if item.is_required and not item.default}
        if required and required <= set(stored.get(tool.name, ())):
            return tool.name
    return ""


def needs_met(workspace_id: uuid.UUID) -> Mapping[NeedKind, bool]:
    """Return for each thing that a template may need whether the workspace has it."""
    chat = [model for model in models_list(workspace_id) if model.kind == "chat"]
    return {
        "dataset": Dataset.objects.within(workspace_id).exists(),
        "web_search": bool(search_ready(workspace_id)),
        "second_model": len(chat) > 1,
        "larger_model": any(not model.embedded for model in chat),
    }
