"""Encrypts the secrets of applications anew when the installation gets another key."""

from django.db import models, transaction

from backend.apps.models import App, AppVersion
from backend.common.secrets import Rotation, UndecryptableSecret, decrypt, encrypt


@transaction.atomic
def app_secrets_rotate() -> Rotation:
    """Encrypt every secret variable, of drafts and versions, with the first of the installation's keys."""
    drafts = _rotated(App.unscoped, "draft_secrets")
    versions = _rotated(AppVersion.unscoped, "secrets")
    return Rotation(drafts.rotated + versions.rotated, tuple(dict.fromkeys(drafts.unreadable + versions.unreadable)))


def _rotated(rows: models.Manager, field: str) -> Rotation:
    rotated, unreadable = 0, []
    for row in rows.select_for_update().exclude(**{field: {}}):
        stored: dict[str, str] = getattr(row, field)
        for name, cipher in stored.items():
            try:
                stored[name] = encrypt(decrypt(cipher))
                rotated += 1
            except UndecryptableSecret:
                unreadable.append(f"variable {name}")
        rows.filter(id=row.id).update(**{field: stored})
    return Rotation(rotated, tuple(unreadable))
