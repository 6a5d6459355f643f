"""Every tool that an application's author can choose."""

from collections.abc import Mapping

from agents.errors import InvalidInput
from agents.registry import Registry
from agents.tools.builtin.calculator import Calculator
from agents.tools.builtin.current_time import CurrentTime
from agents.tools.builtin.knowledge_search import KnowledgeSearch
from agents.tools.spec import Tool, ToolType
from agents.types import JsonObject, JsonValue

TOOLS: Registry[type[ToolType]] = Registry("atelier.tools", lambda tool: tool.name)
for _built_in in (Calculator, CurrentTime, KnowledgeSearch):
    TOOLS.register(_built_in)


def tool_types() -> list[dict[str, JsonValue]]:
    """Return name, title, description, parameters (JSON schema) and icon of every tool."""
    return [
        {
            "name": tool.name,
            "title": tool.title,
            "description": tool.description,
            "parameters": dict(tool.parameters),
            "icon": tool.icon,
        }
        for tool in TOOLS.values()
    ]


def configured_tool(name: str, config: JsonObject, types: Mapping[str, type[ToolType]] = TOOLS) -> Tool:
    """Return the tool `name` for one application; raises `InvalidInput` when there is none."""
    if name not in types:
        raise InvalidInput(f"there is no tool {name!r}; choose from {', '.join(types)}")
    return types[name].configured(config)
