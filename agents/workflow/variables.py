"""The types of values that flow through a graph: what a value is, and what may go where. Names are Dify's."""

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from agents.types import JsonValue

VarType = Literal[
    "string",
    "number",
    "boolean",
    "object",
    "file",
    "array[string]",
    "array[number]",
    "array[boolean]",
    "array[object]",
    "array[file]",
    "array[any]",
    "any",
]
VAR_TYPES: frozenset[str] = frozenset(get_args(VarType))
ALIASES: Mapping[str, VarType] = {
    "secret": "string",
    "integer": "number",
    "float": "number",
    "bool": "boolean",
    "array": "array[any]",
    "file-list": "array[file]",
    "text-input": "string",
    "paragraph": "string",
    "select": "string",
    "checkbox": "boolean",
    "json_object": "object",
    "array[message]": "array[object]",
    "array[integer]": "array[number]",
    "array[float]": "array[number]",
}
FILE_KEYS = frozenset({"id", "name", "mime_type"})


def var_type(name: str) -> VarType:
    """Return the type that `name` means in a saved graph; "any" where nobody can say."""
    if name in VAR_TYPES:
        return name  # type: ignore[return-value]  # just checked
    return ALIASES.get(name, "any")


def element_of(array: VarType) -> VarType:
    """Return the type of an array's elements; "any" for what is no array of one type."""
    return var_type(array.removeprefix("array[").removesuffix("]")) if array.startswith("array[") else "any"


def is_array(kind: VarType) -> bool:
    """Whether values of this type are lists."""
    return kind.startswith("array")


def fits(given: VarType, wanted: Iterable[VarType]) -> bool:
    """Whether a value declared as `given` may go where one of `wanted` is asked for; unknown types may."""
    for kind in wanted:
        if "any" in (given, kind) or given == kind:
            return True
        if is_array(given) and is_array(kind) and "array[any]" in (given, kind):
            return True
        if (given, kind) == ("file", "object") or (given, kind) == ("array[file]", "array[object]"):
            return True
    return False


def is_file(value: JsonValue) -> bool:
    """Whether the value stands for a file."""
    return isinstance(value, dict) and value.keys() >= FILE_KEYS


def file_attribute(file: Mapping[str, JsonValue], name: str) -> JsonValue:
    """Return an attribute of a file by our name or by Dify's; null for one that it has not."""
    match name:
        case "size":
            return file.get("size", file.get("size_bytes"))
        case "filename":
            return file.get("filename", file["name"])
        case "related_id":
            return file.get("related_id", file["id"])
        case "transfer_method":
            return file.get("transfer_method", "local_file")
        case "url" | "remote_url":
            return file.get(name, "")
        case _:
            return file.get(name)


def file_value(ref_id: str, name: str, mime_type: str, size_bytes: int) -> dict[str, JsonValue]:
    """Return how a file stands among the values of a graph; `type` is Dify's word for what it is good for."""
    family = mime_type.partition("/")[0]
    kind = family if family in ("image", "audio", "video") else "document"
    return {
        "id": ref_id,
        "name": name,
        "mime_type": mime_type,
        "size_bytes": size_bytes,
        "type": kind,
        "extension": f".{name.rpartition('.')[2].lower()}" if "." in name else "",
    }


def type_of(value: JsonValue) -> VarType:
    """Return the most exact type of a value; null is "any"."""
    match value:
        case None:
            return "any"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case dict():
            return "file" if is_file(value) else "object"
        case list():
            kinds = {type_of(item) for item in value}
            return var_type(f"array[{kinds.pop()}]") if len(kinds) == 1 else "array[any]"


def is_of(value: JsonValue, kind: VarType) -> bool:
    """Whether a value is of the type, every element of a list included; null is of every type."""
    if value is None or kind == "any":
        return True
    if isinstance(value, list):
        return is_array(kind) and all(is_of(item, element_of(kind)) for item in value)
    return fits(type_of(value), (kind,))


def empty_of(kind: VarType) -> JsonValue:
    """Return the value that a variable of this type has before anything is assigned to it."""
    match kind:
        case "string":
            return ""
        case "number":
            return 0
        case "boolean":
            return False
        case "object":
            return {}
        case _:
            return [] if is_array(kind) else None
