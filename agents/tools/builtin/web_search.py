"""Search of the web by four services; each finds pages with their titles and a few words of what they say."""

import html
import json
import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from agents.egress import Outgoing
from agents.tools.builtin.asking import entered, json_of
from agents.tools.spec import Credential, ToolContext, ToolOutput
from agents.types import JsonObject, JsonValue

MAX_COUNT = 20
MAX_SNIPPET_CHARS = 2000
_TAG = re.compile(r"<[^<>]{0,200}>")
_JSON = ("Accept", "application/json")


class SearchConfig(BaseModel):
    """How many pages are found when the call does not say, and in which language (`de`, `zh-CN`)."""

    model_config = ConfigDict(extra="allow")

    count: int = Field(default=5, ge=1, le=MAX_COUNT)
    language: str = Field(default="", max_length=20)


class _Search:
    """What the services share; each writes its own request and reads its own answer."""

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    icon: ClassVar[str] = "search"
    idempotent: ClassVar[bool] = True
    credentials: ClassVar[tuple[Credential, ...]]
    outputs: ClassVar[dict[str, str]] = {"results": "array[object]"}
    parameters: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "what to look for"},
            "count": {"type": "integer", "minimum": 1, "maximum": MAX_COUNT, "description": "how many pages"},
        },
        "required": ["query"],
        "additionalProperties": False,
    }
    config_type: ClassVar[type[BaseModel]] = SearchConfig

    def __init__(self, config: SearchConfig) -> None:
        self._config = config

    @classmethod
    def configured(cls, config: JsonObject) -> Self:
        return cls(SearchConfig.model_validate(dict(config)))

    @abstractmethod
    def _outgoing(self, query: str, count: int, given: Mapping[str, str]) -> Outgoing:
        """Return the request to the service."""

    @abstractmethod
    def _hits(self, data: Mapping[str, JsonValue]) -> Iterable[tuple[JsonValue, JsonValue, JsonValue]]:
        """Yield title, address and snippet of what the service found."""

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> ToolOutput:
        given = await entered(type(self), ctx)
        count = arguments.get("count")
        limit = count if isinstance(count, int) else self._config.count
        data = await json_of(ctx, self._outgoing(str(arguments["query"]), limit, given), given)
        results = [
            {"title": _plain(title), "url": str(url), "snippet": _plain(snippet)}
            for title, url, snippet in self._hits(data)
            if isinstance(url, str) and url.startswith(("http://", "https://"))
        ][:limit]
        lines = [
            f"[{number}] {item['title']}\n{item['url']}\n{item['snippet']}" for number, item in enumerate(results, 1)
        ]
        found: list[JsonValue] = [dict(item) for item in results]
        return ToolOutput("\n\n".join(lines) or "Nothing was found.", {"results": found})


def _plain(value: JsonValue) -> str:
    """Return a title or snippet without marks of HTML."""
    text = html.unescape(_TAG.sub("", value)) if isinstance(value, str) else ""
    return " ".join(text.split())[:MAX_SNIPPET_CHARS]


def _objects(value: JsonValue, *path: str) -> list[dict[str, JsonValue]]:
    """Return the objects of the list at a path; what is not there has none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _address(default: str) -> Credential:
    return Credential(
        "base_url", "Address", "another address of the service, of a proxy say",
        is_secret=False, is_required=False, is_url=True, default=default,
    )  # fmt: skip


class SearxngSearch(_Search):
    """The tool: a SearXNG of one's own, whose settings allow the format json."""

    name: ClassVar[str] = "searxng_search"
    title: ClassVar[str] = "SearXNG"
    description: ClassVar[str] = "Search the web with SearXNG"
    credentials: ClassVar[tuple[Credential, ...]] = (
        Credential(
            "base_url", "Address", "of your SearXNG; json must be among its formats, and a private address be "
            "allowed under Egress", is_secret=False, is_url=True,
        ),
    )  # fmt: skip

    def _outgoing(self, query: str, count: int, given: Mapping[str, str]) -> Outgoing:
        params = [("q", query), ("format", "json")]
        if self._config.language:
            params.append(("language", self._config.language))
        return Outgoing("GET", f"{given['base_url'].rstrip('/')}/search", (_JSON,), tuple(params))

    def _hits(self, data: Mapping[str, JsonValue]) -> Iterable[tuple[JsonValue, JsonValue, JsonValue]]:
        for item in _objects(dict(data), "results"):
            yield item.get("title"), item.get("url"), item.get("content")


class BraveSearch(_Search):
    """The tool."""

    name: ClassVar[str] = "brave_search"
    title: ClassVar[str] = "Brave Search"
    description: ClassVar[str] = "Search the web with Brave"
    credentials: ClassVar[tuple[Credential, ...]] = (
        Credential("api_key", "Key", "a subscription token of the Brave Search API"),
        _address("https://api.search.brave.com"),
    )

    def _outgoing(self, query: str, count: int, given: Mapping[str, str]) -> Outgoing:
        params = [("q", query), ("count", str(count))]
        if self._config.language:
            params.append(("search_lang", self._config.language))
        headers = (_JSON, ("X-Subscription-Token", given["api_key"]))
        return Outgoing("GET", f"{given['base_url'].rstrip('/')}/res/v1/web/search", headers, tuple(params))

    def _hits(self, data: Mapping[str, JsonValue]) -> Iterable[tuple[JsonValue, JsonValue, JsonValue]]:
        for item in _objects(dict(data), "web", "results"):
            yield item.get("title"), item.get("url"), item.get("description")


class TavilySearch(_Search):
    """The tool."""

    name: ClassVar[str] = "tavily_search"
    title: ClassVar[str] = "Tavily"
    description: ClassVar[str] = "Search the web with Tavily"
    credentials: ClassVar[tuple[Credential, ...]] = (
        Credential("api_key", "Key", "of Tavily, it begins with tvly-"),
        _address("https://api.tavily.com"),
    )

    def _outgoing(self, query: str, count: int, given: Mapping[str, str]) -> Outgoing:
        body = json.dumps({"query": query, "max_results": count}, ensure_ascii=False)
        headers = (_JSON, ("Content-Type", "application/json"), ("Authorization", f"Bearer {given['api_key']}"))
        return Outgoing("POST", f"{given['base_url'].rstrip('/')}/search", headers, (), body.encode())

    def _hits(self, data: Mapping[str, JsonValue]) -> Iterable[tuple[JsonValue, JsonValue, JsonValue]]:
        for item in _objects(dict(data), "results"):
            yield item.get("title"), item.get("url"), item.get("content")


class GoogleSearch(_Search):
    """The tool: a Programmable Search Engine, which answers at most ten pages."""

    name: ClassVar[str] = "google_search"
    title: ClassVar[str] = "Google Programmable Search"
    description: ClassVar[str] = "Search the web with Google"
    credentials: ClassVar[tuple[Credential, ...]] = (
        Credential("api_key", "Key", "of the Custom Search JSON API"),
        Credential("engine_id", "Search engine", "its id (cx)", is_secret=False),
        _address("https://www.googleapis.com"),
    )

    def _outgoing(self, query: str, count: int, given: Mapping[str, str]) -> Outgoing:
        params = [("key", given["api_key"]), ("cx", given["engine_id"]), ("q", query), ("num", str(min(count, 10)))]
        if self._config.language:
            params.append(("lr", f"lang_{self._config.language}"))
        return Outgoing("GET", f"{given['base_url'].rstrip('/')}/customsearch/v1", (_JSON,), tuple(params))

    def _hits(self, data: Mapping[str, JsonValue]) -> Iterable[tuple[JsonValue, JsonValue, JsonValue]]:
        for item in _objects(dict(data), "items"):
            yield item.get("title"), item.get("link"), item.get("snippet")
