"""The ends of a sandbox's pipes on our side: frames from the result pipe, and what was printed, cut at a limit."""

import asyncio
import json
import math
from collections.abc import Callable
from typing import cast

from agents.types import JsonValue

PREFIX_BYTES = 4
MAX_DEPTH = 64
"""Of lists and dicts in each other, in what code returns: everything after us reads it without running out of stack."""


class ChannelBroken(Exception):
    """What came through the result pipe is no frame of JSON; the message says in which way."""


class ChannelClosed(Exception):
    """The sandbox ended without another frame."""


class Inbox(asyncio.Protocol):
    """Collects frames."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._is_over = False
        self._changed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self._data += data
        self._changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_over = True
        self._changed.set()

    async def frame(self, limit_bytes: int) -> bytes:
        """Return the next frame; raises `ChannelClosed`, and `ChannelBroken` for one longer than `limit_bytes`."""
        while True:
            if len(self._data) >= PREFIX_BYTES:
                size = int.from_bytes(self._data[:PREFIX_BYTES], "big")
                if size > limit_bytes:
                    raise ChannelBroken(f"a result of {size} bytes; at most {limit_bytes} are taken")
                if len(self._data) >= PREFIX_BYTES + size:
                    frame = bytes(self._data[PREFIX_BYTES : PREFIX_BYTES + size])
                    del self._data[: PREFIX_BYTES + size]
                    return frame
            if self._is_over:
                raise ChannelClosed
            self._changed.clear()
            await self._changed.wait()


class Printed(asyncio.Protocol):
    """Keeps the first `limit_bytes` of what was printed; calls `on_flood` once it is more than `flood_bytes`."""

    def __init__(self, limit_bytes: int, flood_bytes: int, on_flood: Callable[[], None]) -> None:
        self._limit_bytes, self._flood_bytes = limit_bytes, flood_bytes
        self._on_flood = on_flood
        self._kept = bytearray()
        self._size_bytes = 0
        self.is_over = asyncio.Event()

    @property
    def is_flood(self) -> bool:
        """Whether it was more than anybody prints on purpose."""
        return self._size_bytes > self._flood_bytes

    def data_received(self, data: bytes) -> None:
        was_flood = self.is_flood
        self._kept += data[: max(0, self._limit_bytes - self._size_bytes)]
        self._size_bytes += len(data)
        if self.is_flood and not was_flood:
            self._on_flood()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_over.set()

    def text(self) -> str:
        """Return what was printed as text; what was cut is said at its end."""
        text = storable(self._kept.decode("utf-8", "replace"))
        left_out = self._size_bytes - len(self._kept)
        return f"{text}\n[cut: {left_out} of {self._size_bytes} bytes left out]" if left_out > 0 else text


def framed(message: dict[str, JsonValue]) -> bytes:
    """Return the frame of a job."""
    payload = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
    return len(payload).to_bytes(PREFIX_BYTES, "big") + payload


def message_of(frame: bytes) -> dict[str, JsonValue]:
    """Return the object that a frame holds, fit to be stored; raises `ChannelBroken`."""
    try:
        message = json.loads(frame.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ChannelBroken(f"a result that is no JSON: {error}") from error
    if not isinstance(message, dict):
        raise ChannelBroken("a result that is no JSON object")
    return cast(dict[str, JsonValue], _clean(message, 0))


def storable(text: str) -> str:
    """Return the text without what PostgreSQL and UTF-8 cannot hold: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _clean(value: JsonValue, depth: int) -> JsonValue:
    if depth > MAX_DEPTH:
        raise ChannelBroken(f"a result nested deeper than {MAX_DEPTH}")
    match value:
        case str():
            return storable(value)
        case float() if not math.isfinite(value):
            raise ChannelBroken("a result with a number that is too large")
        case list():
            return [_clean(item, depth + 1) for item in value]
        case dict():
            return {storable(key): _clean(item, depth + 1) for key, item in value.items()}
        case _:
            return value
