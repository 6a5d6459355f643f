"""The reads of accounts."""

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet

from backend.accounts.callers import Caller
from backend.accounts.models import ApiKey, AuditEntry, Invitation, KeyKind, Membership, User


@dataclass(frozen=True, slots=True)
class SetupState:
    """Is there a first user to make, and must the set-up code be given?"""

    required: bool
    code_required: bool


def setup_state() -> SetupState:
    """Return whether set-up is open. On loopback whoever reaches the page sits at the machine and needs no code."""
    return SetupState(required=not User.objects.exists(), code_required=not settings.LOOPBACK)


def memberships_of(user: User, caller: Caller | None = None) -> QuerySet[Membership]:
    """Return where the user is a member; a token sees only the workspace that it is bound to."""
    rows = Membership.unscoped.filter(user=user).select_related("workspace").order_by("created_at")
    return rows if caller is None else rows.filter(workspace_id=caller.workspace_id)


def members_list(workspace_id: uuid.UUID) -> QuerySet[Membership]:
    """Return the members of a workspace."""
    return Membership.objects.within(workspace_id).select_related("user")


def invitations_list(workspace_id: uuid.UUID) -> QuerySet[Invitation]:
    """Return the invitations that nobody has accepted yet, expired ones too."""
    return Invitation.objects.within(workspace_id).filter(accepted_at=None)


def keys_list(workspace_id: uuid.UUID, kind: KeyKind) -> QuerySet[ApiKey]:
    """Return the live and expired keys of a kind; revoked ones are gone from sight."""
    return ApiKey.objects.within(workspace_id).filter(kind=kind, revoked_at=None)


def audit_list(workspace_id: uuid.UUID) -> QuerySet[AuditEntry]:
    """Return the audit log."""
    return AuditEntry.objects.within(workspace_id).select_related("actor")
