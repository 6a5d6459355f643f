"""Frames on a socket: four bytes of length, then that many bytes; the same on both ends."""

import asyncio
import struct
from collections.abc import Callable
from typing import cast

MAX_FRAME_BYTES = 256 * 2**20
_LENGTH = struct.Struct("<I")


class Wire(asyncio.Protocol):
    """One end. Frames are handed to `on_frame` as they complete; `lost` is set when the other end is gone.

    An `on_frame` that raises ValueError (msgspec's errors are some) or a frame beyond the limit closes the wire.
    """

    def __init__(self, on_frame: Callable[[bytes], None]) -> None:
        self._on_frame = on_frame
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self.lost = asyncio.Event()

    def send(self, frame: bytes) -> None:
        """Queue a frame; after the wire is lost, drop it."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.writelines((_LENGTH.pack(len(frame)), frame))

    async def writable(self) -> None:
        """Wait until the other end has read enough to take more."""
        await self._writable.wait()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class is not one by inheritance

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        start, end = 0, len(buffer)
        try:
            while end - start >= _LENGTH.size:
                (size,) = _LENGTH.unpack_from(buffer, start)
                if size > MAX_FRAME_BYTES:
                    raise ValueError(f"a frame of {size} bytes")
                if end - start < _LENGTH.size + size:
                    break
                start += _LENGTH.size
                self._on_frame(bytes(buffer[start : start + size]))
                start += size
        except ValueError:
            self.close()
            return
        del buffer[:start]

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, _problem: Exception | None) -> None:
        self._writable.set()
        self.lost.set()
