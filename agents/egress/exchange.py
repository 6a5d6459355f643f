"""One request and its answer, redirects included: each hop goes through the door again, and takes no secrets along."""

import asyncio
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit, urlunsplit

import httpx

from agents.egress.body import TooLarge, body_of, content_type_of
from agents.egress.transport import PORTS, EgressRefused

__all__ = [
    "MAX_BYTES",
    "MAX_REDIRECTS",
    "TIMEOUT_S",
    "ExchangeLimits",
    "Fetched",
    "Outgoing",
    "TooLarge",
    "fetch",
    "send",
]

MAX_BYTES = 10 * 1024 * 1024
MAX_REDIRECTS = 3
TIMEOUT_S = 10.0
REDIRECTS = frozenset({301, 302, 303, 307, 308})
KEEP_METHOD = frozenset({307, 308})
# What belongs to one connection, or would let a caller speak over our head.
OURS = frozenset(
    {
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer",
        "expect", "accept-encoding", "proxy-authorization", "proxy-connection",
    }
)  # fmt: skip
# All that another host gets to see of a request's headers: any other may be a key under a name that nobody knows.
HARMLESS = frozenset({"accept", "accept-language", "user-agent"})
OF_BODY = frozenset({"content-type", "content-encoding", "content-language"})


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request. `params` follow what the address has of its own; `body` None is no body at all."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    params: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class ExchangeLimits:
    """How long and how much: `total_s` for everything, the others for one step; `max_bytes` when unpacked."""

    max_bytes: int = MAX_BYTES
    max_redirects: int = MAX_REDIRECTS
    total_s: float = TIMEOUT_S
    connect_s: float = TIMEOUT_S
    read_s: float = TIMEOUT_S
    write_s: float = TIMEOUT_S


USUAL_LIMITS = ExchangeLimits()


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was found at an address; `url` is where the last redirect led, `content_type` has no parameters."""

    url: str
    status: int
    content_type: str
    charset: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def header(self, name: str) -> str:
        """Return the first header of this name, or empty."""
        return next((value for key, value in self.headers if key == name.lower()), "")


async def fetch(
    client: httpx.AsyncClient,
    url: str,
    *,
    max_bytes: int = MAX_BYTES,
    max_redirects: int = MAX_REDIRECTS,
    timeout_s: float = TIMEOUT_S,
) -> Fetched:
    """Get `url` with a client of `PublicTransport`, following redirects, in `timeout_s` altogether.

    Raises as `send` does.
    """
    return await send(client, Outgoing("GET", url), ExchangeLimits(max_bytes, max_redirects, timeout_s))


async def send(client: httpx.AsyncClient, outgoing: Outgoing, limits: ExchangeLimits = USUAL_LIMITS) -> Fetched:
    """Send a request with a client of `PublicTransport` and return the answer to the last redirect.

    Raises `httpx.TransportError` (with `EgressRefused` and `TooLarge`), `httpx.TooManyRedirects`, `httpx.InvalidURL`,
    `TimeoutError`, and `ValueError` for a header or address that cannot be written.
    """
    outgoing = replace(outgoing, url=_with_params(outgoing.url, outgoing.params), params=())
    async with asyncio.timeout(limits.total_s):
        for _ in range(limits.max_redirects + 1):
            request = _request(client, outgoing, limits)
            response = await client.send(request, stream=True, follow_redirects=False)
            try:
                location = response.headers.get("location")
                if response.status_code not in REDIRECTS or not location:
                    return await _read(request, response, limits)
                outgoing = _redirected(outgoing, request, response.status_code, location)
            finally:
                await response.aclose()
    raise httpx.TooManyRedirects(f"there were more than {limits.max_redirects} redirects", request=request)


def _with_params(url: str, params: tuple[tuple[str, str], ...]) -> str:
    if not params:
        return url
    added = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in params)
    scheme, netloc, path, query, _ = urlsplit(url)
    return urlunsplit((scheme, netloc, path, f"{query}&{added}" if query else added, ""))


def _request(client: httpx.AsyncClient, outgoing: Outgoing, limits: ExchangeLimits) -> httpx.Request:
    given = [(name, value) for name, value in outgoing.headers if name.lower() not in OURS]
    headers = [(name.encode("ascii"), value.encode()) for name, value in given]
    timeout = httpx.Timeout(limits.total_s, connect=limits.connect_s, read=limits.read_s, write=limits.write_s)
    return client.build_request(
        outgoing.method,
        outgoing.url,
        headers=[*headers, (b"Accept-Encoding", b"gzip, deflate")],
        content=outgoing.body,
        timeout=timeout,
    )


async def _read(request: httpx.Request, response: httpx.Response, limits: ExchangeLimits) -> Fetched:
    body = await body_of(response, limits.max_bytes)
    kind, charset = content_type_of(response)
    headers = tuple((name.lower(), value) for name, value in response.headers.multi_items())
    return Fetched(str(request.url), response.status_code, kind, charset, body, headers)


def _redirected(outgoing: Outgoing, request: httpx.Request, status: int, location: str) -> Outgoing:
    """Return the request that follows a redirect, as RFC 9110 (15.4) and browsers have it."""
    target = request.url.join(location)
    method, body, headers = outgoing.method, outgoing.body, outgoing.headers
    if status not in KEEP_METHOD and method not in ("GET", "HEAD"):
        method, body = "GET", None
        headers = tuple(item for item in headers if item[0].lower() not in OF_BODY)
    if not _is_same_place(request.url, target):
        if body:
            raise EgressRefused(
                f"refused to send the body on to {target.host!r}, where a redirect led: use that address itself",
                request=request,
            )
        headers = tuple(item for item in headers if item[0].lower() in HARMLESS)
    return Outgoing(method, str(target), headers, (), body)


def _is_same_place(left: httpx.URL, right: httpx.URL) -> bool:
    """Whether two addresses have one owner: the same origin, or its change from plain HTTP to HTTPS."""
    origins = [(url.scheme, url.host.lower(), url.port or PORTS.get(url.scheme, 0)) for url in (left, right)]
    upgraded = left.host.lower(), "http", 80, "https", 443
    (scheme, host, port), (new_scheme, new_host, new_port) = origins
    return origins[0] == origins[1] or (host == new_host and (host, scheme, port, new_scheme, new_port) == upgraded)
