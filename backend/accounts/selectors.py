"""The reads of accounts."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from backend.accounts.callers import Caller
from backend.accounts.models import ROLE_RANK, ApiKey, AuditEntry, Invitation, KeyKind, Membership, Role, User


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


def machine_admins(workspace_id: uuid.UUID) -> list[str]:
    """Return the e-mails of those who care for the machine, as far as the workspace knows them."""
    members = members_list(workspace_id).filter(user__is_machine_admin=True, user__is_active=True)
    return list(members.order_by("created_at").values_list("user__email", flat=True))


def role_holders(workspace_id: uuid.UUID, role: Role, most: int = 3) -> list[str]:
    """Return the e-mails of members with at least this role, who came first."""
    able = [each for each, rank in ROLE_RANK.items() if rank >= ROLE_RANK[role]]
    members = members_list(workspace_id).filter(role__in=able, user__is_active=True)
    return list(members.order_by("created_at").values_list("user__email", flat=True)[:most])


def invitations_list(workspace_id: uuid.UUID) -> QuerySet[Invitation]:
    """Return the invitations that nobody has accepted yet, expired ones too."""
    return Invitation.objects.within(workspace_id).filter(accepted_at=None)


def keys_list(workspace_id: uuid.UUID, kind: KeyKind) -> QuerySet[ApiKey]:
    """Return the live and expired keys of a kind; revoked ones are gone from sight."""
    return ApiKey.objects.within(workspace_id).filter(kind=kind, revoked_at=None)


def audit_list(
    workspace_id: uuid.UUID,
    *,
    actor: str = "",
    action: str = "",
    search: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[AuditEntry]:
    """Return the audit log: `actor` is a part of an e-mail, `action` a beginning, `search` words about what it was."""
    wanted = Q()
    if actor:
        wanted &= Q(actor__email__icontains=actor)
    if action:
        wanted &= Q(action__startswith=action)
    if since:
        wanted &= Q(created_at__gte=since)
    if until:
        wanted &= Q(created_at__lt=until)
    found = AuditEntry.objects.within(workspace_id).select_related("actor").filter(wanted)
    if search:
        told = found.annotate(detail_text=Cast("detail", TextField()))
        found = told.filter(Q(target__icontains=search) | Q(detail_text__icontains=search))
    return found
