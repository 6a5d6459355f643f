"""What a role may do, checked in one place for every console view."""

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from backend.accounts.callers import Caller
from backend.accounts.models import Role
from backend.accounts.selectors import machine_admins, role_holders
from backend.common.errors import Forbidden, Unauthenticated

if TYPE_CHECKING:
    # rest_framework.views imports this module by its setting: importing it back would be a cycle.
    from rest_framework.views import APIView


def role_require(caller: Caller | None, role: Role) -> Caller:
    """Return the caller, or raise: nobody is 401, a lesser role is 403 and hears whom to ask."""
    if caller is None:
        raise Unauthenticated("sign in, or send a personal token as `Authorization: Bearer pat-…`")
    if not caller.has_role(role):
        who = " or ".join(role_holders(caller.workspace_id, role))
        raise Forbidden(
            f"this needs the role {role.value!r} in the workspace, yours is {str(caller.role)!r}: ask {who}"
        )
    return caller


def machine_require(caller: Caller | None) -> Caller:
    """Return the caller, or raise: nobody is 401, 403 is whoever does not care for the machine, whatever their role."""
    caller = role_require(caller, Role.VIEWER)
    if caller.user is None or not caller.user.is_machine_admin:
        who = " or ".join(machine_admins(caller.workspace_id)) or "whoever runs Atelier on it"
        raise Forbidden(
            f"this needs an administrator of the machine, whose models all workspaces share: ask {who}; "
            "`./atelier admin machine EMAIL` makes one",
            code="machine_admin_needed",
        )
    return caller


class RoleAllows(BasePermission):
    """Reading takes the view's `read_role` (viewer), writing its `write_role` (editor).

    Writing to a view that `is_of_machine` takes an administrator of the machine instead, in whatever workspace.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Raise unless the caller's role suffices."""
        caller = request.auth if isinstance(request.auth, Caller) else None
        if request.method in SAFE_METHODS:
            role_require(caller, getattr(view, "read_role", Role.VIEWER))
        elif getattr(view, "is_of_machine", False):
            machine_require(caller)
        else:
            role_require(caller, getattr(view, "write_role", Role.EDITOR))
        return True


class Public(BasePermission):
    """Open to anybody: only views on the list of public endpoints may say so."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Allow."""
        return True


class SignedIn(BasePermission):
    """Open to every user for what is their own, whatever their role, and in no workspace too."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Raise unless somebody is signed in."""
        if request.user is None:
            raise Unauthenticated("sign in, or send a personal token as `Authorization: Bearer pat-…`")
        return True
