"""Who is in a workspace: roles, removal and invitations. The last owner stays, and admins do not touch owners."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from backend.accounts.models import ApiKey, Invitation, KeyKind, Membership, Role, User, Workspace
from backend.accounts.services.audit import audit_record
from backend.accounts.services.users import user_create
from backend.common.errors import Conflict, Forbidden, Invalid
from backend.common.secrets import key_digest

INVITATION_DAYS = 7
INVITATION_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """An invitation with the link that is shown once."""

    invitation: Invitation
    link: str


def _workspace_lock(workspace_id: uuid.UUID) -> None:
    """Two owners who demote each other at once must not leave a workspace without one."""
    Workspace.objects.select_for_update().get(id=workspace_id)


def _owner_guard(actor_role: Role, *roles: str) -> None:
    if Role.OWNER in roles and actor_role != Role.OWNER:
        raise Forbidden("only an owner may make, change or remove an owner")


def _last_owner_guard(membership: Membership) -> None:
    owners = Membership.objects.within(membership.workspace_id).filter(role=Role.OWNER)
    if membership.role == Role.OWNER and owners.count() == 1:
        raise Conflict("this is the last owner: make somebody else an owner first", code="last_owner")


@transaction.atomic
def membership_change_role(*, membership: Membership, role: Role, actor: User | None, actor_role: Role) -> Membership:
    """Give a member another role."""
    _workspace_lock(membership.workspace_id)
    membership.refresh_from_db()
    _owner_guard(actor_role, membership.role, role)
    if role != Role.OWNER:
        _last_owner_guard(membership)
    before, membership.role = membership.role, role
    membership.save(update_fields=["role", "updated_at"])
    audit_record(
        workspace_id=membership.workspace_id,
        actor=actor,
        action="member.role_changed",
        target=str(membership.user_id),
        detail={"from": str(before), "to": role.value},
    )
    return membership


@transaction.atomic
def membership_remove(*, membership: Membership, actor: User | None, actor_role: Role) -> None:
    """Take a member out; their tokens for this workspace end with it and do not come back with a new invitation."""
    _workspace_lock(membership.workspace_id)
    membership.refresh_from_db()
    _owner_guard(actor_role, membership.role)
    _last_owner_guard(membership)
    ApiKey.objects.within(membership.workspace_id).filter(
        kind=KeyKind.PERSONAL, user_id=membership.user_id, revoked_at=None
    ).update(revoked_at=timezone.now())
    audit_record(
        workspace_id=membership.workspace_id,
        actor=actor,
        action="member.removed",
        target=str(membership.user_id),
        detail={"email": membership.user.email},
    )
    membership.delete()


@transaction.atomic
def invitation_create(
    *, workspace_id: uuid.UUID, email: str, role: Role, actor: User | None, actor_role: Role
) -> NewInvitation:
    """Invite an e-mail; an open invitation of the same e-mail is replaced, so that one link works."""
    _owner_guard(actor_role, role)
    email = email.lower()
    if Membership.objects.within(workspace_id).filter(user__email=email).exists():
        raise Conflict(f"{email!r} is a member already: change the role in the list of members")
    Invitation.objects.within(workspace_id).filter(email=email, accepted_at=None).delete()
    token = secrets.token_urlsafe(INVITATION_BYTES)
    invitation = Invitation.objects.create(
        workspace_id=workspace_id,
        email=email,
        role=role,
        digest=key_digest(token),
        expires_at=timezone.now() + timedelta(days=INVITATION_DAYS),
        invited_by=actor,
    )
    audit_record(
        workspace_id=workspace_id,
        actor=actor,
        action="invitation.created",
        target=str(invitation.id),
        detail={"email": email, "role": role.value},
    )
    return NewInvitation(invitation, f"{settings.ENVIRONMENT.public_url}/invite/{token}")


@transaction.atomic
def invitation_withdraw(*, invitation: Invitation, actor: User | None) -> None:
    """Close an open invitation."""
    audit_record(
        workspace_id=invitation.workspace_id,
        actor=actor,
        action="invitation.withdrawn",
        target=str(invitation.id),
        detail={"email": invitation.email},
    )
    invitation.delete()


def invitation_open(token: str) -> Invitation:
    """Return the invitation of this token, locked; raises `Invalid` when it is unknown, used or expired."""
    invitation = Invitation.unscoped.select_for_update().filter(digest=key_digest(token)).first()
    if invitation is None or invitation.accepted_at is not None or invitation.expires_at <= timezone.now():
        raise Invalid(
            "this invitation is unknown, used or expired: ask whoever sent it for a new one", code="invalid_invitation"
        )
    return invitation


@transaction.atomic
def invitation_accept(*, token: str, signed_in: User | None, password: str = "", name: str = "") -> User:
    """Join the workspace and return the user: a new one, or the known one who proves it by session or password.

    The link alone opens no existing account, since whoever sent the invitation knows it too.
    """
    invitation = invitation_open(token)
    user = User.objects.filter(email=invitation.email).first()
    if user is None:
        user = user_create(email=invitation.email, password=password, name=name)
    elif user != signed_in and not (user.is_active and user.check_password(password)):
        message = f"there is already an account for {user.email!r}: send its password, or sign in first"
        raise Invalid(message, code="invalid_credentials", fields={"password": [message]})
    Membership.unscoped.get_or_create(
        workspace_id=invitation.workspace_id, user=user, defaults={"role": invitation.role}
    )
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at", "updated_at"])
    audit_record(
        workspace_id=invitation.workspace_id,
        actor=user,
        action="invitation.accepted",
        target=str(invitation.id),
        detail={"email": user.email, "role": str(invitation.role)},
    )
    return user
