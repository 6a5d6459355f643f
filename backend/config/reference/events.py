"""The page of events: the closed set that a run's stream, trace and log consist of."""

import json
import typing
from dataclasses import MISSING, fields

from agents.events import BODIES, TERMINAL_KINDS
from agents.types import JsonObject, JsonValue, Source
from backend.config.reference.markdown import code, page, paragraphs, section, table

TYPES = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    JsonObject: "object",
    JsonValue: "any JSON",
    Source: "source",
}
NONE = type(None)


def type_name(annotation: object) -> str:
    """Return a field's type in JSON's words; raises `LookupError` for one that the page has no word for."""
    if annotation in TYPES:
        return TYPES[annotation]  # type: ignore[index]  # looked up just now
    arguments = [item for item in typing.get_args(annotation) if item is not Ellipsis]
    if typing.get_origin(annotation) is tuple:
        return f"list of {type_name(arguments[0])}s"
    if NONE in arguments:
        return " or ".join([*(type_name(item) for item in arguments if item is not NONE), "null"])
    raise LookupError(f"{annotation!r} has no name in {__name__}.TYPES")


def field_table(kind: type) -> str:
    """Return the fields of a dataclass; nothing when it has none."""
    rows = [
        (
            code(item.name),
            type_name(item.type),
            _default(item.default),
        )
        for item in fields(kind)
    ]
    return table(("Field", "Type", "Default"), rows) if rows else "No fields."


def _default(value: object) -> str:
    if value is MISSING:
        return ""
    return "empty" if value in ("", ()) else code(value if isinstance(value, str) else json.dumps(value))


def events_page() -> str:
    """Return the page."""
    return page(
        "Events",
        "What a run tells while it happens: the stream of `/api/v1/runs/{id}/events` and of "
        "`/api/v1/apps/{id}/runs`, the trace and the log are made of these alone.",
        "As server-sent events each has `id: <seq>`, `event: <kind>` and `data:` with the fields below beside "
        "`run_id`, `seq` and `at` (ISO 8601, UTC). `seq` only grows, with gaps; a reader that comes back sends "
        "the last one as `Last-Event-ID` and gets the rest. A comment line comes while nothing happens. "
        f"A run ends with {', '.join(code(kind) for kind in sorted(TERMINAL_KINDS))}.",
        *(section(code(kind), _sentence(body), field_table(body)) for kind, body in BODIES.items()),
        section("A source", paragraphs(Source), field_table(Source)),
    )


def _sentence(body: type) -> str:
    said = paragraphs(body)
    if not said:
        raise LookupError(f"{body.__name__} has no docstring: say what the event means, the reference shows it")
    return said[:1].upper() + said[1:] if not said.startswith("`") else said
