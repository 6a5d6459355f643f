"""A request of a node or a tool: whatever goes wrong on the way becomes an error that says what to do."""

from typing import NoReturn

import httpx

from agents.egress.exchange import USUAL_LIMITS, ExchangeLimits, Fetched, Outgoing, TooLarge, send
from agents.egress.transport import EgressRefused
from agents.errors import HttpFailed, HttpRefused

SHOWN_CHARS = 300


async def ask(client: httpx.AsyncClient, outgoing: Outgoing, limits: ExchangeLimits = USUAL_LIMITS) -> Fetched:
    """Send the request; raises `HttpRefused` for what may not or cannot be sent, `HttpFailed` for the rest.

    Messages name the place, and neither the query nor a header: keys stand there.
    """
    place = place_of(outgoing.url)
    try:
        return await send(client, outgoing, limits)
    except TimeoutError as error:
        raise HttpFailed(f"{place!r} did not answer completely within {limits.total_s:g} s") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        _explain(place, error)


def _explain(place: str, error: Exception) -> NoReturn:
    match error:
        case EgressRefused():
            raise HttpRefused(str(error)) from error
        case TooLarge():
            raise HttpFailed(f"{place!r}: {error}") from error
        case httpx.LocalProtocolError():  # whose own text quotes the header, which may be a key
            raise HttpRefused(
                f"a request to {place!r} cannot be written: its method or a header has characters that HTTP forbids"
            ) from error
        case httpx.UnsupportedProtocol() | httpx.InvalidURL() | ValueError():
            raise HttpRefused(f"a request to {place!r} cannot be written: {error}") from error
        case httpx.TimeoutException():
            raise HttpFailed(f"{place!r} did not answer in time ({type(error).__name__})") from error
        case _:
            raise HttpFailed(f"the request to {place!r} failed: {error or type(error).__name__}") from error


def place_of(url: str) -> str:
    """Return an address without user, query and fragment, as it may be shown."""
    bare = url.partition("?")[0].partition("#")[0]
    scheme, mark, rest = bare.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"[:SHOWN_CHARS]
