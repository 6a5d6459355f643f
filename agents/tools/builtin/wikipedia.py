"""Wikipedia: the beginnings of the articles that best fit a question."""

import re
from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from agents.egress import Outgoing
from agents.errors import ToolRetry
from agents.tools.builtin.asking import entered, json_of
from agents.tools.spec import Credential, Tool, ToolContext, ToolOutput
from agents.types import JsonObject, JsonValue

MAX_COUNT = 10
MAX_CHARS = 4000
CODE = re.compile(r"[a-z]{2,3}(-[a-z]{2,10})*")
LANGUAGES: Mapping[str, str] = {
    "english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "portuguese": "pt",
    "russian": "ru", "chinese": "zh", "japanese": "ja", "korean": "ko", "polish": "pl", "dutch": "nl",
    "arabic": "ar", "turkish": "tr", "ukrainian": "uk", "vietnamese": "vi", "swedish": "sv", "persian": "fa",
}  # fmt: skip


class WikipediaConfig(BaseModel):
    """In which language, when the call does not say, and how many articles."""

    model_config = ConfigDict(extra="allow")

    language: str = "en"
    count: int = Field(default=3, ge=1, le=MAX_COUNT)


class Wikipedia:
    """The tool."""

    name: ClassVar[str] = "wikipedia_search"
    title: ClassVar[str] = "Wikipedia"
    description: ClassVar[str] = "Search Wikipedia and read the beginning of the articles"
    icon: ClassVar[str] = "brand-wikipedia"
    idempotent: ClassVar[bool] = True
    outputs: ClassVar[dict[str, str]] = {"results": "array[object]"}
    credentials: ClassVar[tuple[Credential, ...]] = (
        Credential(
            "base_url", "Address", "of another wiki; {language} stands for the language",
            is_secret=False, is_required=False, is_url=True, default="https://{language}.wikipedia.org",
        ),
    )  # fmt: skip
    parameters: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "what to look for"},
            "language": {"type": "string", "description": "a code such as en, de or zh"},
        },
        "required": ["query"],
        "additionalProperties": False,
    }
    config_type: ClassVar[type[BaseModel]] = WikipediaConfig

    def __init__(self, config: WikipediaConfig) -> None:
        self._config = config

    @classmethod
    def configured(cls, config: JsonObject) -> Tool:
        return cls(WikipediaConfig.model_validate(dict(config)))

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> ToolOutput:
        language = _code(str(arguments.get("language") or self._config.language))
        given = await entered(type(self), ctx)
        base = given["base_url"].replace("{language}", language).rstrip("/")
        params = (
            ("action", "query"), ("format", "json"), ("formatversion", "2"), ("generator", "search"),
            ("gsrsearch", str(arguments["query"])), ("gsrlimit", str(self._config.count)),
            ("prop", "extracts|info"), ("exintro", "1"), ("explaintext", "1"), ("exlimit", "max"), ("inprop", "url"),
        )  # fmt: skip
        data = await json_of(ctx, Outgoing("GET", f"{base}/w/api.php", (("Accept", "application/json"),), params), {})
        results = _pages(data)
        lines = [f"{item['title']}\n{item['url']}\n{item['text']}" for item in results]
        found: list[JsonValue] = [dict(item) for item in results]
        return ToolOutput("\n\n".join(lines) or "No article was found.", {"results": found})


def _code(language: str) -> str:
    code = LANGUAGES.get(language.strip().lower(), language.strip().lower())
    if not CODE.fullmatch(code):
        raise ToolRetry(f"there is no Wikipedia in {language[:50]!r}: use a code such as en, de or zh")
    return code


def _pages(data: Mapping[str, JsonValue]) -> list[dict[str, str]]:
    """Return the articles, best first."""
    query = data.get("query")
    pages = query.get("pages") if isinstance(query, dict) else None
    found = [item for item in pages if isinstance(item, dict)] if isinstance(pages, list) else []
    found.sort(key=lambda item: index if isinstance(index := item.get("index"), int) else MAX_COUNT)
    return [
        {
            "title": str(item.get("title") or ""),
            "url": str(item.get("canonicalurl") or item.get("fullurl") or ""),
            "text": str(item.get("extract") or "")[:MAX_CHARS],
        }
        for item in found
    ]
