"""Publishes graphs and gives a client of their service API."""

from typing import Any

from backend.apps.models import App
from backend.apps.services import app_create, app_key_create, app_publish, draft_put
from backend.common.database import in_database
from tests.backend.apps.running import KeyClient
from tests.backend.conftest import Person


def graph_published(mode: str, person: Person, content: dict[str, Any]) -> KeyClient:
    """Publish a graph in the person's workspace."""
    app = app_create(workspace_id=person.workspace.id, user=person.user, name="Flow", mode=mode)
    draft_put(app=app, data=content)
    app_publish(app=app, actor=person.user)
    _, key = app_key_create(app=app, user=person.user, name="k")
    return KeyClient(App.objects.within(person.workspace.id).get(id=app.id), key)


async def client_of(person: Person, content: dict[str, Any], mode: str = "workflow") -> KeyClient:
    """Publish a graph from an async test."""
    return await in_database(graph_published, mode, person, content)
