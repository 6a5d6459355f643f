"""The addresses of published pages, `/p/<code>` and `/embed/<code>`: the built page, with who may frame it."""

from django.http import HttpRequest, HttpResponseBase

from backend.common.errors import NotFound
from backend.common.middleware import CONTENT_SECURITY_POLICY
from backend.config.page import page
from backend.published.selectors import site_open, site_origins

NOBODY = "frame-ancestors 'none'"


def published(request: HttpRequest, code: str) -> HttpResponseBase:
    """Serve a page that no other page may frame; one that is not there says so in its own words, as a 404."""
    response = page(request, f"p/{code}")
    try:
        site_open(code)
    except NotFound:
        response.status_code = 404 if response.status_code == 200 else response.status_code
    return _unlisted(response)


def embedded(request: HttpRequest, code: str) -> HttpResponseBase:
    """Serve a page that the console, and the origins its author named, may frame."""
    response = page(request, f"embed/{code}")
    try:
        origins = site_origins(code)
    except NotFound:
        response.status_code = 404 if response.status_code == 200 else response.status_code
        origins = ()
    ancestors = " ".join(("frame-ancestors 'self'", *origins))
    response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.replace(NOBODY, ancestors)
    # Browsers that know frame-ancestors ignore the older header; one that does not would refuse the named origins too.
    response.may_be_framed = True  # type: ignore[attr-defined]  # read by the middleware that adds the headers
    return _unlisted(response)


def _unlisted(response: HttpResponseBase) -> HttpResponseBase:
    """Keep the page out of search engines: its address is what opens it."""
    response["X-Robots-Tag"] = "noindex"
    return response
