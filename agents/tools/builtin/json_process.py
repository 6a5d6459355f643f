"""Reads and changes JSON by paths."""

import copy
import json
from typing import ClassVar

from pydantic import BaseModel

from agents.errors import ToolRetry
from agents.tools.builtin.json_paths import Location, Step, located, read_path, value_at
from agents.tools.spec import NoConfig, Tool, ToolContext, ToolOutput
from agents.types import JsonObject, JsonValue

MAX_CHARS = 2_000_000


class JsonProcess:
    """The tool."""

    name: ClassVar[str] = "json_process"
    title: ClassVar[str] = "JSON processing"
    description: ClassVar[str] = (
        "Query, insert, replace or delete what a path such as $.items[0].name names in a JSON text"
    )
    icon: ClassVar[str] = "braces"
    idempotent: ClassVar[bool] = True
    outputs: ClassVar[dict[str, str]] = {"result": "any"}
    parameters: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "operation": {"type": "string", "enum": ["query", "insert", "replace", "delete"]},
            "content": {"type": ["string", "object", "array"], "description": "the JSON"},
            "path": {"type": "string", "description": "JSONPath without filters"},
            "value": {"description": "what is inserted, or what replaces what is there"},
            "value_decode": {"type": "boolean", "description": "whether the value is a text of JSON"},
            "create_path": {"type": "boolean", "description": "whether insert makes the objects that are missing"},
            "index": {"type": "integer", "description": "where insert puts it in a list; at the end when left out"},
        },
        "required": ["operation", "content", "path"],
        "additionalProperties": False,
    }
    config_type: ClassVar[type[BaseModel]] = NoConfig

    @classmethod
    def configured(cls, config: JsonObject) -> Tool:
        return cls()

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> ToolOutput:
        operation, path = str(arguments["operation"]), str(arguments["path"])
        content = _parsed(arguments["content"], "content")
        if operation in ("insert", "replace") and "value" not in arguments:
            raise ToolRetry(f"{operation} needs a value")
        value = arguments.get("value")
        if arguments.get("value_decode") and isinstance(value, str):
            value = _parsed(value, "value")
        try:
            steps = read_path(path)
            places = located(content, steps)
        except ValueError as error:
            raise ToolRetry(str(error)) from error
        match operation:
            case "query":
                found = [value_at(content, place) for place in places]
                result = found[0] if len(found) == 1 else found
            case "insert":
                result = _inserted(content, steps, places, value, arguments)
            case "replace":
                result = _replaced(content, places, value)
            case _:
                result = _deleted(content, places)
        text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
        return ToolOutput(text, {"result": result})


def _parsed(content: JsonValue, name: str) -> JsonValue:
    if not isinstance(content, str):
        return copy.deepcopy(content)
    if len(content) > MAX_CHARS:
        raise ToolRetry(f"the {name} has {len(content)} characters; at most {MAX_CHARS} are taken")
    try:
        found: JsonValue = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ToolRetry(f"the {name} is not JSON ({error}): {content[:100]!r}") from error
    return found


def _replaced(content: JsonValue, places: list[Location], value: JsonValue) -> JsonValue:
    for place in sorted(places, key=len, reverse=True):
        if not place:
            return value
        parent = value_at(content, place[:-1])
        parent[place[-1]] = copy.deepcopy(value)  # type: ignore[index]  # it holds what was found
    return content


def _deleted(content: JsonValue, places: list[Location]) -> JsonValue:
    # From the last to the first, and the inner before the outer: no place moves before its turn.
    for place in sorted(places, key=lambda item: [(isinstance(key, int), key) for key in item], reverse=True):
        if not place:
            return None
        parent = value_at(content, place[:-1])
        del parent[place[-1]]  # type: ignore[union-attr,arg-type]  # it holds what was found
    return content


def _inserted(
    content: JsonValue, steps: tuple[Step, ...], places: list[Location], value: JsonValue, options: JsonObject
) -> JsonValue:
    """Put the value into the lists that the path names, merge it into the objects, or set the key that is missing."""
    if not places:
        return _created(content, steps, value, makes_path=bool(options.get("create_path")))
    index = options.get("index")
    for place in places:
        match value_at(content, place), value:
            case list() as items, _:
                items.insert(index if isinstance(index, int) else len(items), copy.deepcopy(value))
            case dict() as item, dict():
                item.update(copy.deepcopy(value))
            case other, _:
                raise ToolRetry(
                    f"at {list(place)!r} is {str(other)[:50]!r}: only lists take a value, and objects an object"
                )
    return content


def _created(content: JsonValue, steps: tuple[Step, ...], value: JsonValue, *, makes_path: bool) -> JsonValue:
    here = content
    for number, step in enumerate(steps, 1):
        if not isinstance(step.at, str) or step.is_deep or not isinstance(here, dict):
            raise ToolRetry("the path leads nowhere, and only keys of objects can be made: correct the path")
        if number == len(steps):
            here[step.at] = copy.deepcopy(value)
        elif step.at not in here and not makes_path:
            raise ToolRetry(f"there is no {step.at!r}: correct the path, or say create_path")
        else:
            here = here.setdefault(step.at, {})
    return content
