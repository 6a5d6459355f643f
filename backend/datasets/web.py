"""Pages from the web: fetched through the door for public addresses, named, and made readable for the extractors."""

import codecs
import html
import re
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import httpx

from agents.egress import PAGE_SUFFIXES, EgressRefused, Fetched, TooLarge, fetch
from backend.common.egress import origin_of, public_client

MAX_URL_CHARS = 2000
MAX_SITEMAPS = 20
MAX_SITEMAP_BYTES = 50 * 1024 * 1024
MAX_TITLE_CHARS = 200
LOCATION = re.compile(rb"<(?:\w+:)?loc>\s*(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?\s*</(?:\w+:)?loc>", re.DOTALL | re.IGNORECASE)
TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class FetchError(Exception):
    """A page could not be had; the message is for the person who entered its address."""

    code = "fetch_failed"

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class WebPage:
    """A page as it is stored: `name` tells people what it is, `suffix` tells extractors."""

    name: str
    title: str
    suffix: str
    content_type: str
    body: bytes


def url_check(url: str) -> str:
    """Return an address without its fragment; raises `FetchError` for what is none."""
    cleaned = url.strip().partition("#")[0]
    if len(cleaned) > MAX_URL_CHARS:
        raise FetchError(f"the address has {len(cleaned):,} characters; it may have {MAX_URL_CHARS:,}")
    try:
        origin_of(cleaned)
        httpx.URL(cleaned)
    except (ValueError, httpx.InvalidURL) as error:
        raise FetchError(f"{cleaned[:200]!r} is no address of a page: {error}") from error
    return cleaned


async def sitemap_urls(url: str, *, limit: int, workspace_id: uuid.UUID | str) -> list[str]:
    """Return the first `limit` addresses that a sitemap lists, and the sitemaps that it lists; raises `FetchError`."""
    found: dict[str, None] = {}
    waiting, seen = [url], set[str]()
    async with public_client(workspace_id) as client:
        while waiting and len(found) < limit and len(seen) < MAX_SITEMAPS:
            address = waiting.pop(0)
            seen.add(address)
            body = _unpacked(await _fetched(client, address))
            listed = [html.unescape(raw.decode("utf-8", "replace")).strip() for raw in LOCATION.findall(body)]
            if not listed:
                raise FetchError(f"{address!r} is no sitemap: it has no <loc> in it")
            if re.search(rb"<(?:\w+:)?sitemapindex", body[:2000], re.IGNORECASE):
                waiting += [each for each in listed if each not in seen]
            else:
                found |= dict.fromkeys(listed)
    return list(found)[:limit]


async def page_fetch(url: str, *, workspace_id: uuid.UUID | str) -> WebPage:
    """Fetch a page; raises `FetchError`."""
    async with public_client(workspace_id) as client:
        found = await _fetched(client, url)
    suffix = PAGE_SUFFIXES.get(found.content_type) or PurePosixPath(urlsplit(found.url).path).suffix.lower()[:20]
    if found.content_type.startswith(("image/", "video/", "audio/", "font/")) or not suffix:
        raise FetchError(f"{url!r} is {found.content_type or 'of no known type'}, not a page with text")
    body = _as_utf8(found) if suffix == ".html" else found.body
    title = _title(body) if suffix == ".html" else ""
    return WebPage(title or url_shown(url), title, suffix, found.content_type, body)


async def _fetched(client: httpx.AsyncClient, url: str) -> Fetched:
    try:
        found = await fetch(client, url)
    except EgressRefused as error:
        raise FetchError(str(error)) from error
    except TooLarge as error:
        raise FetchError(f"{url!r}: {error}; download it and upload a part of it") from error
    except TimeoutError as error:
        raise FetchError(f"{url!r} did not answer in time; try again later", retryable=True) from error
    except (httpx.TooManyRedirects, httpx.InvalidURL, httpx.DecodingError) as error:
        raise FetchError(f"{url!r} cannot be fetched: {error}") from error
    except httpx.TransportError as error:
        raise FetchError(f"{url!r} cannot be reached: {error or type(error).__name__}", retryable=True) from error
    if found.status != httpx.codes.OK:
        raise FetchError(f"{url!r} answered with status {found.status}", retryable=found.status in TRY_AGAIN)
    return found


def _unpacked(found: Fetched) -> bytes:
    """Return a sitemap, which may lie packed on its server."""
    if not found.body.startswith(b"\x1f\x8b"):
        return found.body
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(found.body, MAX_SITEMAP_BYTES)
    except zlib.error as error:
        raise FetchError(f"{found.url!r} is packed wrongly: {error}") from error


def _as_utf8(found: Fetched) -> bytes:
    """Return a page whose server named its encoding as UTF-8 with a mark, which goes before what the page says."""
    try:
        codec = codecs.lookup(found.charset).name if found.charset else ""
    except LookupError:
        codec = ""
    if codec in ("", "utf-8"):
        return found.body
    return codecs.BOM_UTF8 + found.body.decode(codec, "replace").encode()


def _title(body: bytes) -> str:
    found = TITLE.search(body[:100_000].decode("utf-8", "replace"))
    return " ".join(html.unescape(found.group(1)).split())[:MAX_TITLE_CHARS] if found else ""


def url_shown(url: str) -> str:
    """Return how an address is shown where its page has no title."""
    parts = urlsplit(url)
    steps: Sequence[str] = [parts.hostname or "", *(unquote(step) for step in parts.path.split("/") if step)]
    return " › ".join(steps)
