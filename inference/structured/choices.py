"""Which options of a schema exclude each other, so that 'oneOf' is the same as 'anyOf'."""

import json
from collections.abc import Mapping, Sequence

_MOST_STEPS = 64  # from reference to reference


def is_of_type(value: object, kind: str) -> bool:
    """Say whether a JSON value is of the type that a schema names."""
    match kind:
        case "object":
            return isinstance(value, Mapping)
        case "array":
            return isinstance(value, list | tuple)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "null":
            return value is None
        case _:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return is_number and (kind == "number" or value == int(value))  # type: ignore[call-overload]  # a number


def are_disjoint(options: Sequence[object], root: Mapping[str, object]) -> bool:
    """Say whether no value fits two options: their types differ, or constants of required properties do."""
    kinds: set[str] = set()
    marks: set[str] = set()
    for option in options:
        resolved = _resolved(option, root)
        if resolved is None:
            return False
        own, mark = _kinds(resolved), _marks(resolved)
        if not own or (own & kinds and not (mark and not mark & marks)):
            return False
        kinds |= own
        marks |= mark
    return True


def _resolved(option: object, root: Mapping[str, object]) -> Mapping[str, object] | None:
    for _ in range(_MOST_STEPS):
        if not isinstance(option, Mapping):
            return None
        reference = option.get("$ref")
        if not isinstance(reference, str):
            return option if not {"anyOf", "oneOf", "allOf"} & option.keys() else None
        found: object = root
        for part in reference.split("/")[1:]:
            found = found.get(part) if isinstance(found, Mapping) else None
        option = found
    return None


def _kinds(schema: Mapping[str, object]) -> set[str]:
    """Return the types of the schema's values, empty where they are not known."""
    if {"const", "enum"} & schema.keys():
        values = [schema["const"]] if "const" in schema else schema["enum"]
        if not isinstance(values, list):
            return set()
        known = ("object", "array", "string", "boolean", "null", "number")
        return {kind for kind in known for value in values if is_of_type(value, kind)}
    given = schema.get("type")
    types = [given] if isinstance(given, str) else given
    if not isinstance(types, list):
        return {"object"} if "properties" in schema else set()
    return {"number" if kind == "integer" else str(kind) for kind in types}


def _marks(schema: Mapping[str, object]) -> set[str]:
    """Return what tells one option from the others: its own constants, or those of one required property."""
    if "const" in schema or "enum" in schema:
        return {f"={_written(value)}" for value in _constants(schema)}
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, Mapping) or not isinstance(required, list):
        return set()
    for name, part in properties.items():
        if name in required and isinstance(part, Mapping) and _constants(part):
            return {f"{name}={_written(value)}" for value in _constants(part)}
    return set()


def _constants(schema: Mapping[str, object]) -> list[object]:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    return values if isinstance(values, list) else []


def _written(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)
