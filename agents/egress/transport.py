"""The httpx transport behind which the network lies: it dials only addresses which it has checked itself.

A name is resolved once, every address it has is checked, and a checked address is dialled, so that a name which
changes its address between check and use (DNS rebinding) reaches nothing else. Redirects come through here again.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache

import httpx

from agents.egress.addresses import IPAddress, IPNetwork, plain
from agents.egress.rules import OPEN_RULES, EgressRules

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) → the addresses of the host, as texts; raises `OSError` for a name that has none."""
RulesSource = Callable[[], Awaitable[EgressRules]]

PORTS = {"http": 80, "https": 443}
MAX_DIALLED = 3


class EgressRefused(httpx.TransportError):
    """A request went to a place that may not be reached from here."""


async def resolve_host(host: str, port: int) -> list[str]:
    """Return what the system's resolver knows of a name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def addresses_of(host: str, port: int, resolve: Resolve = resolve_host) -> list[IPAddress]:
    """Return the addresses by which a host is judged; raises `OSError` or `ValueError` for one that has none."""
    found = [plain(ipaddress.ip_address(text.partition("%")[0])) for text in await resolve(host, port)]
    if not found:
        raise OSError(f"the name {host!r} has no address")
    return found


@lru_cache(maxsize=2)
def _tls(*, verify: bool) -> ssl.SSLContext:
    """Return the settings of every connection; to read the certificates anew for each client takes 20 ms."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class PublicTransport(httpx.AsyncBaseTransport):
    """Reaches what the rules let it reach: public addresses, and what an administrator listed.

    `rules` may be a function, which is asked before the first request. `allowed` are networks besides.
    """

    def __init__(
        self,
        *,
        allowed: Sequence[IPNetwork] = (),
        rules: EgressRules | RulesSource = OPEN_RULES,
        resolve: Resolve = resolve_host,
        inner: httpx.AsyncBaseTransport | None = None,
        verify: bool = True,
    ) -> None:
        self._allowed = tuple(allowed)
        self._source = rules
        self._rules: EgressRules | None = None
        self._resolve = resolve
        # No connection is used twice: another name at the same address must prove its own certificate.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._inner = inner or httpx.AsyncHTTPTransport(verify=_tls(verify=verify), limits=limits, retries=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request to a checked address of its host; raises `EgressRefused`."""
        url = request.url
        if url.scheme not in PORTS:
            raise EgressRefused(f"refused {url.scheme!r}: only http and https are fetched", request=request)
        if url.userinfo:
            raise EgressRefused("refused an address with a user name: send credentials in a header", request=request)
        host = url.raw_host.decode("ascii").strip("[]")
        addresses = await self._checked(host, url.port or PORTS[url.scheme], request)
        for address in addresses[:-1]:
            try:
                return await self._dial(request, host, address)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # nothing was sent: the next address was checked too
        return await self._dial(request, host, addresses[-1])

    async def _dial(self, request: httpx.Request, host: str, address: IPAddress) -> httpx.Response:
        headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"host"]
        dialled = httpx.Request(
            request.method,
            request.url.copy_with(host=str(address)),
            # The name in the header is the one that was checked, whatever the caller wrote there.
            headers=[(b"Host", request.url.netloc), *headers],
            stream=request.stream,
            # The certificate is checked for the name, not for the address.
            extensions={**request.extensions, "sni_hostname": host},
        )
        response = await self._inner.handle_async_request(dialled)
        response.request = request
        return response

    async def _checked(self, host: str, port: int, request: httpx.Request) -> list[IPAddress]:
        try:
            found = await addresses_of(host, port, self._resolve)
        except (OSError, ValueError) as error:
            raise httpx.ConnectError(f"the name {host!r} has no address", request=request) from error
        reason = (await self._workspace_rules()).refusal(host, port, found)
        if reason:
            raise EgressRefused(f"refused to reach {reason}", request=request)
        return found[:MAX_DIALLED]

    async def _workspace_rules(self) -> EgressRules:
        if self._rules is None:
            given = self._source if isinstance(self._source, EgressRules) else await self._source()
            self._rules = given.with_networks(self._allowed)
        return self._rules

    async def aclose(self) -> None:
        """Close the pool."""
        await self._inner.aclose()
