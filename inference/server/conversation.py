"""What a chat is made of on the wire: messages, tools and the choice among them, the answer's format."""

import math
from itertools import chain
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from inference.chat_template import join_text
from inference.server.wire import Name, Unserved, Wire
from inference.types import Image, JsonObject, Message, Role, ToolCall, ToolSpec

MAX_MESSAGES = 10_000
MAX_TOOLS = 256
_MAX_CALLS = 128
_MAX_SCHEMA_LEVELS = 64  # the JSON parser's own limit is 200, the grammar compiler's is lower
_MAX_SCHEMA_PARTS = 20_000


def _check_schema(schema: dict[str, object]) -> dict[str, object]:
    """Raise ValueError for a schema that is nested deeper or larger than anything a person wrote, or has infinities."""
    level: list[dict[str, object] | list[object]] = [schema]
    seen = 0
    for _ in range(_MAX_SCHEMA_LEVELS):
        inner = chain.from_iterable(value.values() if isinstance(value, dict) else value for value in level)
        level = []
        for value in inner:
            seen += 1
            if seen > _MAX_SCHEMA_PARTS:
                raise ValueError(f"the schema has more than {_MAX_SCHEMA_PARTS} parts: make it smaller")
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError("the schema has a number that is not finite: correct it")
            if isinstance(value, dict | list):
                level.append(value)
        if not level:
            return schema
    raise ValueError(f"the schema is nested deeper than {_MAX_SCHEMA_LEVELS} levels: make it flatter")


Schema = Annotated[dict[str, object], AfterValidator(_check_schema)]


class _ImageUrl(Wire):
    url: str


class _Part(Wire):
    type: Literal["text", "image_url", "refusal"]
    text: str = ""
    refusal: str = ""
    image_url: _ImageUrl | None = None


class _FunctionCall(Wire):
    name: Name
    arguments: str = ""


class _ToolCall(Wire):
    id: str = ""
    type: Literal["function"] = "function"
    function: _FunctionCall


class ChatMessage(Wire):
    """One message of a chat."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | Annotated[list[_Part], Field(fail_fast=True)] | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = Field(default=None, max_length=_MAX_CALLS, fail_fast=True)
    tool_call_id: str | None = None
    function_call: Unserved = None
    audio: Unserved = None

    def parsed(self) -> Message:
        parts = [_Part(type="text", text=self.content)] if isinstance(self.content, str) else self.content or []
        role: Role = "system" if self.role == "developer" else self.role
        return Message(
            role=role,
            content=join_text(part.text or part.refusal for part in parts if part.image_url is None)
            or (self.refusal or ""),
            images=tuple(Image(part.image_url.url) for part in parts if part.image_url is not None),
            tool_calls=tuple(
                ToolCall(call.id, call.function.name, call.function.arguments) for call in self.tool_calls or ()
            ),
            tool_call_id=self.tool_call_id,
        )


class _Function(Wire):
    name: Name
    description: str | None = None
    parameters: Schema | None = None
    strict: bool | None = None


class Tool(Wire):
    """A tool that the model may call; its arguments obey the schema, `strict` or not."""

    type: Literal["function"]
    function: _Function

    def parsed(self) -> ToolSpec:
        parameters = self.function.parameters or {"type": "object", "properties": {}}
        return ToolSpec(self.function.name, self.function.description or "", parameters)


Messages = Annotated[list[ChatMessage], Field(min_length=1, max_length=MAX_MESSAGES, fail_fast=True)]
Tools = Annotated[list[Tool], Field(max_length=MAX_TOOLS, fail_fast=True)]


class _NamedFunction(Wire):
    name: Name


class NamedChoice(Wire):
    """`tool_choice` that names the one tool to call."""

    type: Literal["function"]
    function: _NamedFunction


ToolChoice = Literal["auto", "none", "required"] | NamedChoice


def chosen_tool(choice: ToolChoice | None, tools: list[Tool]) -> str | None:
    """Return the name of the one tool that must be called. Raises ValueError when there is no such tool."""
    names = [tool.function.name for tool in tools]
    if len(set(names)) < len(names):
        raise ValueError("two tools have the same name: give each its own")
    if isinstance(choice, NamedChoice):
        if choice.function.name not in names:
            raise ValueError(f"tool_choice names {choice.function.name!r}, which is not among the tools")
        return choice.function.name
    if choice == "required" and not names:
        raise ValueError("tool_choice is 'required', but there are no tools: send tools or leave it out")
    return None


class _JsonSchema(Wire):
    name: Name
    schema_: Schema = Field(alias="schema")
    description: str | None = None
    strict: bool | None = None


class ResponseFormat(Wire):
    """The form of the answer; a schema is always enforced, `strict` or not."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: _JsonSchema | None = None

    @model_validator(mode="after")
    def _needs_its_schema(self) -> Self:
        if (self.type == "json_schema") != (self.json_schema is not None):
            raise ValueError("json_schema is needed with the type 'json_schema', and with no other")
        return self

    @property
    def schema_of_answer(self) -> JsonObject | None:
        match self.type:
            case "text":
                return None
            case "json_object":
                return {}
            case "json_schema":
                assert self.json_schema is not None
                return self.json_schema.schema_
