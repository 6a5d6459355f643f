"""Counts every request that Django answers, by its route's pattern. Streams count when they begin."""

import time
from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from backend.common.metrics import REQUEST_SECONDS, REQUESTS

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _count(request: HttpRequest, response: HttpResponseBase, started: float) -> None:
    match = request.resolver_match
    route = f"/{match.route}" if match else "unknown"
    # What a client may invent would make a series each.
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(method, route, str(response.status_code)).inc()
    REQUEST_SECONDS.labels(method, route).observe(time.perf_counter() - started)


@sync_and_async_middleware
def request_metrics(
    get_response: Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], object]:
    """Count the answer and the time to its head."""
    if iscoroutinefunction(get_response):

        async def count_async(request: HttpRequest) -> HttpResponseBase:
            started = time.perf_counter()
            response = await get_response(request)
            _count(request, response, started)
            return response

        return count_async

    def count_sync(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = get_response(request)
        _count(request, response, started)  # type: ignore[arg-type]  # the sync branch
        return response  # type: ignore[return-value]  # as above

    return count_sync
