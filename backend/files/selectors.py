"""Finds a file for its owner, and for nobody else."""

import uuid

from backend.accounts.models import User
from backend.common.errors import NotFound
from backend.files.models import StoredFile


def file_get(
    *,
    workspace_id: uuid.UUID | str,
    file_id: uuid.UUID | str,
    user: User | None = None,
    app_id: uuid.UUID | str | None = None,
    end_user: str = "",
) -> StoredFile:
    """Return the file of this user, or of this end user of an app; raises `NotFound` for any other, and for no id."""
    assert (user is None) != (app_id is None), "a file belongs to a user or to an app's end user"
    owner = {"user": user, "app_id": None} if user is not None else {"app_id": app_id, "end_user": end_user}
    try:
        wanted = uuid.UUID(str(file_id))
    except ValueError:
        wanted = None
    stored = StoredFile.objects.within(workspace_id).filter(id=wanted, **owner).first()
    if stored is None:
        raise NotFound(f"there is no file {str(file_id)!r} of yours: upload it first")
    return stored
