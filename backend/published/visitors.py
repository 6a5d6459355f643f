"""Who visits a page: people without an account, whom a signed token tells apart.

The page of its own address keeps the token in a cookie that no script reads and that goes to this page alone. In a
frame on a foreign page, where such cookies do not travel, the page keeps the token itself and sends it in a header. A
token opens one site and no other; a cookie writes only for pages of our own origin.
"""

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from backend.accounts.authentication import origin_enforce
from backend.common.errors import Unauthenticated
from backend.common.rates import rate_check
from backend.published.models import Site
from backend.published.selectors import OpenSite, end_user_of, site_open

COOKIE = "atelier_visitor"
HEADER = "X-Visitor"
SALT = "atelier.published.visitor"
MAX_AGE_S = 365 * 24 * 3600
REQUESTS_PER_MINUTE = 600
UPLOADS_PER_MINUTE = 30
PAGES_PER_MINUTE = 60
NEW_VISITORS_PER_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody on an open page."""

    page: OpenSite
    id: uuid.UUID

    @property
    def end_user(self) -> str:
        """The name under which all that is theirs is kept."""
        return end_user_of(self.id)


def visitor_token(site: Site, visitor: uuid.UUID) -> str:
    """Return the text that proves who this is, to this site."""
    return signing.dumps([site.id.hex, visitor.hex], salt=SALT)


def visitor_read(site: Site, token: str) -> uuid.UUID | None:
    """Return the visitor of a token of this site; None for any other text."""
    try:
        owner, visitor = signing.loads(token, salt=SALT, max_age=MAX_AGE_S)
        return uuid.UUID(visitor) if owner == site.id.hex else None
    except (signing.BadSignature, ValueError, TypeError):
        return None


def token_sent(request: HttpRequest) -> str:
    """Return the token of a request: the header's, or the cookie's where no header says who asks."""
    sent: str = request.headers.get(HEADER) or request.COOKIES.get(COOKIE, "")
    return sent


def visitor_of(request: HttpRequest, code: str) -> Visitor:
    """Return who asks; raises `Forbidden` for writes of foreign pages, `not_published` and `Unauthenticated`."""
    origin_enforce(request)
    page = site_open(code)
    found = visitor_read(page.site, token_sent(request))
    if found is None:
        raise Unauthenticated("nobody knows you on this page yet: reload it")
    visitor = Visitor(page, found)
    _limit(f"visitor:{visitor.end_user}", REQUESTS_PER_MINUTE)
    return visitor


def cookie_set(response: HttpResponseBase, request: HttpRequest, code: str, token: str) -> None:
    """Keep the token in the browser: for this site's addresses alone, out of the reach of scripts and other pages."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=MAX_AGE_S,
        path=f"/api/v1/published/{code}",
        httponly=True,
        samesite="Lax",
        secure=settings.HTTPS or request.is_secure(),
    )


def run_admit(visitor: Visitor) -> None:
    """Count a run; raises `TooManyRequests` when the visitor, or all of them together, ask too much."""
    site = visitor.page.site
    _limit(f"visitor-runs:{visitor.end_user}", site.visitor_runs_per_minute)
    _limit(f"site-runs:{site.id}", site.site_runs_per_minute)


def upload_admit(visitor: Visitor) -> None:
    """Count an upload; raises `TooManyRequests`."""
    _limit(f"visitor-uploads:{visitor.end_user}", UPLOADS_PER_MINUTE)


def page_admit(visitor: Visitor) -> None:
    """Count a page that is drawn; raises `TooManyRequests`."""
    _limit(f"visitor-pages:{visitor.end_user}", PAGES_PER_MINUTE)


def newcomer_admit(site: Site, address: str) -> None:
    """Count a new visitor: whoever forgets their cookie at every request is still one address."""
    _limit(f"site-visitors:{site.id}:{address}", NEW_VISITORS_PER_MINUTE)


def _limit(name: str, limit: int) -> None:
    rate_check(name, limit=limit, window_s=60, message="that was a lot at once: wait a moment, then try again")


class VisitorAuthentication(BaseAuthentication):
    """DRF's way in: `request.auth` is the `Visitor`."""

    def authenticate(self, request: Request) -> tuple[None, Visitor]:
        """Return the visitor, or raise."""
        return None, visitor_of(request._request, request.parser_context["kwargs"]["code"])

    def authenticate_header(self, request: Request) -> str:
        """Keep an unknown visitor 401."""
        return 'Bearer realm="api"'


class Visiting(BasePermission):
    """Open to every visitor of the page, for what is their own."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Allow whoever authentication let in."""
        return isinstance(request.auth, Visitor)


def visitor_here(request: Request) -> Visitor:
    """Return the visitor of a request that passed authentication."""
    visitor = request.auth
    assert isinstance(visitor, Visitor), "VisitorAuthentication sets request.auth"
    return visitor
