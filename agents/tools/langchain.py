"""A LangChain tool as one of ours. Nothing of LangChain is imported before one is adapted."""

from typing import TYPE_CHECKING, cast

from agents.errors import ToolFailed
from agents.tools.spec import ToolContext
from agents.types import JsonObject, JsonValue

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool


class LangChainTool:
    """Adapts `tool`; it counts as having effects unless `idempotent` and `writes` say otherwise."""

    def __init__(self, tool: "BaseTool", *, idempotent: bool = False, writes: bool = True) -> None:
        from langchain_core.utils.function_calling import convert_to_openai_tool

        self._tool = tool
        self.name = tool.name
        self.description = tool.description
        self.idempotent = idempotent
        self.writes = writes
        self.parameters = cast(JsonObject, convert_to_openai_tool(tool)["function"]["parameters"])

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> JsonValue:
        from langchain_core.tools import ToolException

        try:
            result: object = await self._tool.ainvoke(dict(arguments))
        except ToolException as error:
            raise ToolFailed(f"the tool {self.name!r} failed: {error}") from error
        return cast(JsonValue, result) if isinstance(result, str | int | float | list | dict) else str(result)
