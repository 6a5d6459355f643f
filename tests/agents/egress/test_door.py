"""The door to the internet: what it refuses, whatever a name or a redirect says, and what it lets through whole."""

import asyncio
import gzip
import ipaddress
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from agents.egress import EgressRefused, PublicTransport, TooLarge, fetch, is_public

LOOPBACK = ipaddress.ip_network("127.0.0.0/8")


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "fe80::1", "fec0::1", "fc00::1",
        "fd00:ec2::254", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:4136:e378::",
        "2001:db8::1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_of_the_internet_is_known(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_an_address_of_the_internet_is_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


def resolving(*addresses: str) -> Callable[[str, int], object]:
    """Return a resolver that knows these addresses for every name."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


def saying(text: str) -> httpx.Response:
    """Return an answer that is still to be read, as a network's is."""
    return httpx.Response(200, stream=httpx.ByteStream(text.encode()))


class Recorder(httpx.AsyncBaseTransport):
    """Answers without a network and keeps what was dialled."""

    def __init__(self, *responses: httpx.Response) -> None:
        self.requests: list[httpx.Request] = []
        self._responses = list(responses) or [saying("here")]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]


def client_of(inner: httpx.AsyncBaseTransport, *addresses: str, allowed: Sequence[object] = ()) -> httpx.AsyncClient:
    transport = PublicTransport(resolve=resolving(*addresses), inner=inner, allowed=allowed)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport)


async def test_the_checked_address_is_dialled_with_the_name_kept() -> None:
    inner = Recorder()
    async with client_of(inner, "93.184.215.14") as client:
        found = await fetch(client, "https://example.org/page?q=1")
    [request] = inner.requests
    assert (request.url.host, request.headers["host"]) == ("93.184.215.14", "example.org")
    assert request.extensions["sni_hostname"] == "example.org"
    assert (found.url, found.body) == ("https://example.org/page?q=1", b"here")


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("93.184.215.14", "10.0.0.8"), ("fe80::1%eth0",)])
async def test_one_private_address_of_a_name_is_enough_to_refuse_it(addresses: tuple[str, ...]) -> None:
    inner = Recorder()
    async with client_of(inner, *addresses) as client:
        with pytest.raises(EgressRefused, match="administrator"):
            await fetch(client, "http://example.org/")
    assert not inner.requests


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]"])
async def test_ways_of_writing_this_machine_are_refused_by_the_real_resolver(host: str) -> None:
    inner = Recorder()
    async with httpx.AsyncClient(transport=PublicTransport(inner=inner)) as client:
        with pytest.raises(httpx.TransportError):
            await fetch(client, f"http://{host}/")
    assert not inner.requests


async def test_a_name_is_resolved_once_per_request_so_that_it_cannot_change_in_between() -> None:
    answers = [["93.184.215.14"], ["127.0.0.1"]]

    async def resolve(host: str, port: int) -> Sequence[str]:
        return answers.pop(0)

    inner = Recorder()
    async with httpx.AsyncClient(transport=PublicTransport(resolve=resolve, inner=inner)) as client:
        await fetch(client, "http://example.org/")
    assert inner.requests[0].url.host == "93.184.215.14"
    assert len(answers) == 1


async def test_a_redirect_to_a_private_address_is_refused() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["169.254.169.254"] if host == "metadata" else ["93.184.215.14"]

    inner = Recorder(httpx.Response(302, headers={"location": "http://metadata/latest"}))
    async with httpx.AsyncClient(transport=PublicTransport(resolve=resolve, inner=inner)) as client:
        with pytest.raises(EgressRefused):
            await fetch(client, "http://example.org/")
    assert len(inner.requests) == 1


async def test_a_redirect_to_another_scheme_is_refused() -> None:
    inner = Recorder(httpx.Response(302, headers={"location": "file:///etc/passwd"}))
    async with client_of(inner, "93.184.215.14") as client:
        with pytest.raises((EgressRefused, httpx.UnsupportedProtocol)):
            await fetch(client, "http://example.org/")


async def test_redirects_are_followed_three_times() -> None:
    hops = [httpx.Response(302, headers={"location": f"/{n}"}) for n in range(4)]
    async with client_of(Recorder(*hops[:3], saying("end")), "93.184.215.14") as client:
        assert (await fetch(client, "http://example.org/")).url == "http://example.org/2"
    async with client_of(Recorder(*hops, saying("end")), "93.184.215.14") as client:
        with pytest.raises(httpx.TooManyRedirects):
            await fetch(client, "http://example.org/")


@asynccontextmanager
async def serving(answer: bytes, pause_s: float = 0.0) -> AsyncIterator[str]:
    """Serve one raw HTTP answer on loopback."""

    handlers: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(pause_s)
            writer.write(answer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(handle(reader, writer))
        handlers.add(task)
        task.add_done_callback(handlers.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        for task in handlers:
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


def raw(body: bytes, *headers: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]).encode() + body


def allowing() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=PublicTransport(allowed=[LOOPBACK]))


async def test_a_network_that_an_administrator_listed_is_reached_and_a_packed_answer_unpacked() -> None:
    body = gzip.compress(b"packed text")
    headers = ("Content-Encoding: gzip", "Content-Type: text/plain; charset=koi8-r")
    async with serving(raw(body, *headers)) as url, allowing() as client:
        found = await fetch(client, url)
    assert (found.body, found.content_type, found.charset) == (b"packed text", "text/plain", "koi8-r")


@pytest.mark.parametrize("packing", ["gzip", "deflate", "identity"])
async def test_an_answer_that_is_too_large_unpacked_is_refused(packing: str) -> None:
    content = b"\0" * 3_000_000
    body = {"gzip": gzip.compress, "deflate": zlib.compress, "identity": lambda data: data}[packing](content)
    async with serving(raw(body, f"Content-Encoding: {packing}")) as url, allowing() as client:
        with pytest.raises(TooLarge, match="1 MB"):
            await fetch(client, url, max_bytes=1024 * 1024)


async def test_an_answer_in_a_packing_that_was_not_asked_for_is_refused() -> None:
    async with serving(raw(b"xx", "Content-Encoding: br")) as url, allowing() as client:
        with pytest.raises(httpx.DecodingError, match="br"):
            await fetch(client, url)


async def test_a_server_that_does_not_answer_in_time_is_left() -> None:
    async with serving(raw(b"late"), pause_s=30) as url, allowing() as client:
        with pytest.raises(TimeoutError):
            await fetch(client, url, timeout_s=0.3)
