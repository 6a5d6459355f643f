"""The types of a run's events for the web page, so that nobody types them a second time."""

import typing
from dataclasses import fields
from pathlib import Path

from agents.events import BODIES
from agents.types import JsonObject, JsonValue, Source

TARGET = Path(__file__).resolve().parents[3] / "frontend" / "src" / "shared" / "api" / "events.generated.ts"
TYPES = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    JsonObject: "JsonObject",
    JsonValue: "Json",
    Source: "Source",
}
NONE = type(None)
HEAD = """/** Written by `python -m django docs_write` from agents/events.py: change it there. */
import type { Json, JsonObject } from "./types";
"""


def type_of(annotation: object) -> str:
    """Return a field's TypeScript type; raises `LookupError` for one that has none here."""
    if annotation in TYPES:
        return TYPES[annotation]  # type: ignore[index]  # looked up just now
    arguments = [item for item in typing.get_args(annotation) if item is not Ellipsis]
    if typing.get_origin(annotation) is tuple:
        return f"{type_of(arguments[0])}[]"
    if NONE in arguments:
        return " | ".join([*(type_of(item) for item in arguments if item is not NONE), "null"])
    raise LookupError(f"{annotation!r} has no type in {__name__}.TYPES")


def _interface(name: str, base: str, kind: type, tag: str = "") -> str:
    lines = [f"  {item.name}: {type_of(item.type)};" for item in fields(kind)]
    tagged = [f'  kind: "{tag}";'] if tag else []
    return "\n".join([f"export interface {name}{base} {{", *tagged, *lines, "}"])


def events_module() -> str:
    """Return the module: a source, one interface per event, and their closed union."""
    parts = [
        HEAD,
        _interface("Source", "", Source),
        "interface Numbered {\n  run_id: string;\n  seq: number;\n  at: string;\n}",
        *(_interface(body.__name__, " extends Numbered", body, kind) for kind, body in BODIES.items()),
        "export type RunEvent =\n" + "\n".join(f"  | {body.__name__}" for body in BODIES.values()) + ";",
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"
