"""The inputs that a start asks for: what each type takes, and what a given value becomes."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, SchemaError, ValidationError
from pydantic import Field, field_validator
from pydantic import JsonValue as AnyJson
from referencing import Registry

from agents.errors import InvalidInput
from agents.nodes.config import Lenient
from agents.types import JsonValue
from agents.workflow.comparing import boolean_of, number_of
from agents.workflow.variables import VarType, var_type

TYPES: Mapping[str, VarType] = {
    "text": "string",
    "url": "string",
    "external_data_tool": "string",
    "number": "number",
    "object": "object",
}
"""The types of inputs whose names are not those of values anyway."""
FILE, FILES = "file", "file-list"
MAX_SCHEMA_CHARS = 20_000
MAX_CHECKS = 1_000_000
"""Keys of the schema times parts of the value."""
MAX_INTEGER = 2**63 - 1
CUSTOM_FILES = "custom"
_SHOWN_CHARS = 80
_COSTLY = frozenset({"pattern", "patternProperties", "$ref", "$dynamicRef", "uniqueItems"})
"""Keywords with which a schema of a few lines occupies a validator for hours."""


class StartVariable(Lenient):
    """One input of the application."""

    variable: str = Field(min_length=1)
    label: str = ""
    type: str = "text-input"
    required: bool = False
    hide: bool = False
    default: AnyJson = None
    max_length: int | None = None
    options: tuple[str, ...] = ()
    allowed_file_types: tuple[str, ...] = ()
    allowed_file_extensions: tuple[str, ...] = ()
    json_schema: dict[str, AnyJson] | None = None

    @field_validator(
        "label", "required", "hide", "options", "allowed_file_types", "allowed_file_extensions", mode="before"
    )
    @classmethod
    def _null_is_absent(cls, value: object, info: object) -> object:
        name = getattr(info, "field_name", "")
        absent: object = "" if name == "label" else False if name in ("required", "hide") else ()
        return absent if value is None else value

    @field_validator("json_schema", mode="before")
    @classmethod
    def _schema_may_be_text(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return json.loads(value)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"it is no JSON: {error}") from error

    @field_validator("json_schema")
    @classmethod
    def _schema_can_be_checked(cls, schema: dict[str, AnyJson] | None) -> dict[str, AnyJson] | None:
        if schema is None:
            return None
        if len(json.dumps(schema)) > MAX_SCHEMA_CHARS:
            raise ValueError(f"it is longer than {MAX_SCHEMA_CHARS} characters: make it simpler")
        if costly := sorted(_COSTLY & set(_keys(schema))):
            raise ValueError(f"{', '.join(costly)} cannot be checked safely: describe the value without")
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise ValueError(f"it is no JSON schema: {error.message[:200]}") from error
        return schema

    @property
    def value_type(self) -> VarType:
        """The type of what the input gives."""
        return TYPES.get(self.type) or var_type(self.type)

    @property
    def is_file(self) -> bool:
        """Whether it takes a file or files, which must be looked up."""
        return self.type in (FILE, FILES)


def value_of(variable: StartVariable, given: JsonValue) -> JsonValue:
    """Return what an input becomes, its default where it was left out; raises `InvalidInput` that names it.

    Files are not looked up here.
    """
    value = variable.default if given is None or given == "" else given
    if value is None or value in ("", []):
        if variable.required:
            raise InvalidInput(f"the input {variable.variable!r} is required: send it in inputs")
        return _ABSENT.get(variable.type, value)
    return _READERS.get(variable.type, _anything)(variable, value)


def named_files(variable: StartVariable, value: JsonValue) -> list[tuple[str, str]]:
    """Return the files that an input names, each with its id and what a message calls it; raises `InvalidInput`."""
    items = value if isinstance(value, list) else [] if value is None else [value]
    if variable.type == FILE and isinstance(value, list):
        raise _wrong(variable, "one file", value)
    if variable.type == FILES and variable.max_length and len(items) > variable.max_length:
        raise InvalidInput(
            f"the input {variable.variable!r} takes at most {variable.max_length} files, not {len(items)}"
        )
    return [_named_file(variable, item) for item in items]


def check_file(variable: StartVariable, kind: str, extension: str, name: str) -> None:
    """Refuse a file of a kind that the input does not take; raises `InvalidInput`."""
    kinds = set(variable.allowed_file_types)
    extensions = {f".{item.lstrip('.').lower()}" for item in variable.allowed_file_extensions}
    if not kinds or kind in kinds or (CUSTOM_FILES in kinds and extension in extensions):
        return
    takes = ", ".join(sorted((kinds - {CUSTOM_FILES}) | (extensions if CUSTOM_FILES in kinds else set())))
    raise InvalidInput(
        f"the input {variable.variable!r} takes {takes or 'other files'}, not {name!r}, a file of type {kind}"
    )


def _keys(value: object) -> Iterator[str]:
    """Yield every key in a schema, at any depth."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            yield from item
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


def _parts(value: JsonValue) -> int:
    """Return how many values there are in a value, at any depth."""
    count = 0
    pending = [value]
    while pending:
        item = pending.pop()
        count += 1
        if isinstance(item, dict | list):
            pending.extend(item.values() if isinstance(item, dict) else item)
    return count


def _wrong(variable: StartVariable, takes: str, value: JsonValue) -> InvalidInput:
    shown = repr(value)
    shown = shown if len(shown) <= _SHOWN_CHARS else f"{shown[:_SHOWN_CHARS]}…"
    return InvalidInput(f"the input {variable.variable!r} takes {takes}, not {shown}")


def _named_file(variable: StartVariable, item: JsonValue) -> tuple[str, str]:
    found: JsonValue = item
    name: JsonValue = None
    if isinstance(item, dict):
        found = item.get("upload_file_id") or item.get("id") or item.get("related_id")
        name = item.get("name") or item.get("filename")
    if not isinstance(found, str) or not found:
        raise _wrong(variable, "files that were uploaded: send {'upload_file_id': …}", item)
    return found, name if isinstance(name, str) and name else found


def _text(variable: StartVariable, value: JsonValue) -> JsonValue:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise _wrong(variable, "text", value)
    if variable.max_length and len(value) > variable.max_length:
        raise InvalidInput(
            f"the input {variable.variable!r} takes at most {variable.max_length} characters, not {len(value)}"
        )
    return value


def _choice(variable: StartVariable, value: JsonValue) -> JsonValue:
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if not isinstance(text, str) or (variable.options and text not in variable.options):
        raise _wrong(variable, f"one of {', '.join(map(repr, variable.options))}", value)
    return text


def _number(variable: StartVariable, value: JsonValue) -> JsonValue:
    number = number_of(value)
    if number is None or (isinstance(number, int) and abs(number) > MAX_INTEGER) or not math.isfinite(number):
        raise _wrong(variable, "a number", value)
    return number


def _truth(variable: StartVariable, value: JsonValue) -> JsonValue:
    truth = boolean_of(value)
    if truth is None:
        raise _wrong(variable, "true or false", value)
    return truth


def _address(variable: StartVariable, value: JsonValue) -> JsonValue:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise _wrong(variable, "an address that begins with http:// or https://", value)
    return _text(variable, value)


def _object(variable: StartVariable, value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise _wrong(variable, "a JSON object", value) from None
    if not isinstance(value, dict):
        raise _wrong(variable, "a JSON object", value)
    if variable.json_schema is not None:
        if sum(1 for _ in _keys(variable.json_schema)) * _parts(value) > MAX_CHECKS:
            raise _wrong(variable, "a smaller JSON object", value)
        try:
            Draft202012Validator(variable.json_schema, registry=Registry()).validate(value)
        except ValidationError as error:
            raise InvalidInput(
                f"the input {variable.variable!r} does not fit its schema at {error.json_path}: {error.message[:200]}"
            ) from error
    return value


def _anything(variable: StartVariable, value: JsonValue) -> JsonValue:
    return value


_ABSENT: Mapping[str, JsonValue] = {"checkbox": False, FILES: []}
_READERS: Mapping[str, Callable[[StartVariable, JsonValue], JsonValue]] = {
    "text": _text,
    "text-input": _text,
    "string": _text,
    "paragraph": _text,
    "select": _choice,
    "number": _number,
    "checkbox": _truth,
    "boolean": _truth,
    "url": _address,
    "json_object": _object,
    "object": _object,
}
