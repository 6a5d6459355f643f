"""The audit log: every service that writes says here who did what. It never holds a secret."""

import uuid
from collections.abc import Mapping

from backend.accounts.models import AuditEntry, User
from backend.common.logging import KEY
from backend.common.origin import origin_now

SECRET_NAMES = frozenset({"api_key", "key", "password", "secret", "token", "code", "current_password", "new_password"})
TARGET_CHARS = 200


def _without_secrets(value: object) -> object:
    if isinstance(value, Mapping):
        return {
            str(name): "[cut]" if str(name).lower() in SECRET_NAMES else _without_secrets(item)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_secrets(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return KEY.sub("[key]", str(value))


def _where() -> dict[str, str]:
    origin = origin_now()
    return {"address": origin.address, "user_agent": KEY.sub("[key]", origin.user_agent)} if origin else {}


def audit_record(
    *,
    workspace_id: uuid.UUID | str,
    actor: User | None,
    action: str,
    target: str = "",
    detail: Mapping[str, object] | None = None,
) -> AuditEntry:
    """Write one line of the log, inside the caller's transaction. `action` is `noun.verb`; `target` names the thing."""
    return AuditEntry.objects.create(
        workspace_id=workspace_id,
        actor=actor,
        action=action,
        target=KEY.sub("[key]", target)[:TARGET_CHARS],
        detail=_without_secrets(detail or {}),
        **_where(),
    )
