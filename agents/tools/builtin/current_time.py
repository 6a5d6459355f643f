"""The current date, time and weekday anywhere on Earth."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel

from agents.errors import ToolRetry
from agents.tools.spec import NoConfig, Tool, ToolContext
from agents.types import JsonObject


class CurrentTime:
    """The tool; `clock` returns an aware time, and is replaced in tests."""

    name: ClassVar[str] = "current_time"
    title: ClassVar[str] = "Current time"
    description: ClassVar[str] = "Get the current date, time and weekday in a time zone"
    icon: ClassVar[str] = "clock"
    idempotent: ClassVar[bool] = True
    parameters: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "timezone": {"type": "string", "description": "IANA name such as Asia/Shanghai; UTC when left out"}
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
        name = str(arguments.get("timezone") or "UTC").strip()
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ToolRetry(f"there is no time zone {name!r}: use an IANA name such as Europe/Paris or UTC") from error
        now = self._clock().astimezone(zone)
        return f"{now:%Y-%m-%d %H:%M:%S}, {now:%A}, {name} (UTC{now:%z})"
