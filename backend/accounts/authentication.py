"""From a request's credentials to a `Caller`: sessions with CSRF, personal tokens, app and dataset keys."""

import copy
import uuid
from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.request import Request

from backend.accounts.callers import Caller
from backend.accounts.models import ApiKey, KeyKind, Membership, Role, User
from backend.common.errors import Forbidden, NotFound, Unauthenticated
from backend.common.rates import rate_check
from backend.common.secrets import key_digest

LAST_USED_PRECISION = timedelta(minutes=1)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def bearer_token(request: HttpRequest) -> str | None:
    """Return the bearer token of a request; the scheme's case does not matter."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def key_authenticate(token: str, *, kinds: frozenset[KeyKind]) -> ApiKey:
    """Return the live key with this text; raises `Unauthenticated` for one that is unknown or opens nothing here."""
    key = ApiKey.unscoped.select_related("user").filter(digest=key_digest(token)).order_by().first()
    return key_admit(key, kinds=kinds)


def key_admit(key: ApiKey | None, *, kinds: frozenset[KeyKind]) -> ApiKey:
    """Return the key if it is live and of one of these kinds, and count its use; raises `Unauthenticated`."""
    now = timezone.now()
    if key is None or key.revoked_at is not None:
        raise Unauthenticated("the key is unknown or was revoked: make a new one in the console")
    if key.expires_at is not None and key.expires_at <= now:
        raise Unauthenticated(f"the key expired at {key.expires_at:%Y-%m-%d %H:%M} UTC: make a new one in the console")
    if key.kind not in kinds:
        wanted = " or ".join(f"{kind.value}-…" for kind in sorted(kinds))
        raise Unauthenticated(f"this address is opened by a {wanted} key, not by a {key.kind}-… key")
    if key.user is not None and not key.user.is_active:
        raise Unauthenticated("the owner of this key is no longer active")
    if key.rate_limit_per_minute:
        rate_check(
            f"key:{key.id}",
            limit=key.rate_limit_per_minute,
            window_s=60,
            message=f"this key allows {key.rate_limit_per_minute} requests a minute",
        )
    if key.last_used_at is None or now - key.last_used_at > LAST_USED_PRECISION:
        key.last_used_at = now
        ApiKey.unscoped.filter(id=key.id).update(last_used_at=now)
    return key


def personal_caller(token: str) -> Caller:
    """Return the caller of a personal token: its workspace is fixed, its role is its user's role there now."""
    key = key_authenticate(token, kinds=frozenset({KeyKind.PERSONAL}))
    membership = Membership.objects.within(key.workspace_id).filter(user_id=key.user_id).first()
    if membership is None:
        raise Unauthenticated("the owner of this token is no longer a member of its workspace")
    return Caller(workspace_id=key.workspace_id, user=key.user, role=Role(membership.role), key=key)


def session_caller(request: HttpRequest, user: User) -> Caller:
    """Return the caller of a browser session, in the workspace that `X-Workspace` names (or the only one)."""
    wanted = request.headers.get("X-Workspace") or request.GET.get("workspace")
    memberships = Membership.unscoped.filter(user=user).order_by("created_at")
    if wanted:
        try:
            membership = memberships.filter(workspace_id=uuid.UUID(wanted)).first()
        except ValueError:
            membership = None
        if membership is None:
            raise NotFound(f"you are in no workspace with the id {wanted!r}")
    else:
        membership = memberships.first()
        if membership is None:
            raise Forbidden("you are in no workspace: ask for an invitation")
    return Caller(workspace_id=membership.workspace_id, user=user, role=Role(membership.role))


class _CsrfRules(CSRFCheck):
    """Django's own rules; the origin's alone are enough where no cookie says who is asking."""

    def __init__(self) -> None:
        super().__init__(lambda _request: None)

    def refuses_origin(self, request: HttpRequest) -> bool:
        """Did a page of another origin send this? Browsers say so on every request that writes."""
        return "HTTP_ORIGIN" in request.META and not self._origin_verified(request)


def csrf_enforce(request: HttpRequest) -> None:
    """Raise `Forbidden` unless a cookie request that writes carries its CSRF token in the header."""
    if request.method in SAFE_METHODS:
        return
    shadow = copy.copy(request)
    # For POST Django would look for the token in the form first, and so read a whole upload before it is allowed.
    shadow.method = "PUT"
    rules = _CsrfRules()
    rules.process_request(shadow)
    reason = rules.process_view(shadow, None, (), {})
    if reason:
        raise Forbidden(f"{reason}; reload the page and try again", code="csrf_failed")


def origin_enforce(request: HttpRequest) -> None:
    """Raise `Forbidden` when a foreign page writes to a public address (signing people in as somebody else, say)."""
    if request.method not in SAFE_METHODS and _CsrfRules().refuses_origin(request):
        origin = request.headers["Origin"]
        raise Forbidden(f"pages of {origin!r} may not write here: open the console itself", code="csrf_failed")


def console_caller(request: HttpRequest) -> Caller | None:
    """Return the console's caller by token or session, or None without credentials. For DRF and plain views alike."""
    token = bearer_token(request)
    if token is not None:
        return personal_caller(token)
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not user.is_active:
        return None
    csrf_enforce(request)
    return session_caller(request, user)


class ConsoleAuthentication(BaseAuthentication):
    """DRF's way in: `request.user` is the user, `request.auth` the `Caller`."""

    def authenticate(self, request: Request) -> tuple[User | None, Caller] | None:
        """Return the user and the caller, or None without credentials."""
        caller = console_caller(request._request)
        return (caller.user, caller) if caller else None

    def authenticate_header(self, request: Request) -> str:
        """Say how to authenticate, so that a missing credential is 401 and not 403."""
        return 'Bearer realm="api"'


class PublicAuthentication(BaseAuthentication):
    """For addresses that are open to anybody: no writes from foreign pages; `request.user` may be None."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """Refuse foreign pages; return the browser's user, if there is one."""
        http_request = request._request
        origin_enforce(http_request)
        user = getattr(http_request, "user", None)
        return (user, None) if user is not None and user.is_authenticated else None

    def authenticate_header(self, request: Request) -> str:
        """Keep a wrong password 400 or 401 by its own rule."""
        return 'Bearer realm="api"'


class UserAuthentication(ConsoleAuthentication):
    """For what belongs to a user and to no workspace: works while they are in none. `request.auth` may be None."""

    def authenticate(self, request: Request) -> tuple[User, Caller | None] | None:
        """Return the user by token or session."""
        http_request = request._request
        token = bearer_token(http_request)
        if token is not None:
            caller = personal_caller(token)
            assert caller.user is not None, "a personal token has a user"
            return caller.user, caller
        user = getattr(http_request, "user", None)
        if user is None or not user.is_authenticated or not user.is_active:
            return None
        csrf_enforce(http_request)
        return user, None
