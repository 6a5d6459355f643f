"""JSON schemas as rows of a table: one row per key, nested keys with dots."""

import json
from collections.abc import Iterator, Mapping
from typing import cast

from backend.config.reference.markdown import code

HEAD = ("Key", "Type", "Default", "Meaning and bounds")
BOUNDS = (
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "above {}"),
    ("maximum", "at most {}"),
    ("exclusiveMaximum", "below {}"),
)
Schema = Mapping[str, object]
Row = tuple[str, str, str, str]


def schema_rows(schema: Schema) -> list[Row]:
    """Return the rows of an object's schema, in the order of its definition."""
    return list(_rows(schema, cast(Schema, schema.get("$defs", {})), ""))


def _rows(schema: Schema, definitions: Schema, prefix: str) -> Iterator[Row]:
    required = cast(list[str], schema.get("required", []))
    for name, given in cast(Mapping[str, Schema], schema.get("properties", {})).items():
        found = _resolved(given, definitions)
        items = _resolved(cast(Schema, found.get("items") or {}), definitions)
        key = f"{prefix}{name}"
        default = "required" if name in required else _default(given)
        yield code(key), _type(found, items), default, _meaning(found)
        if "properties" in found:
            yield from _rows(found, definitions, f"{key}.")
        elif "properties" in items:
            yield from _rows(items, definitions, f"{key}[].")


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """Return the schema behind a reference, or behind the one choice that is not null."""
    if "$ref" in schema:
        return cast(Schema, definitions[str(schema["$ref"]).rpartition("/")[2]])
    choices = [item for item in cast(list[Schema], schema.get("anyOf", [])) if item.get("type") != "null"]
    return _resolved(choices[0], definitions) if len(choices) == 1 else schema


def _type(schema: Schema, items: Schema) -> str:
    if "enum" in schema:
        return " or ".join(code(value) for value in cast(list[object], schema["enum"]))
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return f"list of {items.get('type', 'any')}s" if items else "list"
    return kind


def _default(schema: Schema) -> str:
    default = schema.get("default")
    if default is None or default in ("", [], {}):
        return ""
    if isinstance(default, dict):
        return ""  # an object's defaults stand in the rows of its keys
    return code(default if isinstance(default, str) else json.dumps(default))


def _meaning(schema: Schema) -> str:
    said = str(schema.get("description", "")).replace("\n", " ")
    bounds = ", ".join(text.format(schema[name]) for name, text in BOUNDS if name in schema)
    return "; ".join(part for part in (said.removesuffix("."), bounds) if part)
