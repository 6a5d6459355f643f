"""What every request passes and every answer carries: the name it was sent to, and the protective headers."""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from backend.common.origin import origin_remember

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def _protect(response: HttpResponseBase) -> HttpResponseBase:
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    if not getattr(response, "may_be_framed", False):
        response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    return response


@sync_and_async_middleware
def security_headers(
    get_response: Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], object]:
    """Refuse a name that is not ours (reading too: a page must not reach loopback by rebinding its own name), and add
    the content security policy and its companions to every answer that has none of its own.
    """
    if iscoroutinefunction(get_response):

        async def protect_async(request: HttpRequest) -> HttpResponseBase:
            request.get_host()
            origin_remember(request.META)
            return _protect(await get_response(request))

        return protect_async

    def protect_sync(request: HttpRequest) -> HttpResponseBase:
        request.get_host()
        origin_remember(request.META)
        return _protect(get_response(request))  # type: ignore[arg-type]  # the sync branch

    return protect_sync
