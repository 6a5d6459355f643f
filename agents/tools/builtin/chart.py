"""Charts of numbers, kept as an SVG file of the run."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from pydantic import BaseModel

from agents.errors import InvalidInput, ToolRetry
from agents.tools.builtin.svg import bars, line, pie
from agents.tools.spec import NoConfig, Tool, ToolContext, ToolOutput
from agents.types import JsonObject, JsonValue

MAX_VALUES = 1000
MAX_TEXT_CHARS = 200
KINDS: Mapping[str, Callable[[str, Sequence[str], Sequence[float]], str]] = {"bar": bars, "line": line, "pie": pie}
TEXTS: Mapping[str, JsonValue] = {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}


class Chart:
    """The tool; lists may be texts with semicolons between their parts."""

    name: ClassVar[str] = "chart"
    title: ClassVar[str] = "Chart"
    description: ClassVar[str] = "Draw numbers as a bar, line or pie chart"
    icon: ClassVar[str] = "chart-bar"
    idempotent: ClassVar[bool] = True
    trusted: ClassVar[bool] = True
    outputs: ClassVar[dict[str, str]] = {"svg": "string"}
    parameters: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "kind": {"type": "string", "enum": ["bar", "line", "pie"]},
            "data": {
                "anyOf": [{"type": "array", "items": {"type": "number"}}, {"type": "string"}],
                "description": "the numbers: a list, or a text such as 3;1;2",
            },
            "labels": {**TEXTS, "description": "what each number is: a list, or a text such as a;b;c"},
            "title": {"type": "string"},
        },
        "required": ["kind", "data"],
        "additionalProperties": False,
    }
    config_type: ClassVar[type[BaseModel]] = NoConfig

    @classmethod
    def configured(cls, config: JsonObject) -> Tool:
        return cls()

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> ToolOutput:
        kind, title = str(arguments["kind"]), str(arguments.get("title") or "")[:MAX_TEXT_CHARS]
        values = [_number(item) for item in _parts(arguments["data"])]
        if not 0 < len(values) <= MAX_VALUES:
            raise ToolRetry(f"there are {len(values)} numbers; a chart has from 1 to {MAX_VALUES}")
        labels = [str(item).strip()[:MAX_TEXT_CHARS] for item in _parts(arguments.get("labels"))]
        if labels and len(labels) != len(values):
            raise ToolRetry(f"there are {len(values)} numbers and {len(labels)} labels: give as many of both")
        try:
            svg = KINDS[kind](title, labels or [str(number) for number in range(1, len(values) + 1)], values)
        except ValueError as error:
            raise ToolRetry(str(error)) from error
        try:
            file = await ctx.files.create(f"{kind}-chart.svg", "image/svg+xml", svg.encode())
        except InvalidInput:  # no place for files here: the drawing itself is the answer
            return ToolOutput(svg, {"svg": svg})
        return ToolOutput(f"The {kind} chart is the file {file.name!r}.", {"svg": svg}, (file,))


def _parts(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, str):
        return [part for part in value.replace("；", ";").split(";") if part.strip()]
    return value if isinstance(value, list) else []


def _number(value: JsonValue) -> float:
    try:
        found = float(value)  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError, OverflowError) as error:
        raise ToolRetry(f"{str(value)[:50]!r} is no number") from error
    if not math.isfinite(found) or abs(found) > 1e300:
        raise ToolRetry(f"{str(value)[:50]!r} cannot be drawn")
    return found
