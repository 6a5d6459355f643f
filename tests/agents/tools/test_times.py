"""The five kinds of time; all of them in zones, and none beyond the calendar."""

from datetime import UTC, datetime

import pytest

from agents.errors import ToolRetry
from agents.tools.builtin.current_time import CurrentTime
from agents.tools.builtin.times import LocaltimeToTimestamp, TimestampToLocaltime, TimezoneConversion, Weekday
from agents.tools.spec import Tool
from agents.types import JsonValue
from tests.agents.test_tools import CONTEXT

NOW = CurrentTime(lambda: datetime(2026, 11, 20, 17, 30, 5, tzinfo=UTC))


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        (NOW, {"format": "%d.%m.%Y %H:%M", "timezone": "Europe/Berlin"}, "20.11.2026 18:30"),
        (LocaltimeToTimestamp(), {"localtime": "1970-01-01 00:00:10"}, "10"),
        (LocaltimeToTimestamp(), {"localtime": "2026-03-29 03:30:00", "timezone": "Europe/Berlin"}, "1774747800"),
        (LocaltimeToTimestamp(), {"localtime": "2026-01-01T00:00:00+02:00", "timezone": "Asia/Tokyo"}, "1767218400"),
        (TimestampToLocaltime(), {"timestamp": 10}, "1970-01-01 00:00:10"),
        (TimestampToLocaltime(), {"timestamp": -1.5, "format": "%Y"}, "1969"),
        (TimezoneConversion(), {"current_time": "2026-01-01 00:00:00", "current_timezone": "UTC",
                                "target_timezone": "America/New_York"}, "2025-12-31 19:00:00"),
        (Weekday(), {"year": 2024, "month": 2, "day": 29}, "Thursday"),
    ],
)  # fmt: skip
async def test_time_is_converted(tool: Tool, arguments: dict[str, JsonValue], said: str) -> None:
    assert await tool.call(arguments, CONTEXT) == said


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        (NOW, {"timezone": "Mars/Olympus"}, "no time zone"),
        (NOW, {"format": "%Y" * 60}, "at most"),
        (LocaltimeToTimestamp(), {"localtime": "tomorrow"}, "no time"),
        (LocaltimeToTimestamp(), {"localtime": "2026-02-30 00:00:00"}, "no time"),
        (TimestampToLocaltime(), {"timestamp": 1e15}, "no timestamp"),
        (TimestampToLocaltime(), {"timestamp": 10**400}, "no timestamp"),
        (TimezoneConversion(), {"current_time": "0001-01-01 00:00:00", "current_timezone": "UTC",
                                "target_timezone": "America/New_York"}, "beyond"),
        (Weekday(), {"year": 2025, "month": 2, "day": 29}, "no day"),
        (Weekday(), {"year": 10**30, "month": 2, "day": 29}, "no day"),
    ],
)  # fmt: skip
async def test_what_is_no_time_says_so(tool: Tool, arguments: dict[str, JsonValue], says: str) -> None:
    with pytest.raises(ToolRetry, match=says):
        await tool.call(arguments, CONTEXT)
