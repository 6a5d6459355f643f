"""Requests that a model writes: only what the author allows, and only through the door."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from pydantic import ValidationError

from agents.egress import Fetched
from agents.errors import ToolFailed, ToolRetry
from agents.tools.builtin.http_tool import HttpTool
from agents.tools.builtin.web_reader import WebReader, as_utf8, suffix_of, title_of
from agents.tools.spec import Tool, ToolContext, writes
from agents.tools.toolset import Toolset
from agents.types import JsonValue
from tests.agents.standin import KeptFiles, LoopbackWeb, ReadDocuments, Reply, standing_in
from tests.agents.test_tools import CONTEXT


def context() -> ToolContext:
    return replace(CONTEXT, web=LoopbackWeb(), files=KeptFiles(), documents=ReadDocuments())


def tool(**config: JsonValue) -> Tool:
    return HttpTool.configured(config)


def test_it_writes_when_a_method_may() -> None:
    reading, writing = tool(methods=["GET", "HEAD"]), tool(methods=["GET", "DELETE"])
    assert (writes(reading), reading.idempotent, writes(writing), writing.idempotent) == (False, True, True, False)
    assert Toolset([writing]).writes("http_request") and not Toolset([tool()]).writes("http_request")


@pytest.mark.parametrize(
    ("config", "arguments", "says"),
    [
        ({}, {"url": "http://x.example/", "method": "POST"}, "POST is not allowed"),
        ({"hosts": ["api.example"]}, {"url": "http://evil.example/"}, "not allowed here"),
        ({"hosts": ["api.example"]}, {"url": "http://api.example.evil.example/"}, "not allowed here"),
        ({"hosts": ["api.example:443"]}, {"url": "http://api.example/"}, "not allowed here"),
        ({"hosts": ["api.example"]}, {"url": "http://evil.example#@api.example/"}, "not allowed here"),
        ({}, {"url": "file:///etc/passwd"}, "no address"),
        ({}, {"url": "http://[::1"}, "no address"),
        ({}, {"url": "http://x:99999/"}, "no address"),
    ],
)  # fmt: skip
async def test_what_the_author_did_not_allow_is_told_to_the_model(
    config: Mapping[str, JsonValue], arguments: Mapping[str, JsonValue], says: str
) -> None:
    with pytest.raises(ToolRetry, match=says):
        await tool(**config).call(arguments, context())


@pytest.mark.parametrize("config", [{"methods": []}, {"methods": ["TRACE"]}, {"hosts": ["http://x"]}, {"timeout_s": 0}])
def test_a_setting_that_means_nothing_is_refused(config: dict[str, JsonValue]) -> None:
    with pytest.raises(ValidationError):
        tool(**config)


async def test_a_private_address_is_refused_and_a_slow_server_left() -> None:
    with pytest.raises(ToolFailed, match="private network"):
        await tool().call({"url": "http://10.0.0.1/"}, context())
    async with standing_in(Reply(b"late", pause_s=30)) as server:
        with pytest.raises(ToolFailed, match=r"in time|within"):
            await tool(timeout_s=0.2).call({"url": server.origin}, context())


async def test_an_answer_that_is_no_text_is_kept_as_a_file() -> None:
    ctx = context()
    async with standing_in(Reply(b"\x89PNG\0", headers={"Content-Type": "image/png"})) as server:
        answer = await tool().call({"url": f"{server.origin}/a.png"}, ctx)
    assert "the file 'a.png'" in str(getattr(answer, "text", "")) and len(getattr(answer, "files", ())) == 1


async def test_a_page_that_is_a_pdf_or_has_no_text_is_read_or_said() -> None:
    empty = Reply(b"<html><body><script>x()</script></body></html>", headers={"Content-Type": "text/html"})
    odd = Reply(b"\x00\x01\x02" * 50, headers={"Content-Type": "image/png"})
    for reply, says in ((empty, "no text"), (odd, "cannot be read")):
        async with standing_in(reply) as server:
            with pytest.raises(ToolFailed, match=says):
                await WebReader().call({"url": server.origin}, context())
    plain = Reply("Grüße".encode("latin-1"), headers={"Content-Type": "text/plain; charset=latin-1"})
    async with standing_in(plain) as server:
        assert (await WebReader().call({"url": server.origin}, context())).text == "Grüße"


def fetched(url: str, kind: str = "", charset: str = "", body: bytes = b"") -> Fetched:
    return Fetched(url, 200, kind, charset, body)


def test_what_a_page_is_follows_from_its_type_and_then_its_name() -> None:
    assert suffix_of(fetched("http://x/a.pdf", "text/html")) == ".html"
    assert suffix_of(fetched("http://x/a.PDF?x=.txt")) == ".pdf"
    assert suffix_of(fetched("http://x/", "application/octet-stream")) == ".html"
    assert as_utf8(fetched("http://x", charset="koi8-r", body="да".encode("koi8-r"))) == b"\xef\xbb\xbf" + "да".encode()
    assert as_utf8(fetched("http://x", charset="rot13", body=b"x")) == b"x"
    assert title_of(b"<TITLE lang=en>\n A &lt;b&gt;\n title </TITLE>") == "A <b> title"
    assert title_of(b"<title>" + b"x" * 5000) == ""
