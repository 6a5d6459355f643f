"""The variables of an application, and the inputs that callers give for them."""

import contextlib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from agents.types import JsonValue
from backend.common.errors import Invalid

NAME = re.compile(r"^[^\W\d]\w{0,63}$")
# Dify's names of the same types, so that what a person copies from there is understood.
TYPE_ALIASES = {"text-input": "text", "string": "text"}

MAX_INTEGER = 2**63 - 1

VariableType = Literal["text", "paragraph", "select", "number", "checkbox", "file", "file-list"]
FILE_TYPES = frozenset({"file", "file-list"})
MAX_FILES = 10


def _canonical_type(value: object) -> object:
    return TYPE_ALIASES.get(value, value) if isinstance(value, str) else value


class Shape(BaseModel):
    """A part of a draft: unknown keys are refused, so that a typing error is not silently a default."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Variable(Shape):
    """Something that the caller of a run fills in."""

    name: str
    label: str = Field(default="", max_length=200)
    type: Annotated[VariableType, BeforeValidator(_canonical_type)] = "text"
    required: bool = False
    default: str | float | bool | None = None
    options: list[Annotated[str, Field(max_length=500)]] = Field(default=[], max_length=200)
    max_length: int | None = Field(default=None, ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _is_whole(self) -> "Variable":
        if not NAME.match(self.name):
            raise ValueError(f"the name {self.name!r} must be a letter followed by letters, digits or _, at most 64")
        if self.type in FILE_TYPES and self.default not in (None, ""):
            raise ValueError(f"the variable {self.name!r} is a file and has no default: leave it out")
        if self.type == "select" and not self.options:
            raise ValueError(f"the variable {self.name!r} is a select and needs options")
        return self


def variable_value(variable: Variable, value: object) -> JsonValue:
    """Return `value` as the variable's type has it; raises `ValueError` that says what it should be."""
    match variable.type:
        case "number":
            return _number(variable, value)
        case "checkbox":
            if not isinstance(value, bool):
                raise ValueError(f"{variable.name!r} is a checkbox and takes true or false, not {value!r}")
            return value
        case "file":
            return _file(variable, value)
        case "file-list":
            return _files(variable, value)
        case _:
            return _text(variable, value)


def _file(variable: Variable, value: object) -> JsonValue:
    file_id = file_id_of(value)
    if not file_id:
        raise ValueError(f"{variable.name!r} takes the id of a file that was uploaded, not {str(value)[:100]!r}")
    return {"id": file_id}


def _files(variable: Variable, value: object) -> JsonValue:
    items = value if isinstance(value, list) else [value]
    most = min(variable.max_length or MAX_FILES, MAX_FILES)
    if len(items) > most:
        raise ValueError(f"{variable.name!r} takes at most {most} files, not {len(items)}")
    return [_file(variable, item) for item in items]


def file_id_of(item: object) -> str:
    """Return the id of a file in our form or in Dify's, empty for none; raises `Invalid` for one from elsewhere."""
    if isinstance(item, str):
        return item
    if not isinstance(item, Mapping):
        return ""
    if item.get("transfer_method") == "remote_url":
        raise Invalid("files are fetched from elsewhere for clients of the service API only: upload it and send its id")
    return str(item.get("upload_file_id") or item.get("id") or "")


def _number(variable: Variable, value: object) -> JsonValue:
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = float(value) if any(mark in value for mark in ".eE") else int(value)
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_INTEGER:
        return value
    raise ValueError(f"{variable.name!r} takes a number, not {str(value)[:100]!r}")


def _text(variable: Variable, value: object) -> JsonValue:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(f"{variable.name!r} takes text, not {value!r}")
    if variable.max_length is not None and len(value) > variable.max_length:
        raise ValueError(f"{variable.name!r} takes at most {variable.max_length} characters, not {len(value)}")
    if variable.type == "select" and value not in variable.options:
        raise ValueError(f"{variable.name!r} takes one of {variable.options!r}, not {value!r}")
    return value


def inputs_parse(variables: Sequence[Variable], given: Mapping[str, object]) -> dict[str, JsonValue]:
    """Return the variables' values; raises `Invalid` with every wrong one. Unknown inputs are left out."""
    values: dict[str, JsonValue] = {}
    wrong: dict[str, list[str]] = {}
    for variable in variables:
        value = given.get(variable.name)
        if value in (None, "", []):
            value = variable.default
        if value in (None, ""):
            if variable.required:
                wrong[f"inputs.{variable.name}"] = [f"{variable.name!r} is required: fill it in"]
            if variable.type == "checkbox":
                values[variable.name] = False
            continue
        try:
            values[variable.name] = variable_value(variable, value)
        except ValueError as error:
            wrong[f"inputs.{variable.name}"] = [str(error)]
    if wrong:
        path, messages = next(iter(wrong.items()))
        raise Invalid(f"{path}: {messages[0]}", fields=wrong)
    return values
