"""Stand-ins for the internet: a server on loopback that keeps every request byte by byte, and a resolver of names."""

import asyncio
import ipaddress
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from agents.egress import EgressRules, PublicTransport
from agents.errors import InvalidInput
from agents.types import FileRef, JsonValue
from rag.errors import RagError
from rag.extract.isolated import extract_isolated, validate_upload

PUBLIC = "93.184.215.14"
USER_AGENT = "Mozilla/5.0 (compatible; Atelier)"


@dataclass
class Reply:
    """What the server says to one request; `raw` is sent as it stands, whatever it is."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""
    pause_s: float = 0.0
    drip_s: float = 0.0

    def written(self) -> bytes:
        if self.raw:
            return self.raw
        lines = [f"HTTP/1.1 {self.status} Said", f"Content-Length: {len(self.body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    raw: bytes

    @property
    def line(self) -> str:
        return self.raw.partition(b"\r\n")[0].decode("latin-1")

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def headers(self) -> dict[str, str]:
        head = self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head)}


async def _write(writer: asyncio.StreamWriter, reply: Reply) -> None:
    """Send the answer; one that drips sends its body a byte at a time."""
    data = reply.written()
    head = len(data) - len(reply.body) if reply.drip_s else len(data)
    writer.write(data[:head])
    await writer.drain()
    for byte in data[head:]:
        await asyncio.sleep(reply.drip_s)
        writer.write(bytes([byte]))
        await writer.drain()


class StandIn:
    """A server on loopback: it answers with the reply of the path, or with the only one there is."""

    def __init__(self, replies: Mapping[str, Reply] | Reply) -> None:
        self.replies = replies
        self.seen: list[Seen] = []
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = Seen(head).headers.get("content-length", "0")
            seen = Seen(head + await reader.readexactly(int(length)))
            self.seen.append(seen)
            reply = self.reply_to(seen.line.split(" ")[1])
            await asyncio.sleep(reply.pause_s)
            await _write(writer, reply)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def reply_to(self, target: str) -> Reply:
        if isinstance(self.replies, Reply):
            return self.replies
        return self.replies.get(target.partition("?")[0], Reply(b"nothing here", 404))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def standing_in(replies: Mapping[str, Reply] | Reply) -> AsyncIterator[StandIn]:
    """Run a server that answers so."""
    server = StandIn(replies)
    async with await asyncio.start_server(server.accept, "127.0.0.1", 0) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server
        await server.stop()


Resolver = Callable[[str, int], "asyncio.Future[Sequence[str]]"]


class Names:
    """A resolver that knows names from a table, and numbers in every spelling as the system's does."""

    def __init__(self, known: Mapping[str, Sequence[str]] | None = None, default: str = PUBLIC) -> None:
        self.known = known or {}
        self.default = default
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        name = host.rstrip(".").lower()
        if name in self.known:
            return self.known[name]
        with suppress(socket.gaierror):
            found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            return [str(entry[4][0]) for entry in found]
        if name == "localhost" or name.endswith((".localhost", ".localdomain")):
            return ["127.0.0.1"]
        return [self._embedded(name) or self.default]

    def _embedded(self, name: str) -> str:
        """Return the address that services such as nip.io read out of a name."""
        labels = name.split(".")
        for text in (*labels, ".".join(labels[:4]), ".".join(labels[1:5])):
            for mark in ("-", "."):
                with suppress(ValueError):
                    return str(ipaddress.IPv4Address(text.replace(mark, ".")))
            with suppress(ValueError):
                if len(text) == 8:
                    return str(ipaddress.IPv4Address(int(text, 16)))
        return ""


class LoopbackWeb:
    """The `Web` port of tests: the real door, with loopback on its list."""

    def __init__(self, rules: EgressRules | None = None) -> None:
        self.rules = rules or EgressRules.read(["127.0.0.1"])
        self.verified: list[bool] = []

    def client(self, *, verify: bool = True) -> httpx.AsyncClient:
        self.verified.append(verify)
        transport = PublicTransport(rules=self.rules, verify=verify)
        return httpx.AsyncClient(transport=transport, headers={"User-Agent": USER_AGENT}, trust_env=False)


@dataclass
class KeptFiles:
    """The `Files` port of tests: files by id, and those that a run made."""

    contents: dict[str, tuple[FileRef, bytes]] = field(default_factory=dict)

    async def read(self, ref: FileRef) -> bytes:
        return self.contents[ref.id][1]

    async def find(self, file_id: str) -> FileRef:
        if file_id not in self.contents:
            raise FileNotFoundError(f"there is no file {file_id!r}")
        return self.contents[file_id][0]

    async def create(self, name: str, mime_type: str, content: bytes) -> FileRef:
        ref = FileRef(f"made-{len(self.contents)}", name, mime_type, len(content))
        self.contents[ref.id] = (ref, content)
        return ref


@dataclass
class Entered:
    """The `Credentials` port of tests."""

    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    async def of_tool(self, name: str) -> Mapping[str, str]:
        return self.values.get(name, {})


@dataclass
class FakeEnvironment:
    """The `Environment` port of tests."""

    found: Mapping[str, JsonValue]

    async def values(self) -> Mapping[str, JsonValue]:
        return self.found


class ReadDocuments:
    """The `Documents` port of tests: the extractors of `rag`, each in a process of its own."""

    async def text(self, name: str, content: bytes) -> str:
        return await asyncio.to_thread(_text, name, content)


def _text(name: str, content: bytes) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "document"
        path.write_bytes(content)
        try:
            pages = extract_isolated(path, validate_upload(path, name).name).pages
        except RagError as error:
            raise InvalidInput(error.message) from error
    return "\n\n".join(page.text for page in pages)
