"""Which applications name a model, in their draft or in a version that is served."""

import uuid

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from backend.apps.models import App
from backend.local_models.ports import ModelUsers

MAX_NAMED = 5


def model_users(workspace_id: uuid.UUID, model_id: str) -> ModelUsers:
    """Return the apps that name the model: a few of the workspace by name, those of others as a number."""
    here = _users(model_id).filter(workspace_id=workspace_id).order_by("name").values_list("name", flat=True)
    return ModelUsers(tuple(here[:MAX_NAMED]), _users(model_id).exclude(workspace_id=workspace_id).count())


def _users(model_id: str) -> QuerySet[App]:
    """A model's id in quotes is in no draft by chance; names have no character that JSON would escape."""
    texts = {"draft_text": Cast("draft", TextField()), "config_text": Cast("published_version__config", TextField())}
    named = Q(draft_text__contains=f'"{model_id}"') | Q(config_text__contains=f'"{model_id}"')
    return App.unscoped.annotate(**texts).filter(named)
