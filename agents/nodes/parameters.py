"""Values that a model is to read out of a text: their schema, and reading them from what it wrote."""

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import Field, field_validator

from agents.nodes.config import Lenient
from agents.types import JsonObject, JsonValue
from agents.workflow.variables import VarType, empty_of, is_array

ParameterType = Literal[
    "string",
    "number",
    "boolean",
    "select",
    "array[string]",
    "array[number]",
    "array[boolean]",
    "array[object]",
]
_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})


class Parameter(Lenient):
    """A value to read out of a text."""

    name: str = Field(min_length=1, pattern=r"^[^\W\d]\w*$")
    type: ParameterType = "string"
    description: str = ""
    required: bool = False
    options: tuple[str, ...] = ()

    @field_validator("type", mode="before")
    @classmethod
    def _older_names(cls, value: object) -> object:
        return {"bool": "boolean", "int": "number", "float": "number"}.get(str(value), value)

    @field_validator("options", "description", mode="before")
    @classmethod
    def _null_is_empty(cls, value: object) -> object:
        return value or () if not isinstance(value, str) else value

    @property
    def var_type(self) -> VarType:
        """The type of the output."""
        return "string" if self.type == "select" else self.type

    @property
    def value_schema(self) -> dict[str, JsonValue]:
        """The JSON schema of the value."""
        kind: dict[str, JsonValue]
        if is_array(self.var_type):
            kind = {"type": "array", "items": {"type": self.type.removeprefix("array[").removesuffix("]")}}
        else:
            kind = {"type": self.var_type}
        if self.type == "select" and self.options:
            kind["enum"] = list(self.options)
        return {**kind, "description": self.description} if self.description else kind

    @property
    def nothing(self) -> JsonValue:
        """What stands for a value that the text does not have."""
        return empty_of(self.var_type)

    def read(self, value: JsonValue) -> JsonValue:
        """Return the value as its type; raises `ValueError` for what it cannot be read as."""
        if is_array(self.var_type):
            items = value if isinstance(value, list) else [value]
            kind = self.type.removeprefix("array[").removesuffix("]")
            return [_read(item, kind) for item in items if item is not None]
        if self.type == "select" and self.options:
            return _option(value, self.options)
        return _read(value, self.var_type)


def schema_of(parameters: Sequence[Parameter]) -> dict[str, JsonValue]:
    """Return the JSON schema of an object with the parameters; those that are not required may be null or absent."""
    properties: dict[str, JsonValue] = {}
    for item in parameters:
        properties[item.name] = item.value_schema if item.required else {"anyOf": [item.value_schema, {"type": "null"}]}
    return {
        "type": "object",
        "properties": properties,
        "required": [item.name for item in parameters],
        "additionalProperties": False,
    }


def values_in(found: JsonObject, parameters: Sequence[Parameter]) -> tuple[dict[str, JsonValue], list[str]]:
    """Return a value for each parameter, and what is wrong with what was found."""
    values: dict[str, JsonValue] = {}
    wrong: list[str] = []
    for item in parameters:
        values[item.name] = item.nothing
        value = found.get(item.name)
        if value is None or (value == "" and item.type != "string"):
            if item.required:
                wrong.append(f"{item.name!r} is missing")
            continue
        try:
            values[item.name] = item.read(value)
        except ValueError as error:
            wrong.append(f"{item.name!r}: {error}")
    return values, wrong


def _read(value: JsonValue, kind: str) -> JsonValue:
    match kind:
        case "string" if isinstance(value, str):
            return value
        case "string" if isinstance(value, int | float):
            return str(value).lower() if isinstance(value, bool) else str(value)
        case "number":
            return _number(value)
        case "boolean":
            return _boolean(value)
        case "object" if isinstance(value, dict):
            return value
    raise ValueError(f"{str(value)[:100]!r} is no {kind}")


def _number(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        text = value.strip().replace(",", "").replace("_", "")
        number = float(text)
        value = int(number) if number.is_integer() and "." not in text and abs(number) < 2**53 else number
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{str(value)[:100]!r} is no number")
    return value


def _boolean(value: JsonValue) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().casefold()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError(f"{str(value)[:100]!r} is neither true nor false")


def _option(value: JsonValue, options: Sequence[str]) -> str:
    folded = {option.strip().casefold(): option for option in options}
    chosen = folded.get(str(value).strip().casefold())
    if chosen is None:
        raise ValueError(f"{str(value)[:100]!r} is none of {list(options)!r}")
    return chosen
