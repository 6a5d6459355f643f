"""Who may do what where: users, workspaces, memberships, invitations, API keys and the audit log."""

import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

from backend.common.models import WorkspaceModel


class Role(models.TextChoices):
    """What a member may do; each role may do all that the next one may."""

    OWNER = "owner"
    ADMIN = "admin"
    EDITOR = "editor"
    VIEWER = "viewer"


ROLE_RANK = {Role.VIEWER: 0, Role.EDITOR: 1, Role.ADMIN: 2, Role.OWNER: 3}


class UserManager(BaseUserManager):
    """Finds users by e-mail, without regard to case."""

    def get_by_natural_key(self, username: str) -> "User":
        """Return the user with this e-mail."""
        return self.get(email=username.lower())


class User(AbstractBaseUser):
    """A person; known across workspaces by e-mail (stored in lower case)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True, default="")
    is_active = models.BooleanField(default=True)
    is_machine_admin = models.BooleanField(default=False)  # cares for what all workspaces share: the local models
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "email"

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.email


class Workspace(models.Model):
    """A tenant: everything else belongs to exactly one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.name


class Membership(WorkspaceModel):
    """A user's role in a workspace."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)

    class Meta(WorkspaceModel.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "user"], name="membership_once")]


class Invitation(WorkspaceModel):
    """An open invitation; its token is stored as a digest and used once."""

    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role.choices)
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")


class KeyKind(models.TextChoices):
    """What a key opens; also its prefix."""

    PERSONAL = "pat"
    APP = "app"
    DATASET = "dataset"


class ApiKey(WorkspaceModel):
    """A key of any kind, stored as a SHA-256 digest and shown once. `user` is whose it is or who made it."""

    kind = models.CharField(max_length=10, choices=KeyKind.choices)
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    app = models.ForeignKey("apps.App", on_delete=models.CASCADE, null=True, related_name="+")
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    rate_limit_per_minute = models.PositiveIntegerField(null=True)


class AuditEntry(WorkspaceModel):
    """Who did what, and from where: written by services, never changed. PostgreSQL refuses it too (migration 0004).

    Of an entry nothing but its actor can go, with their account; entries go with their workspace.
    """

    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=200, blank=True, default="")
    detail = models.JSONField(default=dict)
    address = models.CharField(max_length=45, blank=True, default="", db_default="")
    user_agent = models.CharField(max_length=200, blank=True, default="", db_default="")
