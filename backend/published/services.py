"""Changing published pages: what they say, their address, their picture."""

import secrets
from collections.abc import Mapping

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.apps.models import App
from backend.common.errors import Conflict, FileTooLarge, UnsupportedFileType
from backend.files.names import HEAD_BYTES, name_clean, type_of
from backend.files.services import file_delete, file_store
from backend.published.models import Site
from backend.published.selectors import site_of_app

CODE_CHARS = 20
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""Letters and digits that nobody takes for each other: 20 of them are 100 bits."""
MAX_PICTURE_BYTES = 1024 * 1024


def _new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARS))


def _locked(app: App) -> Site:
    """Return the app's page, made if need be, locked until the transaction ends."""
    App.objects.within(app.workspace_id).select_for_update(no_key=True).get(id=app.id)
    site = site_of_app(app)
    if not site.code:
        site.code = _new_code()
        site.save(force_insert=True)
    return site


def _record(site: Site, actor: User | None, action: str, detail: Mapping[str, object] | None = None) -> None:
    audit_record(
        workspace_id=site.workspace_id, actor=actor, action=action, target=str(site.app_id), detail=detail or {}
    )


@transaction.atomic
def site_update(*, app: App, actor: User | None, changes: Mapping[str, object]) -> Site:
    """Change the page; the first change gives it its code. Raises `Conflict` when nothing is published to show."""
    if changes.get("is_on") and app.published_version_id is None:
        raise Conflict(f"the app {app.name!r} was never published: publish it, then switch its page on")
    site = _locked(app)
    for name, value in changes.items():
        setattr(site, name, value)
    site.save(update_fields=[*changes, "updated_at"])
    _record(site, actor, "site.updated", changes)
    return site


@transaction.atomic
def site_code_renew(*, app: App, actor: User | None) -> Site:
    """Move the page to a new address: the old one leads nowhere from now on."""
    site = _locked(app)
    site.code = _new_code()
    site.save(update_fields=["code", "updated_at"])
    _record(site, actor, "site.moved")
    return site


def site_picture_set(*, app: App, actor: User | None, upload: UploadedFile) -> Site:
    """Give the page a picture. Raises `UnsupportedFileType` for what is none by its bytes, `FileTooLarge` over 1 MB."""
    head = upload.read(HEAD_BYTES)
    upload.seek(0)
    name = name_clean(upload.name or "")
    if type_of(head, name).kind != "image":
        raise UnsupportedFileType(f"{name!r} is no picture: take a PNG, JPEG, GIF or WebP")
    if (upload.size or 0) > MAX_PICTURE_BYTES:
        raise FileTooLarge(f"the picture {name!r} is larger than 1 MB: make it smaller, 256 pixels are enough")
    stored = file_store(workspace_id=app.workspace_id, upload=upload, app_id=app.id)
    with transaction.atomic():
        site = _locked(app)
        before, site.picture = site.picture, stored
        site.save(update_fields=["picture", "updated_at"])
        if before is not None:
            file_delete(stored=before)
        _record(site, actor, "site.picture_changed", {"name": stored.name})
    return site


@transaction.atomic
def site_picture_remove(*, app: App, actor: User | None) -> Site:
    """Take the picture away: the icon shows again."""
    site = _locked(app)
    before, site.picture = site.picture, None
    site.save(update_fields=["picture", "updated_at"])
    if before is not None:
        file_delete(stored=before)
        _record(site, actor, "site.picture_removed")
    return site
