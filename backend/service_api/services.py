"""Remembers the end users that clients name."""

import uuid

from backend.apps.models import App
from backend.service_api.models import EndUser


def end_user_id(app_id: uuid.UUID, session_id: str) -> uuid.UUID:
    """Return the id of an app's end user: it follows from both, no lookup is needed."""
    return uuid.uuid5(app_id, session_id)


# Who is stored already, so that a known end user costs no query. Rows go only with their app, whose id never returns.
_STORED: set[uuid.UUID] = set()
_STORED_MAX = 100_000


def end_user_ensure(*, app: App, session_id: str) -> None:
    """Remember an end user; one that is known stays as it is."""
    if end_user_id(app.id, session_id) in _STORED:
        return
    row = EndUser(
        id=end_user_id(app.id, session_id), workspace_id=app.workspace_id, app_id=app.id, session_id=session_id
    )
    EndUser.objects.bulk_create([row], ignore_conflicts=True)
    if len(_STORED) >= _STORED_MAX:
        _STORED.clear()
    _STORED.add(row.id)
