"""Users and their passwords: the first one by set-up, later ones by invitation."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from backend.accounts.models import Membership, Role, User, Workspace
from backend.accounts.services.audit import audit_record
from backend.common.errors import Conflict, Forbidden, Invalid

# Any number of ours: who holds this advisory lock is the only one that may create the first user.
SETUP_LOCK = 7_301_001
DEFAULT_WORKSPACE = "default"


def setup_lock() -> None:
    """Wait until no other transaction may create the first user; released with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SETUP_LOCK])


def password_check(password: str, user: User, *, field: str = "password") -> None:
    """Raise `Invalid` with what is wrong with a new password."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), code="weak_password", fields={field: list(error.messages)}) from error


def user_create(*, email: str, password: str, name: str = "") -> User:
    """Create a user with a checked password; raises `Conflict` for a known e-mail."""
    user = User(email=email.lower(), name=name)
    if User.objects.filter(email=user.email).exists():
        raise Conflict(f"there is already an account for {user.email!r}: sign in with its password")
    password_check(password, user)
    user.set_password(password)
    user.save()
    return user


def machine_admin_first(user: User) -> None:
    """Let the user care for the machine if nobody does yet. Call it under `setup_lock`."""
    if not User.objects.filter(is_machine_admin=True, is_active=True).exists():
        user.is_machine_admin = True
        user.save(update_fields=["is_machine_admin"])


@transaction.atomic
def setup_finish(*, email: str, password: str, workspace_name: str = "") -> User:
    """Create the first user, owner of the first workspace; raises `Forbidden` when there is a user already."""
    setup_lock()
    if User.objects.exists():
        raise Forbidden("set-up is done: sign in, or ask an owner for an invitation", code="setup_closed")
    user = user_create(email=email, password=password)
    machine_admin_first(user)
    workspace_create(name=workspace_name or DEFAULT_WORKSPACE, user=user)
    return user


@transaction.atomic
def workspace_create(*, name: str, user: User) -> Workspace:
    """Create a workspace; whoever creates it owns it."""
    workspace = Workspace.objects.create(name=name)
    Membership.objects.create(workspace=workspace, user=user, role=Role.OWNER)
    audit_record(
        workspace_id=workspace.id,
        actor=user,
        action="workspace.created",
        target=str(workspace.id),
        detail={"name": name},
    )
    return workspace


@transaction.atomic
def workspace_rename(*, workspace: Workspace, name: str, actor: User | None) -> Workspace:
    """Give the workspace another name."""
    before, workspace.name = workspace.name, name
    workspace.save(update_fields=["name"])
    audit_record(
        workspace_id=workspace.id,
        actor=actor,
        action="workspace.renamed",
        target=str(workspace.id),
        detail={"from": before, "to": name},
    )
    return workspace


def user_rename(*, user: User, name: str) -> User:
    """Set the name that others see."""
    user.name = name
    user.save(update_fields=["name"])
    return user


def password_change(*, user: User, current_password: str, new_password: str) -> User:
    """Set a new password. Sessions are bound to the password, so all end but the one that is renewed after this."""
    if not user.check_password(current_password):
        message = "this is not your current password"
        raise Invalid(message, code="invalid_credentials", fields={"current_password": [message]})
    password_check(new_password, user, field="new_password")
    user.set_password(new_password)
    with transaction.atomic():
        user.save(update_fields=["password"])
        for membership in Membership.unscoped.filter(user=user):
            audit_record(
                workspace_id=membership.workspace_id, actor=user, action="user.password_changed", target=str(user.id)
            )
    return user
