"""The current date, time and weekday anywhere on Earth."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import BaseModel

from agents.tools.builtin.times import written, zone_of
from agents.tools.spec import NoConfig, Tool, ToolContext
from agents.types import JsonObject


class CurrentTime:
    """The tool; `clock` returns an aware time, and is replaced in tests."""

    name: ClassVar[str] = "current_time"
    title: ClassVar[str] = "Current time"
    description: ClassVar[str] = "Get the current date, time and weekday in a time zone"
    icon: ClassVar[str] = "clock"
    idempotent: ClassVar[bool] = True
    trusted: ClassVar[bool] = True
    parameters: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "timezone": {"type": "string", "description": "the IANA name of the time zone, like Asia/Shanghai"},
            "format": {"type": "string", "description": "of strftime; date, time, weekday and zone when left out"},
        },
        "additionalProperties": False,
    }
    config_type: ClassVar[type[BaseModel]] = NoConfig

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock

    @classmethod
    def configured(cls, config: JsonObject) -> Tool:
        return cls()

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> str:
        zone = zone_of(arguments.get("timezone"))
        now = self._clock().astimezone(zone)
        if arguments.get("format"):
            return written(now, arguments["format"])
        return f"{now:%Y-%m-%d %H:%M:%S}, {now:%A}, {zone.key} (UTC{now:%z})"
