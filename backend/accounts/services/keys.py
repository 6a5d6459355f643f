"""Keys of every kind: made here, shown once, kept as digests, revoked and never deleted."""

import uuid
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from backend.accounts.models import ApiKey, KeyKind, User
from backend.accounts.services.audit import audit_record
from backend.common.errors import Invalid
from backend.common.secrets import key_create


@transaction.atomic
def key_create_for(
    *,
    workspace_id: uuid.UUID | str,
    kind: KeyKind,
    name: str,
    user: User | None,
    app_id: uuid.UUID | str | None = None,
    expires_at: datetime | None = None,
    rate_limit_per_minute: int | None = None,
) -> tuple[ApiKey, str]:
    """Return the stored key and its text, which nobody can read again. An app's key needs `app_id`."""
    assert (kind == KeyKind.APP) == (app_id is not None), "app_id goes with an app's key and no other"
    if expires_at is not None and expires_at <= timezone.now():
        message = f"{expires_at:%Y-%m-%d %H:%M} UTC is past: give a time to come, or none for a key without end"
        raise Invalid(message, fields={"expires_at": [message]})
    fresh = key_create(kind.value)
    key = ApiKey.objects.create(
        workspace_id=workspace_id,
        kind=kind,
        name=name,
        prefix=fresh.prefix,
        digest=fresh.digest,
        user=user,
        app_id=app_id,
        expires_at=expires_at,
        rate_limit_per_minute=rate_limit_per_minute,
    )
    _record(key, user, "created")
    return key, fresh.plaintext


@transaction.atomic
def key_revoke(*, key: ApiKey, actor: User | None) -> ApiKey:
    """Close a key at once and for good. Revoking it again changes nothing."""
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at", "updated_at"])
        _record(key, actor, "revoked")
    return key


def _record(key: ApiKey, actor: User | None, verb: str) -> None:
    audit_record(
        workspace_id=key.workspace_id,
        actor=actor,
        action=f"{KeyKind(key.kind).value}_key.{verb}",
        target=str(key.id),
        detail={"name": key.name, "app_id": str(key.app_id) if key.app_id else None},
    )
