"""Every tool that an application's author can choose."""

from collections.abc import Mapping
from dataclasses import asdict

from agents.errors import InvalidInput
from agents.registry import Registry
from agents.tools.builtin.calculator import Calculator
from agents.tools.builtin.chart import Chart
from agents.tools.builtin.code_interpreter import CodeInterpreter
from agents.tools.builtin.current_time import CurrentTime
from agents.tools.builtin.http_tool import HttpTool
from agents.tools.builtin.json_process import JsonProcess
from agents.tools.builtin.knowledge_search import KnowledgeSearch
from agents.tools.builtin.times import LocaltimeToTimestamp, TimestampToLocaltime, TimezoneConversion, Weekday
from agents.tools.builtin.web_reader import WebReader
from agents.tools.builtin.web_search import BraveSearch, GoogleSearch, SearxngSearch, TavilySearch
from agents.tools.builtin.wikipedia import Wikipedia
from agents.tools.spec import Tool, ToolType, credentials_of, outputs_of, writes
from agents.types import JsonObject, JsonValue

TOOLS: Registry[type[ToolType]] = Registry("atelier.tools", lambda tool: tool.name)
_BUILT_IN: tuple[type[ToolType], ...] = (
    Calculator,
    CurrentTime,
    LocaltimeToTimestamp,
    TimestampToLocaltime,
    TimezoneConversion,
    Weekday,
    KnowledgeSearch,
    WebReader,
    HttpTool,
    SearxngSearch,
    BraveSearch,
    TavilySearch,
    GoogleSearch,
    Wikipedia,
    JsonProcess,
    Chart,
    CodeInterpreter,
)
for _tool in _BUILT_IN:
    TOOLS.register(_tool)


def tool_types() -> list[dict[str, JsonValue]]:
    """Return what an author and an administrator see of every tool.

    That is its name, title, description and icon, the JSON schemas of its parameters and its configuration, the fields
    that it gives a graph, whether it writes, and the credentials that it takes.
    """
    return [
        {
            "name": tool.name,
            "title": tool.title,
            "description": tool.description,
            "parameters": dict(tool.parameters),
            "icon": tool.icon,
            "config_schema": tool.config_type.model_json_schema(),
            "outputs": dict(outputs_of(tool)),
            "writes": writes(tool),
            "credentials": [asdict(item) for item in credentials_of(tool)],
        }
        for tool in TOOLS.values()
    ]


def configured_tool(name: str, config: JsonObject, types: Mapping[str, type[ToolType]] = TOOLS) -> Tool:
    """Return the tool `name` for one application; raises `InvalidInput` when there is none."""
    if name not in types:
        raise InvalidInput(f"there is no tool {name!r}; choose from {', '.join(types)}")
    return types[name].configured(config)
