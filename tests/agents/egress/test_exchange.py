"""R29–R31: names that change, limits of time and size, and what a redirect takes along."""

import gzip
import tracemalloc
import zlib
from collections.abc import Mapping, Sequence

import httpx
import pytest

from agents.egress import EgressRefused, EgressRules, ExchangeLimits, Outgoing, PublicTransport, TooLarge, fetch, send
from agents.egress.body import file_name_of, text_of
from agents.egress.calls import ask, place_of
from agents.errors import HttpFailed, HttpRefused
from tests.agents.egress.test_door import Recorder, saying
from tests.agents.standin import PUBLIC, USER_AGENT, LoopbackWeb, Names, Reply, Seen, standing_in

OTHER = "198.51.100.7".replace("198.51.100", "203.0.114")  # a public address besides


class Turning:
    """A resolver whose answers change each time it is asked."""

    def __init__(self, *answers: Sequence[str] | OSError) -> None:
        self.answers = list(answers)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        answer = self.answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer


def door(inner: httpx.AsyncBaseTransport, resolve: object) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=PublicTransport(resolve=resolve, inner=inner))  # type: ignore[arg-type]


async def test_r29_the_dialled_address_is_the_checked_one_though_the_name_turns() -> None:
    inner = Recorder()
    names = Turning([PUBLIC], ["127.0.0.1"])
    async with door(inner, names) as client:
        await fetch(client, "https://rebind.example/")
    [request] = inner.requests
    assert request.url.host == PUBLIC and names.answers == [["127.0.0.1"]]
    assert request.headers["host"] == "rebind.example" and request.extensions["sni_hostname"] == "rebind.example"


async def test_r29_a_name_that_turns_between_redirects_is_refused() -> None:
    inner = Recorder(httpx.Response(302, headers={"location": "/again"}), saying("inside"))
    async with door(inner, Turning([PUBLIC], ["127.0.0.1"])) as client:
        with pytest.raises(EgressRefused):
            await fetch(client, "http://rebind.example/")
    assert len(inner.requests) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (["127.0.0.1"], EgressRefused),
        ([PUBLIC, "127.0.0.1"], EgressRefused),
        (["127.0.0.1", PUBLIC], EgressRefused),
        ([PUBLIC, "::1"], EgressRefused),
        ([], httpx.ConnectError),
        (["not an address"], httpx.ConnectError),
        (OSError("no such name"), httpx.ConnectError),
    ],
)
async def test_r29_a_name_with_any_bad_answer_is_not_dialled(answer: Sequence[str] | OSError, error: type) -> None:
    inner = Recorder()
    async with door(inner, Turning(answer)) as client:
        with pytest.raises(error):
            await fetch(client, "http://rebind.example/")
    assert not inner.requests


async def test_r29_a_host_header_of_the_caller_changes_nothing() -> None:
    inner = Recorder(saying("one"), saying("two"))
    async with door(inner, Names()) as client:
        await send(client, Outgoing("GET", "http://example.org/", (("Host", "inside.corp"), ("X-A", "1"))))
        await client.get("http://example.org/", headers={"Host": "inside.corp", "X-A": "1"})
    for request in inner.requests:
        assert request.headers.get_list("host") == ["example.org"] and request.headers["x-a"] == "1"


def gzipped(size: int) -> Reply:
    return Reply(gzip.compress(b"\0" * size), headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize(
    "reply",
    [gzipped(30_000_000), Reply(zlib.compress(b"\0" * 30_000_000), headers={"Content-Encoding": "deflate"}),
     Reply(b"x" * 2_000_000)],
    ids=["gzip", "deflate", "plain"],
)  # fmt: skip
async def test_r30_an_answer_over_the_limit_is_left_unread(reply: Reply) -> None:
    async with standing_in(reply) as server, LoopbackWeb().client() as client:
        with pytest.raises(TooLarge, match="1 MB"):
            await fetch(client, server.origin, max_bytes=1024 * 1024)


async def test_r30_an_answer_of_exactly_the_limit_is_read() -> None:
    async with standing_in(gzipped(1024 * 1024)) as server, LoopbackWeb().client() as client:
        assert len((await fetch(client, server.origin, max_bytes=1024 * 1024)).body) == 1024 * 1024


@pytest.mark.parametrize("packing", ["br", "zstd", "gzip, gzip", "compress"])
async def test_r30_a_packing_that_was_not_asked_for_is_refused(packing: str) -> None:
    reply = Reply(b"xx", headers={"Content-Encoding": packing})
    async with standing_in(reply) as server, LoopbackWeb().client() as client:
        with pytest.raises(httpx.DecodingError):
            await fetch(client, server.origin)
    assert server.seen[0].headers["accept-encoding"] == "gzip, deflate"


async def test_r30_a_bomb_is_not_unpacked_beyond_the_limit() -> None:
    bomb = gzipped(80_000_000)
    async with standing_in(bomb) as server, LoopbackWeb().client() as client:
        tracemalloc.start()
        with pytest.raises(TooLarge):
            await fetch(client, server.origin, max_bytes=1024 * 1024)
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak_bytes < 10_000_000


async def test_r30_a_server_that_drips_is_left_when_the_time_is_up() -> None:
    drip = Reply(b"x" * 100, drip_s=0.02)
    async with standing_in(drip) as server, LoopbackWeb().client() as client:
        with pytest.raises(TimeoutError):
            await send(client, Outgoing("GET", server.origin), ExchangeLimits(total_s=0.3))


async def test_r30_a_server_that_says_nothing_is_left_sooner() -> None:
    async with standing_in(Reply(b"late", pause_s=30)) as server, LoopbackWeb().client() as client:
        with pytest.raises(httpx.ReadTimeout):
            await send(client, Outgoing("GET", server.origin), ExchangeLimits(total_s=20, read_s=0.2))


def test_r30_the_limits_are_those_of_the_requirement() -> None:
    limits = ExchangeLimits()
    assert (limits.max_bytes, limits.max_redirects, limits.connect_s, limits.read_s) == (10 * 1024 * 1024, 3, 10, 10)


async def test_r30_a_fourth_redirect_is_not_followed() -> None:
    hops = {f"/{n}": Reply(status=302, headers={"Location": f"/{n + 1}"}) for n in range(9)}
    async with standing_in(hops) as server, LoopbackWeb().client() as client:
        with pytest.raises(httpx.TooManyRedirects):
            await fetch(client, f"{server.origin}/0")
    assert [seen.line.split()[1] for seen in server.seen] == ["/0", "/1", "/2", "/3"]


async def test_r30_nothing_is_kept_for_the_next_who_asks() -> None:
    reply = Reply(b"once", headers={"Cache-Control": "max-age=3600", "Set-Cookie": "who=a"})
    async with standing_in(reply) as server:
        for _ in range(2):
            async with LoopbackWeb().client() as client:
                await fetch(client, server.origin)
    assert len(server.seen) == 2 and not any("cookie" in seen.headers for seen in server.seen)


SECRETS = (
    ("Authorization", "Bearer CANARY"),
    ("Cookie", "session=CANARY"),
    ("X-Api-Key", "CANARY"),
    ("X-Own-Name", "CANARY"),
    ("Accept", "text/html"),
)


async def redirected(status: int, location: str, outgoing: Outgoing, known: Mapping[str, Sequence[str]] = {}) -> Seen:
    """Return the second request of a redirect."""
    inner = Recorder(httpx.Response(status, headers={"location": location}), saying("end"))
    async with door(inner, Names(known)) as client:
        await send(client, outgoing)
    last = inner.requests[-1]
    lines = [f"{last.method} {last.url} HTTP/1.1", *(f"{name}: {value}" for name, value in last.headers.items())]
    return Seen("\r\n".join(lines).encode() + b"\r\n\r\n" + b"".join(last.stream))  # type: ignore[arg-type]  # a body of bytes is a plain stream


@pytest.mark.parametrize(
    "location",
    ["https://evil.example/", "https://www.example.org/", "http://example.org/", "https://example.org:8443/"],
)
async def test_r31_no_secret_goes_along_to_another_host(location: str) -> None:
    second = await redirected(302, location, Outgoing("GET", "https://example.org/", SECRETS))
    assert b"CANARY" not in second.raw and second.headers["accept"] == "text/html"


@pytest.mark.parametrize(
    ("url", "location"),
    [("https://example.org/a", "/b"), ("http://example.org/", "https://example.org/"),
     ("http://Example.org:80/", "https://example.org:443/x")],
)  # fmt: skip
async def test_r31_headers_stay_on_the_same_host(url: str, location: str) -> None:
    second = await redirected(302, location, Outgoing("GET", url, SECRETS))
    assert second.raw.count(b"CANARY") == 4


async def test_r31_a_body_is_not_sent_on_to_another_host() -> None:
    outgoing = Outgoing("POST", "https://example.org/", SECRETS, body=b"CANARY")
    for status in (307, 308):
        with pytest.raises(EgressRefused, match=r"evil\.example"):
            await redirected(status, "https://evil.example/", outgoing)
        again = await redirected(status, "/moved", outgoing)
        assert again.line.startswith("POST") and again.body == b"CANARY"


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_r31_other_redirects_of_a_post_become_a_get_without_a_body(status: int) -> None:
    headers = (("Content-Type", "application/json"), ("X-A", "1"))
    second = await redirected(status, "/done", Outgoing("POST", "https://example.org/", headers, body=b"{}"))
    assert second.line.startswith("GET") and second.body == b""
    assert "content-type" not in second.headers and second.headers["x-a"] == "1"


async def test_a_request_is_written_as_it_was_asked_for() -> None:
    outgoing = Outgoing(
        "PATCH",
        "http://127.0.0.1:{port}/a%20b?x=1#part",
        (("X-Name", "Grüße"), ("Content-Length", "9999"), ("Transfer-Encoding", "chunked"), ("Accept", "*/*")),
        (("q", "a&b=c d"), ("x", "2")),
        b"\x00body",
    )
    async with standing_in(Reply(b"ok", headers={"X-Said": "yes"})) as server, LoopbackWeb().client() as client:
        url = outgoing.url.replace("{port}", str(server.port))
        found = await send(client, Outgoing(outgoing.method, url, outgoing.headers, outgoing.params, outgoing.body))
    assert (
        server.seen[0].raw
        == (
            f"PATCH /a%20b?x=1&q=a%26b%3Dc%20d&x=2 HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{server.port}\r\nConnection: keep-alive\r\n"
            f"User-Agent: {USER_AGENT}\r\nX-Name: Grüße\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n"
            "Content-Length: 5\r\n\r\n\x00body"
        ).encode()
    )
    assert (found.status, found.body, found.header("X-Said")) == (200, b"ok", "yes")


@pytest.mark.parametrize(
    ("outgoing", "error", "says"),
    [
        (Outgoing("GET", "http://10.0.0.1/?key=CANARY"), HttpRefused, "private network"),
        (Outgoing("GET", "http://u:CANARY@example.org/"), HttpRefused, "user name"),
        (Outgoing("GET", "gopher://example.org/"), HttpRefused, "gopher"),
        (Outgoing("GET", "nonsense"), HttpRefused, "only http and https"),
        (Outgoing("GET", "http://[::1"), HttpRefused, "cannot be written"),
        (Outgoing("GET", "http://127.0.0.1:1/?key=CANARY"), HttpFailed, "failed"),
        (Outgoing("GET", "http://127.0.0.1:{port}/", (("X-A", "a\r\nX-B: CANARY"),)), HttpRefused, "written"),
        (Outgoing("GET", "http://127.0.0.1:{port}/", (("Ключ", "v"),)), HttpRefused, "written"),
        (Outgoing("GE T", "http://127.0.0.1:{port}/"), HttpRefused, "written"),
        (Outgoing("GET", "http://127.0.0.1:{port}/slow"), HttpFailed, "in time|within"),
        (Outgoing("GET", "http://127.0.0.1:{port}/odd"), HttpFailed, "failed"),
        (Outgoing("GET", "http://127.0.0.1:{port}/big?key=CANARY"), HttpFailed, "larger than"),
    ],
)
async def test_what_goes_wrong_is_said_without_the_query_and_without_headers(
    outgoing: Outgoing, error: type[Exception], says: str
) -> None:
    replies = {"/slow": Reply(pause_s=30), "/odd": Reply(raw=b"SSH-2.0-OpenSSH\r\n"), "/big": Reply(b"x" * 5000)}
    limits = ExchangeLimits(max_bytes=1000, total_s=0.5)
    async with standing_in(replies) as server, LoopbackWeb().client() as client:
        url = outgoing.url.replace("{port}", str(server.port))
        with pytest.raises(error, match=says) as caught:
            await ask(client, Outgoing(outgoing.method, url, outgoing.headers), limits)
    assert "CANARY" not in str(caught.value)


def test_an_address_is_shown_without_what_may_be_secret() -> None:
    assert place_of("https://u:p@host.example/a?k=1#f") == "https://host.example/a"
    assert place_of("nonsense?x") == "nonsense"


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        ("Grüße".encode(), "", "Grüße"),
        ("привет".encode("koi8-r"), "koi8-r", "привет"),
        (b"\xef\xbb\xbfmark", "utf-8", "mark"),
        (b"a\x00b", "", "ab"),
        (b"\xff", "utf-8", "\ufffd"),
        (b"abc", "no-such-codec", "abc"),
        (b"abc", "rot13", "abc"),
        (b"\\ud800", "unicode-escape", "\\ud800"),
        (b"+2AA-", "utf-7", "+2AA-"),
        ("汉字".encode("gb18030"), "gb2312", "汉字"),
    ],
)
def test_a_body_becomes_text_that_can_be_stored(body: bytes, charset: str, text: str) -> None:
    found = text_of(body, charset)
    assert found == text and found.encode().decode() == text


def test_a_name_is_read_from_a_disposition() -> None:
    assert file_name_of('attachment; filename="a b.pdf"') == "a b.pdf"
    assert file_name_of("attachment; filename*=UTF-8''%D0%B0.pdf") == "а.pdf"
    assert file_name_of("inline") == ""


async def test_only_the_listed_loopback_is_open_to_the_tests_too() -> None:
    async with LoopbackWeb(EgressRules.read(["127.0.0.2"])).client() as client:
        with pytest.raises(EgressRefused):
            await fetch(client, "http://127.0.0.1/")
