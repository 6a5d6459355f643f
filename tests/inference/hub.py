"""A stand-in of a hub's API on loopback: real HTTP, with the faults that a hub has."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class StandIn:
    """`files` of every repository that is asked for. The faults are counted down as they happen."""

    files: dict[str, bytes]
    url: str = ""
    status: int = 200
    status_of_list: int = 200
    token: str = ""
    breaks: list[int] = field(default_factory=list)  # after so many bytes of a file the connection is cut
    lies: Mapping[str, str] = field(default_factory=dict)  # SHA-256 that the list says instead of the true one
    refuses_ranges: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)  # (path, range)

    def listing(self) -> bytes:
        siblings = []
        for name, content in self.files.items():
            item: dict[str, object] = {"rfilename": name, "size": len(content)}
            if name.endswith((".gguf", ".safetensors")):
                digest = self.lies.get(name) or hashlib.sha256(content).hexdigest()
                item["lfs"] = {"sha256": digest, "size": len(content)}
            else:
                blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
                item["blobId"] = blob.hexdigest()
            siblings.append(item)
        return json.dumps({"sha": COMMIT, "cardData": {"license": "apache-2.0"}, "siblings": siblings}).encode()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                headers = {
                    line.split(":")[0].lower(): line.split(":", 1)[1].strip() for line in lines[1:] if ":" in line
                }
                if not await self._answer(writer, lines[0].split()[1], headers):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, path: str, headers: Mapping[str, str]) -> bool:
        self.asked.append((path.split("?", maxsplit=1)[0], headers.get("range", "")))
        if self.token and headers.get("authorization") != f"Bearer {self.token}":
            return await _send(writer, 401, b"no")
        if path.startswith("/api/models/"):
            return await _send(writer, self.status_of_list, self.listing() if self.status_of_list == 200 else b"no")
        if self.status != 200:
            return await _send(writer, self.status, b"no")
        name = path.split("/resolve/")[1].split("/", 1)[1]
        content = self.files[name]
        start = 0
        if "range" in headers and not self.refuses_ranges:
            start = int(headers["range"].removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                return await _send(writer, 416, b"")
        extra = f"Content-Range: bytes {start}-{len(content) - 1}/{len(content)}\r\n" if start else ""
        cut = self.breaks.pop(0) if self.breaks else None
        return await _send(writer, 206 if start else 200, content[start:], extra, cut)


async def _send(
    writer: asyncio.StreamWriter, status: int, body: bytes, extra: str = "", cut: int | None = None
) -> bool:
    writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode())
    writer.write(body if cut is None else body[:cut])
    await writer.drain()
    return cut is None


@asynccontextmanager
async def stand_in(files: dict[str, bytes]) -> AsyncIterator[StandIn]:
    """Serve `files` on a free port of loopback."""
    hub = StandIn(files)
    server = await asyncio.start_server(hub.serve, "127.0.0.1", 0)
    hub.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield hub
    finally:
        server.close()
