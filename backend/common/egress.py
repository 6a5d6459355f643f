"""The one door for outbound HTTP: a client that can reach the hosts it was made for, or public ones, and no other."""

import ipaddress
import ssl
import uuid
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from agents.egress import OPEN_RULES, EgressRefused, EgressRules, PublicTransport
from backend.common.database import in_database
from backend.common.slots import Slot

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 300.0
HUB_READ_TIMEOUT_S = 60.0
DEFAULT_PORTS = {"http": 80, "https": 443}

USER_AGENT = "Mozilla/5.0 (compatible; Atelier)"
EGRESS_RULES: Slot[Callable[[str], EgressRules]] = Slot("common.EGRESS_RULES")
"""workspace id → what it may reach. Reads the database."""


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


class HubTransport(httpx.AsyncBaseTransport):
    """Passes on requests to the hub that the installation names, and to the public hosts that it sends downloads to."""

    def __init__(self, endpoint: str) -> None:
        self._origin = origin_of(endpoint)
        self._hub = OriginTransport(endpoint)
        allowed = [ipaddress.ip_network(text) for text in settings.ENVIRONMENT.egress_networks]
        self._elsewhere = PublicTransport(allowed=allowed, rules=OPEN_RULES)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request by the way that its host may be reached."""
        url = request.url
        asked = (url.scheme, url.host.lower(), url.port or DEFAULT_PORTS.get(url.scheme, 0))
        way = self._hub if asked == self._origin else self._elsewhere
        return await way.handle_async_request(request)

    async def aclose(self) -> None:
        """Close both pools."""
        await self._hub.aclose()
        await self._elsewhere.aclose()


def hub_client(endpoint: str) -> httpx.AsyncClient:
    """Return a client for a hub of models; it follows redirects, each through the door, without the hub's token."""
    timeout = httpx.Timeout(HUB_READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    return httpx.AsyncClient(
        transport=HubTransport(endpoint), timeout=timeout, follow_redirects=True, trust_env=False, max_redirects=5
    )


def client_for(base_url: str) -> httpx.AsyncClient:
    """Return a client that reaches only the origin of `base_url`."""
    timeout = httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    return httpx.AsyncClient(transport=OriginTransport(base_url), timeout=timeout, follow_redirects=False)


def public_client(workspace_id: uuid.UUID | str = "", *, verify: bool = True) -> httpx.AsyncClient:
    """Return a client for addresses that people enter, with the rules of their workspace.

    It reaches the internet, and what the installation or an administrator of the workspace lists. Without `verify` any
    certificate will do.
    """

    async def rules() -> EgressRules:
        return await in_database(EGRESS_RULES.get(), str(workspace_id))

    allowed = [ipaddress.ip_network(text) for text in settings.ENVIRONMENT.egress_networks]
    transport = PublicTransport(allowed=allowed, rules=rules if workspace_id else OPEN_RULES, verify=verify)
    return httpx.AsyncClient(
        transport=transport, headers={"User-Agent": USER_AGENT}, follow_redirects=False, trust_env=False
    )
