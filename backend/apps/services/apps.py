"""Making, changing and deleting applications and their keys."""

import secrets
import uuid
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from backend.accounts.models import ApiKey, KeyKind, User
from backend.accounts.services import audit_record, key_create_for, key_revoke
from backend.apps.drafts import draft_default
from backend.apps.models import App, AppMode
from backend.apps.selectors import app_keys
from backend.common.errors import Conflict, Invalid
from backend.files.models import StoredFile
from backend.files.services import file_delete
from backend.runs.models import OPEN_STATUSES, Run
from backend.runs.services import run_cancel

MAX_KEYS = 10
SLUG_CHARS = 120


@transaction.atomic
def app_create(
    *, workspace_id: uuid.UUID, user: User | None, name: str, mode: str, description: str = "", icon: str = ""
) -> App:
    """Make an app whose draft can be used at once. Its slug, the model's id for OpenAI's clients, never changes."""
    values = {
        "workspace_id": workspace_id,
        "name": name,
        "description": description,
        "icon": icon,
        "mode": _mode(mode),
        "draft": draft_default(mode).to_json(),
        "draft_updated_at": timezone.now(),
        "created_by": user,
    }
    slug = _free_slug(workspace_id, name)
    try:
        with transaction.atomic():
            app = App.objects.create(slug=slug, **values)
    except IntegrityError:  # somebody took it at this moment
        app = App.objects.create(slug=f"{slug}-{secrets.token_hex(3)}", **values)
    audit_record(workspace_id=workspace_id, actor=user, action="app.created", target=str(app.id), detail={"name": name})
    return app


def _mode(mode: str) -> AppMode:
    if mode not in AppMode.values:
        message = f"{mode!r} is no mode: choose {', '.join(AppMode.values)}"
        raise Invalid(f"mode: {message}", fields={"mode": [message]})
    return AppMode(mode)


def _free_slug(workspace_id: uuid.UUID, name: str) -> str:
    slug = slugify(name)[:SLUG_CHARS] or "app"
    taken = App.objects.within(workspace_id).filter(slug=slug).exists()
    return f"{slug}-{secrets.token_hex(3)}" if taken else slug


@transaction.atomic
def app_update(*, app: App, actor: User | None, changes: dict[str, str]) -> App:
    """Change name, description or icon."""
    assert set(changes) <= {"name", "description", "icon"}, "the mode of an app and its draft are not changed here"
    for field, value in changes.items():
        setattr(app, field, value)
    app.save(update_fields=[*changes, "updated_at"])
    audit_record(workspace_id=app.workspace_id, actor=actor, action="app.updated", target=str(app.id), detail=changes)
    return app


def app_delete(*, app: App, actor: User | None) -> None:
    """Delete an app with its versions, keys, conversations and files, and stop its runs; those stay in the log."""
    live = list(Run.objects.within(app.workspace_id).filter(app=app, status__in=OPEN_STATUSES))
    with transaction.atomic():
        audit_record(
            workspace_id=app.workspace_id,
            actor=actor,
            action="app.deleted",
            target=str(app.id),
            detail={"name": app.name},
        )
        for stored in StoredFile.objects.within(app.workspace_id).filter(app=app):
            file_delete(stored=stored)
        app.delete()
    for run in live:
        run_cancel(run=run)


def app_key_create(
    *,
    app: App,
    user: User | None,
    name: str,
    expires_at: datetime | None = None,
    rate_limit_per_minute: int | None = None,
) -> tuple[ApiKey, str]:
    """Make a key of the app; returns it with its text, which nobody can read again."""
    if app_keys(app).count() >= MAX_KEYS:
        raise Conflict(f"the app {app.name!r} has {MAX_KEYS} keys already: revoke one that is not used")
    return key_create_for(
        workspace_id=app.workspace_id,
        kind=KeyKind.APP,
        name=name,
        user=user,
        app_id=app.id,
        expires_at=expires_at,
        rate_limit_per_minute=rate_limit_per_minute,
    )


def app_key_revoke(*, key: ApiKey, actor: User | None) -> None:
    """Close a key of an app for good."""
    key_revoke(key=key, actor=actor)
