"""Dify's built-in tools by ours: which of them does the same, and how its parameters are called there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from agents.types import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class DifyTool:
    """One of our tools under Dify's name for it.

    `renamed` are Dify's parameters by ours, `fixed` what ours is given besides; a parameter that ours has not is left
    out. `note` says what differs, empty where nothing does.
    """

    name: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    fixed: JsonObject = field(default_factory=dict)
    note: str = ""

    def arguments(self, given: JsonObject) -> dict[str, JsonValue]:
        """Return Dify's values under our names."""
        return {**{self.renamed.get(name, name): value for name, value in given.items()}, **self.fixed}


_ADDRESS = "pages are read here, and not by the service; what it does besides (summaries, captions of images) is not"
_SEARCH = "another search engine answers: choose one under Tools, and name it in the node"
_JSON = {"query": "path", "json_filter": "path", "new_value": "value", "replace_value": "value"}


def _json(operation: str, note: str = "") -> DifyTool:
    return DifyTool("json_process", _JSON, {"operation": operation}, note)


def _chart(kind: str) -> DifyTool:
    return DifyTool("chart", {"x_axis": "labels", "categories": "labels"}, {"kind": kind}, "drawn as SVG, not as PNG")


DIFY_TOOLS: Mapping[tuple[str, str], DifyTool] = MappingProxyType(
    {
        ("time", "current_time"): DifyTool("current_time"),
        ("time", "localtime_to_timestamp"): DifyTool("localtime_to_timestamp"),
        ("time", "timestamp_to_localtime"): DifyTool("timestamp_to_localtime"),
        ("time", "timezone_conversion"): DifyTool("timezone_conversion"),
        ("time", "weekday"): DifyTool("weekday"),
        ("maths", "eval_expression"): DifyTool("calculator"),
        ("webscraper", "webscraper"): DifyTool("web_reader", note=_ADDRESS),
        ("jina", "jina_reader"): DifyTool("web_reader", note=_ADDRESS),
        ("firecrawl", "scrape"): DifyTool("web_reader", note=_ADDRESS),
        ("searxng", "searxng_search"): DifyTool("searxng_search", {"num_results": "count"}),
        ("brave", "brave_search"): DifyTool("brave_search"),
        ("tavily", "tavily_search"): DifyTool("tavily_search", {"max_results": "count"}),
        ("google", "google_search"): DifyTool("google_search", note="Google's own API, and not SerpApi"),
        ("duckduckgo", "ddgo_search"): DifyTool("searxng_search", {"max_results": "count"}, note=_SEARCH),
        ("bing", "bing_web_search"): DifyTool("searxng_search", note=_SEARCH),
        ("wikipedia", "wikipedia_search"): DifyTool("wikipedia_search"),
        ("json_process", "parse"): _json("query", "paths without filters"),
        ("json_process", "json_insert"): _json("insert"),
        ("json_process", "json_replace"): _json("replace", "values are replaced, not keys and parts of texts"),
        ("json_process", "json_delete"): _json("delete"),
        ("chart", "bar_chart"): _chart("bar"),
        ("chart", "line_chart"): _chart("line"),
        ("chart", "pie_chart"): _chart("pie"),
        ("code", "simple_code"): DifyTool("code_interpreter"),
    }
)
DIFY_NAMES: Mapping[tuple[str, str], str] = MappingProxyType({key: tool.name for key, tool in DIFY_TOOLS.items()})
"""(provider, tool) of Dify → the name of ours."""


def dify_tool(provider: str, tool: str) -> DifyTool | None:
    """Return what stands for a tool of Dify; `provider` may be a plug-in's id such as langgenius/time/time."""
    return DIFY_TOOLS.get((provider.rpartition("/")[2], tool))
