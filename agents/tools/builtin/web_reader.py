"""Reads a page of the web: its title and its text, without menus and scripts. PDF and office files too."""

import codecs
import html
import re
from pathlib import PurePosixPath
from typing import ClassVar
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel

from agents.egress import PAGE_SUFFIXES, ExchangeLimits, Fetched, Outgoing
from agents.errors import AgentsError, ToolFailed, ToolRetry
from agents.tools.builtin.asking import answer_of
from agents.tools.spec import NoConfig, Tool, ToolContext, ToolOutput
from agents.types import JsonObject

LIMITS = ExchangeLimits(total_s=30)
ACCEPT = "text/html,application/xhtml+xml,application/pdf;q=0.9,text/plain;q=0.9,*/*;q=0.5"
TITLE = re.compile(r"<title[^>]*>(.{0,2000}?)</title>", re.DOTALL | re.IGNORECASE)


class WebReader:
    """The tool."""

    name: ClassVar[str] = "web_reader"
    title: ClassVar[str] = "Web page reader"
    description: ClassVar[str] = "Read a web page: its title and its text"
    icon: ClassVar[str] = "world-www"
    idempotent: ClassVar[bool] = True
    outputs: ClassVar[dict[str, str]] = {"title": "string", "url": "string", "content": "string"}
    parameters: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {"url": {"type": "string", "description": "the address of the page"}},
        "required": ["url"],
        "additionalProperties": False,
    }
    config_type: ClassVar[type[BaseModel]] = NoConfig

    @classmethod
    def configured(cls, config: JsonObject) -> Tool:
        return cls()

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> ToolOutput:
        url = str(arguments["url"]).strip()
        if not url.lower().startswith(("http://", "https://")):
            raise ToolRetry(f"{url[:200]!r} is no address: it must begin with http:// or https://")
        found = await answer_of(ctx, Outgoing("GET", url, (("Accept", ACCEPT),)), LIMITS)
        if found.status != 200:
            raise ToolFailed(f"the page answered with status {found.status}: choose another one")
        suffix = suffix_of(found)
        body = as_utf8(found) if suffix in (".html", ".txt", ".md", ".csv") else found.body
        title = title_of(body) if suffix == ".html" else ""
        try:
            text = (await ctx.documents.text(f"page{suffix}", body)).strip()
        except AgentsError as error:
            raise ToolFailed(f"the page cannot be read: {error}") from error
        if not text:
            raise ToolFailed("the page has no text: it may be made by a script in the browser")
        shown = text if not title or text.startswith(title) else f"{title}\n\n{text}"
        return ToolOutput(shown, {"title": title, "url": found.url, "content": text})


def suffix_of(found: Fetched) -> str:
    """Return the ending by which readers of documents know what a page is."""
    named = PurePosixPath(unquote(urlsplit(found.url).path)).suffix.lower()
    return PAGE_SUFFIXES.get(found.content_type) or named[:20] or ".html"


def as_utf8(found: Fetched) -> bytes:
    """Return a page whose server named its encoding as UTF-8 with a mark, which goes before what the page says."""
    try:
        codec = codecs.lookup(found.charset).name if found.charset else ""
        return codecs.BOM_UTF8 + found.body.decode(codec, "replace").encode() if codec else found.body
    except (LookupError, UnicodeError, ValueError):
        return found.body


def title_of(body: bytes) -> str:
    """Return the title of an HTML page on one line, or empty."""
    found = TITLE.search(body[:100_000].decode("utf-8", "replace"))
    return " ".join(html.unescape(found.group(1)).split())[:200] if found else ""
