"""What the command line does to accounts: an administrator and a token without a browser."""

from django.db import transaction

from backend.accounts.models import KeyKind, Membership, Role, User, Workspace
from backend.accounts.services.audit import audit_record
from backend.accounts.services.keys import key_create_for
from backend.accounts.services.users import machine_admin_first, password_check, setup_lock, user_create
from backend.common.errors import Conflict, Invalid


def _named_workspace(name: str) -> Workspace | None:
    found = list(Workspace.objects.filter(name=name).order_by("created_at")[:2])
    if len(found) > 1:
        raise Conflict(f"there are several workspaces named {name!r}: rename one in the console")
    return found[0] if found else None


@transaction.atomic
def account_create_admin(*, email: str, password: str, workspace_name: str = "default", reset_password: bool) -> User:
    """Make a user owner of the workspace, which is created when absent. Closes `/setup`.

    The first one also cares for the machine.
    A known e-mail raises `Conflict` unless `reset_password`, which sets its password and ends its sessions.
    """
    setup_lock()
    user = User.objects.filter(email=email.lower()).first()
    if user is None:
        user = user_create(email=email, password=password)
    elif not reset_password:
        raise Conflict(f"there is already an account for {user.email!r}: add --reset-password to set its password")
    else:
        password_check(password, user)
        user.set_password(password)
        user.is_active = True
        user.save(update_fields=["password", "is_active"])
    machine_admin_first(user)
    workspace = _named_workspace(workspace_name) or Workspace.objects.create(name=workspace_name)
    Membership.unscoped.update_or_create(workspace=workspace, user=user, defaults={"role": Role.OWNER})
    audit_record(
        workspace_id=workspace.id,
        actor=user,
        action="user.made_owner",
        target=str(user.id),
        detail={"by": "command line", "email": user.email},
    )
    return user


@transaction.atomic
def machine_admin_set(*, email: str, is_machine_admin: bool) -> User:
    """Let a user care for what all workspaces share, or no more. Raises `Invalid` for an unknown e-mail."""
    user = User.objects.select_for_update().filter(email=email.lower()).first()
    if user is None:
        raise Invalid(f"there is no account for {email!r}: make one with `./atelier admin create`", code="unknown_user")
    user.is_machine_admin = is_machine_admin
    user.save(update_fields=["is_machine_admin"])
    for membership in Membership.unscoped.filter(user=user):
        audit_record(
            workspace_id=membership.workspace_id,
            actor=None,
            action="user.machine_admin_given" if is_machine_admin else "user.machine_admin_taken",
            target=str(user.id),
            detail={"by": "command line", "email": user.email},
        )
    return user


def token_create(*, email: str, workspace_name: str | None = None, name: str = "cli") -> str:
    """Return a new personal token of this user, for the workspace named or the one they joined first."""
    user = User.objects.filter(email=email.lower()).first()
    if user is None:
        raise Invalid(f"there is no account for {email!r}: make one with `./atelier admin create`", code="unknown_user")
    memberships = Membership.unscoped.filter(user=user).order_by("created_at")
    if workspace_name is not None:
        memberships = memberships.filter(workspace__name=workspace_name)
    membership = memberships.first()
    if membership is None:
        where = f"no workspace named {workspace_name!r}" if workspace_name is not None else "no workspace"
        raise Invalid(f"{email!r} is in {where}: add them with `./atelier admin create --workspace`")
    _, plaintext = key_create_for(workspace_id=membership.workspace_id, kind=KeyKind.PERSONAL, name=name, user=user)
    return plaintext
