"""What annotations know of an app."""

import uuid

from backend.annotations.ports import AnnotatedApp
from backend.apps.models import AppMode
from backend.apps.selectors import app_get


def annotated_app(workspace_id: uuid.UUID, app_id: uuid.UUID) -> AnnotatedApp:
    """Return the app; raises `NotFound`."""
    app = app_get(workspace_id, app_id)
    return AnnotatedApp(app.id, app.workspace_id, app.slug, app.mode != AppMode.WORKFLOW)
