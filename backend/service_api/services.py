"""Remembers the end users that clients name, and looks at what they send."""

import time
import uuid

from django.core.files.uploadedfile import UploadedFile

from backend.apps.models import App
from backend.common.errors import UnsupportedFileType
from backend.files.names import HEAD_BYTES, name_clean, type_of
from backend.service_api.models import EndUser


def end_user_id(app_id: uuid.UUID, session_id: str) -> uuid.UUID:
    """Return the id of an app's end user: it follows from both, no lookup is needed."""
    return uuid.uuid5(app_id, session_id)


# Who was stored a moment ago, so that a known end user costs no query. Another process may forget one meanwhile.
_STORED: dict[uuid.UUID, float] = {}
_STORED_MAX = 100_000
_STORED_S = 300.0


def end_user_ensure(*, app: App, session_id: str) -> None:
    """Remember an end user; one that is known stays as it is."""
    if time.monotonic() - _STORED.get(end_user_id(app.id, session_id), -_STORED_S) < _STORED_S:
        return
    row = EndUser(
        id=end_user_id(app.id, session_id), workspace_id=app.workspace_id, app_id=app.id, session_id=session_id
    )
    EndUser.objects.bulk_create([row], ignore_conflicts=True)
    if len(_STORED) >= _STORED_MAX:
        _STORED.clear()
    _STORED[row.id] = time.monotonic()


def end_user_forget(workspace_id: uuid.UUID, session_id: str, app_id: uuid.UUID | None = None) -> int:
    """Forget an end user of one app, or of all apps of a workspace; returns how many rows went."""
    rows = EndUser.objects.within(workspace_id).filter(session_id=session_id)
    if app_id is not None:
        rows = rows.filter(app_id=app_id)
    for row_id in rows.values_list("id", flat=True):
        _STORED.pop(row_id, None)
    return rows.delete()[0]


def known_type_require(upload: UploadedFile) -> None:
    """Raise `UnsupportedFileType` unless the file is an image or a document that is read here."""
    head = upload.read(HEAD_BYTES)
    upload.seek(0)
    name = name_clean(upload.name or "")
    if head and type_of(head, name).kind == "other":
        raise UnsupportedFileType(
            f"{name!r} is neither an image (PNG, JPEG, GIF, WebP) nor a document that is read here"
        )
