"""One streamed HTTP request on asyncio's own streams, each piece with the moment it came.

On two cores the client's own work is taken from the server that it measures, and httpx spends several times as much on
each event.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

_LIMIT_BYTES = 2**20

Pieces = list[tuple[float, bytes]]
"""What has come of a body, with the moments in seconds of `time.perf_counter`."""


@dataclass(frozen=True, slots=True)
class Head:
    """How an answer begins; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]


async def post(port: int, route: str, body: bytes, pieces: Pieces, *, bearer: str = "") -> Head:
    """Send JSON to this machine and add the answer's pieces to `pieces` until it ends; return how it began.

    Raises what asyncio's streams raise; what had come by then stays in `pieces`.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_LIMIT_BYTES)
    try:
        authorization = f"Authorization: Bearer {bearer}\r\n" if bearer else ""
        head = (
            f"POST {route} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n{authorization}"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await _read_head(reader)
        is_chunked = answer.headers.get("transfer-encoding") == "chunked"
        async for piece in _chunked(reader) if is_chunked else _until_closed(reader):
            pieces.append((time.perf_counter(), piece))
    finally:
        writer.close()
    return answer


async def _read_head(reader: asyncio.StreamReader) -> Head:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    return Head(int(lines[0].split(" ", 2)[1]), headers)


async def _chunked(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readline() or b"0", 16):
        yield (await reader.readexactly(size + 2))[:-2]


async def _until_closed(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while piece := await reader.read(_LIMIT_BYTES):
        yield piece
