"""Who is asking: one value for sessions and for every kind of key."""

import uuid
from dataclasses import dataclass

from rest_framework.request import Request

from backend.accounts.models import ROLE_RANK, ApiKey, KeyKind, Role, User


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller, bound to one workspace. `role` is set in the console, `app_id` with an app's key."""

    workspace_id: uuid.UUID
    user: User | None = None
    role: Role | None = None
    key: ApiKey | None = None

    @property
    def kind(self) -> KeyKind | None:
        """What the key opens; None for a browser's session."""
        return KeyKind(self.key.kind) if self.key else None

    @property
    def app_id(self) -> uuid.UUID | None:
        """The app that the key belongs to."""
        return self.key.app_id if self.key else None

    def has_role(self, role: Role) -> bool:
        """Is the caller's role at least this one?"""
        return self.role is not None and ROLE_RANK[Role(self.role)] >= ROLE_RANK[role]


def caller_of(request: Request) -> Caller:
    """Return the caller of a console request that passed authentication."""
    caller = request.auth
    assert isinstance(caller, Caller), "ConsoleAuthentication sets request.auth"
    return caller
