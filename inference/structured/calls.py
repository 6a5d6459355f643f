"""Grammars of tool calls, one per dialect."""

import re
from collections.abc import Sequence

from inference.errors import InvalidRequestError
from inference.structured.budget import Budget
from inference.structured.grammar import Alt, Literal, Node, Repeat, Rule, Seq
from inference.structured.schema import compile_schema
from inference.tool_parsing import Dialect
from inference.types import GenerateRequest, ToolSpec

MAX_TEXT = 512  # characters of a string in a call, where its schema names no 'maxLength'
MAX_CALLS = 4  # in one answer; small models would repeat themselves until the last token
MAX_TOOLS = 128
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def check_tools(tools: Sequence[ToolSpec]) -> None:
    """Raise InvalidRequestError for names that a model could not call."""
    if len(tools) > MAX_TOOLS:
        raise InvalidRequestError(f"{len(tools)} tools are more than {MAX_TOOLS}: send fewer.", param="tools")
    seen: set[str] = set()
    for tool in tools:
        if not _NAME.fullmatch(tool.name):
            raise InvalidRequestError(
                f"The tool name {tool.name[:80]!r} is not valid: use 1 to 64 letters, digits, '_', '-' and '.'.",
                param="tools",
            )
        if tool.name in seen:
            raise InvalidRequestError(f"Two tools are named {tool.name!r}: rename one.", param="tools")
        seen.add(tool.name)


def chosen_tools(request: GenerateRequest) -> tuple[ToolSpec, ...]:
    """Return the tools that may be called. Raises InvalidRequestError for names that could not, or are not there."""
    check_tools(request.tools)
    if request.tool_choice != "required" or request.tool_name is None:
        return request.tools
    chosen = tuple(tool for tool in request.tools if tool.name == request.tool_name)
    if not chosen:
        raise InvalidRequestError(
            f"'tool_choice' names {request.tool_name[:80]!r}, which is not among the tools.", param="tool_choice"
        )
    return chosen


def calls_grammar(tools: Sequence[ToolSpec], dialect: Dialect, *, most: int) -> Node:
    """Return the grammar of 1 to `most` calls, without what opens them and with what closes the last."""
    budget = Budget("tools")
    call = Rule(Alt(tuple(_call(tool, dialect, budget) for tool in tools)))
    parts: list[Node] = [call]
    if most > 1:
        parts.append(Repeat(Seq((Literal(dialect.between), call)), 0, most - 1))
    if dialect.close:
        parts.append(Literal(dialect.close))
    return Seq(tuple(parts))


def _call(tool: ToolSpec, dialect: Dialect, budget: Budget) -> Node:
    head = f'{{"name": "{tool.name}", "{dialect.arguments_key}": '
    return Seq((Literal(head), _arguments(tool, budget), Literal("}")))


def _arguments(tool: ToolSpec, budget: Budget) -> Node:
    schema = tool.parameters
    if schema.get("type", "object") != "object":
        raise InvalidRequestError(
            f"The parameters of the tool {tool.name!r} must be a schema of type 'object', "
            f"not {str(schema['type'])[:80]!r}.",
            param="tools",
        )
    whole = {**schema, "type": "object"} if not {"$ref", "anyOf", "oneOf", "allOf"} & schema.keys() else schema
    return compile_schema(whole, default_max_length=MAX_TEXT, budget=budget)
