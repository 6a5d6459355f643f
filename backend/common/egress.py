"""The one door for outbound HTTP: a client that can reach the hosts it was made for, and no other."""

import ssl
from functools import lru_cache
from urllib.parse import urlsplit

import httpx

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 300.0
DEFAULT_PORTS = {"http": 80, "https": 443}


class EgressRefused(httpx.TransportError):
    """A request went to a place that its client was not made for."""


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def origin_of(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of an http(s) URL; raises `ValueError` for any other."""
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"{url!r} is not an http or https address")
    if parts.username or parts.password:
        raise ValueError("an address must not contain a user name or password: enter the key in its own field")
    return parts.scheme, parts.hostname.lower(), parts.port or DEFAULT_PORTS[parts.scheme]


class OriginTransport(httpx.AsyncBaseTransport):
    """Passes on requests to one origin that an administrator entered; follows no redirect elsewhere."""

    def __init__(self, base_url: str, *, limits: httpx.Limits | None = None) -> None:
        self._origin = origin_of(base_url)
        self._inner = httpx.AsyncHTTPTransport(verify=_tls(), limits=limits or httpx.Limits(max_connections=64))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request, unless it goes anywhere but to this client's origin."""
        url = request.url
        asked = (url.scheme, url.host.lower(), url.port or DEFAULT_PORTS.get(url.scheme, 0))
        if asked != self._origin:
            raise EgressRefused(f"refused to reach {asked[1]}:{asked[2]}: this client may only reach {self._origin[1]}")
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the pool."""
        await self._inner.aclose()


def client_for(base_url: str) -> httpx.AsyncClient:
    """Return a client that reaches only the origin of `base_url`."""
    timeout = httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    return httpx.AsyncClient(transport=OriginTransport(base_url), timeout=timeout, follow_redirects=False)
