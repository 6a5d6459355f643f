"""Coming in: set-up, login, the user's own page, an accepted invitation."""

from django.conf import settings
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.http import HttpRequest
from django.middleware.csrf import get_token
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.api.serializers import (
    InvitationAcceptSerializer,
    LoginRequestSerializer,
    MePatchSerializer,
    MeSerializer,
    PasswordChangeSerializer,
    SessionStateSerializer,
    SetupRequestSerializer,
    SetupStateSerializer,
)
from backend.accounts.authentication import PublicAuthentication, UserAuthentication
from backend.accounts.callers import Caller
from backend.accounts.models import User
from backend.accounts.permissions import Public, SignedIn
from backend.accounts.selectors import memberships_of, setup_state
from backend.accounts.services.members import invitation_accept
from backend.accounts.services.users import password_change, setup_finish, user_rename
from backend.accounts.throttle import failures_limited
from backend.common.errors import Forbidden, Invalid
from backend.common.secrets import equals

BACKEND = "django.contrib.auth.backends.ModelBackend"


def me_body(user: User, caller: Caller | None = None) -> dict[str, object]:
    """Return the user's own page."""
    me = {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "is_machine_admin": user.is_machine_admin,
        "workspaces": memberships_of(user, caller),
        "version": settings.VERSION,
    }
    return MeSerializer(me).data


def address_of(request: HttpRequest) -> str:
    """Return the address that a request came from."""
    return str(request.META.get("REMOTE_ADDR", ""))


def session_start(request: HttpRequest, user: User) -> None:
    """Sign the browser in; the session's key is a new one."""
    if request.session.session_key:
        request.session.cycle_key()
    login(request, user, backend=BACKEND)


class SetupView(APIView):
    """The first user of an installation."""

    authentication_classes = [PublicAuthentication]
    permission_classes = [Public]

    @extend_schema(responses=SetupStateSerializer)
    def get(self, request: Request) -> Response:
        """Say whether set-up is open."""
        return Response(SetupStateSerializer(setup_state()).data)

    @extend_schema(request=SetupRequestSerializer, responses={201: MeSerializer})
    def post(self, request: Request) -> Response:
        """Create the first user and sign them in; closed for ever afterwards."""
        state = setup_state()
        if not state.required:
            raise Forbidden("set-up is done: sign in, or ask an owner for an invitation", code="setup_closed")
        body = SetupRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        code = values.pop("code")
        with failures_limited(address=address_of(request), purpose="setup"):
            expected = settings.SECRETS.setup_code
            if state.code_required and not (expected and equals(code, expected)):
                message = "the set-up code is wrong: `./atelier up` printed it, and it is in secrets.json of the home"
                raise Invalid(message, code="invalid_code", fields={"code": [message]})
        user = setup_finish(**values)
        session_start(request._request, user)
        return Response(me_body(user), status=201)


class SessionView(APIView):
    """A browser's session."""

    permission_classes = [Public]

    def get_authenticators(self) -> list[object]:
        """Ending a session takes the session; the rest is open."""
        method = self.request.method if self.request else None
        return [UserAuthentication()] if method == "DELETE" else [PublicAuthentication()]

    @extend_schema(responses=SessionStateSerializer)
    def get(self, request: Request) -> Response:
        """Say whether this browser is signed in, and give it a CSRF token."""
        get_token(request._request)
        return Response({"authenticated": request.user is not None})

    @extend_schema(request=LoginRequestSerializer, responses=MeSerializer)
    def post(self, request: Request) -> Response:
        """Sign in. An unknown e-mail and a wrong password look the same and take the same time."""
        body = LoginRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        email, password = body.validated_data["email"].lower(), body.validated_data["password"]
        with failures_limited(address=address_of(request), email=email):
            user = authenticate(request._request, username=email, password=password)
            if user is None:
                raise Invalid("the e-mail or the password is wrong: try again", code="invalid_credentials")
        session_start(request._request, user)
        return Response(me_body(user))

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Sign out; harmless when signed out already."""
        logout(request._request)
        return Response(status=204)


class MeView(APIView):
    """The user's own page."""

    authentication_classes = [UserAuthentication]
    permission_classes = [SignedIn]

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Return the user and their workspaces."""
        return Response(me_body(request.user, request.auth))

    @extend_schema(request=MePatchSerializer, responses=MeSerializer)
    def patch(self, request: Request) -> Response:
        """Change the name."""
        body = MePatchSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        user = user_rename(user=request.user, name=body.validated_data.get("name", request.user.name))
        return Response(me_body(user, request.auth))


class PasswordView(APIView):
    """The user's password."""

    authentication_classes = [UserAuthentication]
    permission_classes = [SignedIn]

    @extend_schema(request=PasswordChangeSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Change it; every other session of the user ends."""
        body = PasswordChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with failures_limited(address=address_of(request), email=request.user.email, purpose="password"):
            user = password_change(user=request.user, **body.validated_data)
        if request.auth is None:  # a browser, not a token
            update_session_auth_hash(request._request, user)
        return Response(status=204)


class InvitationAcceptView(APIView):
    """The page behind an invitation's link."""

    authentication_classes = [PublicAuthentication]
    permission_classes = [Public]

    @extend_schema(request=InvitationAcceptSerializer, responses=MeSerializer)
    def post(self, request: Request) -> Response:
        """Join the workspace, making the account where there is none, and sign in."""
        body = InvitationAcceptSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with failures_limited(address=address_of(request), purpose="invitation"):
            user = invitation_accept(signed_in=request.user, **body.validated_data)
        session_start(request._request, user)
        return Response(me_body(user))
