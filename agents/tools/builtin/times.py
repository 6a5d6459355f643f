"""Conversions of time: timestamps, time zones and weekdays."""

import calendar
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel

from agents.errors import ToolRetry
from agents.tools.spec import NoConfig, Tool, ToolContext
from agents.types import JsonObject, JsonValue

FORMAT = "%Y-%m-%d %H:%M:%S"
MAX_FORMAT_CHARS = 100


def zone_of(name: JsonValue) -> ZoneInfo:
    """Return a time zone by its IANA name, UTC for none; raises `ToolRetry`."""
    text = str(name or "UTC").strip()
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ToolRetry(f"there is no time zone {text!r}: use an IANA name such as Europe/Paris or UTC") from error


def moment_of(text: JsonValue, zone: ZoneInfo) -> datetime:
    """Read a date and time; what says no offset of its own is in `zone`. Raises `ToolRetry`."""
    written = str(text).strip()
    try:
        found = datetime.fromisoformat(written)
    except ValueError as error:
        raise ToolRetry(f"{written[:100]!r} is no time: write it as 2026-11-21 13:45:00") from error
    return found if found.tzinfo else found.replace(tzinfo=zone)


def written(moment: datetime, form: JsonValue = None) -> str:
    """Return a time as text in a format of strftime; raises `ToolRetry`."""
    pattern = str(form or FORMAT)
    if len(pattern) > MAX_FORMAT_CHARS:
        raise ToolRetry(f"the format has {len(pattern)} characters; at most {MAX_FORMAT_CHARS} are taken")
    try:
        return moment.strftime(pattern)
    except ValueError as error:
        raise ToolRetry(f"{pattern!r} is no format of a time: write it as {FORMAT}") from error


def _schema(required: tuple[str, ...], **properties: JsonValue) -> JsonObject:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _text(description: str) -> Mapping[str, JsonValue]:
    return {"type": "string", "description": description}


ZONE = dict(_text("IANA name such as Asia/Shanghai; UTC when left out"))


class _Conversion:
    """What the conversions share: they ask nobody."""

    icon: ClassVar[str] = "clock"
    idempotent: ClassVar[bool] = True
    trusted: ClassVar[bool] = True
    config_type: ClassVar[type[BaseModel]] = NoConfig


class LocaltimeToTimestamp(_Conversion):
    """The tool."""

    name: ClassVar[str] = "localtime_to_timestamp"
    title: ClassVar[str] = "Local time to timestamp"
    description: ClassVar[str] = "Turn a date and time of a time zone into a Unix timestamp in seconds"
    parameters: ClassVar[JsonObject] = _schema(
        ("localtime",), localtime=dict(_text("such as 2026-11-21 13:45:00")), timezone=ZONE
    )

    @classmethod
    def configured(cls, config: JsonObject) -> Tool:
        return cls()

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> str:
        moment = moment_of(arguments["localtime"], zone_of(arguments.get("timezone")))
        return str(int(moment.timestamp()))


class TimestampToLocaltime(_Conversion):
    """The tool."""

    name: ClassVar[str] = "timestamp_to_localtime"
    title: ClassVar[str] = "Timestamp to local time"
    description: ClassVar[str] = "Turn a Unix timestamp in seconds into the date and time of a time zone"
    parameters: ClassVar[JsonObject] = _schema(
        ("timestamp",),
        timestamp={"type": "number", "description": "seconds since 1970-01-01 UTC"},
        timezone=ZONE,
        format=dict(_text(f"of strftime; {FORMAT} when left out")),
    )

    @classmethod
    def configured(cls, config: JsonObject) -> Tool:
        return cls()

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> str:
        seconds = arguments["timestamp"]
        assert isinstance(seconds, int | float), "the schema asks for a number"
        try:
            moment = datetime.fromtimestamp(seconds, UTC).astimezone(zone_of(arguments.get("timezone")))
        except (ValueError, OverflowError, OSError) as error:
            raise ToolRetry(f"{seconds!r} is no timestamp: give seconds since 1970, not milliseconds") from error
        return written(moment, arguments.get("format"))


class TimezoneConversion(_Conversion):
    """The tool."""

    name: ClassVar[str] = "timezone_conversion"
    title: ClassVar[str] = "Time zone conversion"
    description: ClassVar[str] = "Turn a date and time of one time zone into that of another"
    parameters: ClassVar[JsonObject] = _schema(
        ("current_time", "current_timezone", "target_timezone"),
        current_time=dict(_text("such as 2026-11-21 13:45:00")),
        current_timezone=dict(_text("the IANA name of its zone")),
        target_timezone=dict(_text("the IANA name of the zone that is wanted")),
    )

    @classmethod
    def configured(cls, config: JsonObject) -> Tool:
        return cls()

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> str:
        moment = moment_of(arguments["current_time"], zone_of(arguments["current_timezone"]))
        try:
            return written(moment.astimezone(zone_of(arguments["target_timezone"])))
        except OverflowError as error:
            raise ToolRetry(f"{arguments['current_time']!r} is beyond the years 1 to 9999 there") from error


class Weekday(_Conversion):
    """The tool."""

    name: ClassVar[str] = "weekday"
    title: ClassVar[str] = "Weekday"
    description: ClassVar[str] = "Tell the weekday of a date"
    parameters: ClassVar[JsonObject] = _schema(
        ("year", "month", "day"),
        year={"type": "integer"},
        month={"type": "integer", "description": "1 to 12"},
        day={"type": "integer", "description": "1 to 31"},
    )

    @classmethod
    def configured(cls, config: JsonObject) -> Tool:
        return cls()

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> str:
        parts = [arguments["year"], arguments["month"], arguments["day"]]
        year, month, day = (part if isinstance(part, int) else 0 for part in parts)
        try:
            found = date(year, month, day)
        except (ValueError, OverflowError) as error:
            raise ToolRetry(f"there is no day {year}-{month}-{day}") from error
        return calendar.day_name[found.weekday()]
