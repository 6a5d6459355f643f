"""HTTP requests that send files, and answers that become files or text."""

from collections.abc import Mapping

import pytest

from agents.events import RunFailed, RunFinished
from agents.types import FileRef, JsonValue
from tests.agents.nodes.cases import Case, bodies_of, end, saved_node, start
from tests.agents.nodes.http_graphs import EDGES, JSON_REPLY, body, wire
from tests.agents.nodes.wire import ORIGIN, WireCase, placed, request, run_wire, web_ports
from tests.agents.standin import KeptFiles, Reply, standing_in

REPORT = FileRef("f1", 'räp"ort.txt', "text/plain", 3)
PHOTO = FileRef("f2", "photo.png", "image/png", 4)


def file_of(ref: FileRef) -> dict[str, JsonValue]:
    return {"id": ref.id, "name": ref.name, "mime_type": ref.mime_type, "size_bytes": ref.size_bytes}


def list_of(value: JsonValue) -> list[JsonValue]:
    assert isinstance(value, list)
    return value


def kept() -> KeptFiles:
    return KeptFiles({"f1": (REPORT, b"abc"), "f2": (PHOTO, b"\x89PNG")})


def sending_files(config: Mapping[str, JsonValue], value: JsonValue, kind: str) -> Case:
    begin = saved_node("start", "start", {"variables": [{"variable": "f", "label": "f", "type": kind}]})
    nodes = [begin, saved_node("call", "http-request", {"url": f"{ORIGIN}/x", "method": "post", **config}),
             end(status="call.status_code")]  # fmt: skip
    return Case("files", nodes, EDGES, {"f": value}, {"status": 200})


async def test_files_go_along_in_a_form() -> None:
    items = body("form-data", {"key": "note", "type": "text", "value": "hi"},
                 {"key": "docs", "type": "file", "file": ["start", "f"], "value": ""})  # fmt: skip
    case = sending_files({"body": items}, [file_of(REPORT), file_of(PHOTO)], "file-list")
    async with standing_in(JSON_REPLY) as server:
        placed_case = placed(case, server.origin)
        last = (await bodies_of(placed_case, web_ports(WireCase(case), server, kept())))[-1]
    assert isinstance(last, RunFinished), last
    [seen] = server.seen
    boundary = seen.headers["content-type"].partition("boundary=")[2]
    assert (
        seen.body
        == (
            f'--{boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\nhi\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="docs"; filename="räp%22ort.txt"\r\n'
            "Content-Type: text/plain\r\n\r\nabc\r\n"
            f'--{boundary}\r\nContent-Disposition: form-data; name="docs"; filename="photo.png"\r\n'
            "Content-Type: image/png\r\n\r\n"
        ).encode()
        + b"\x89PNG\r\n"
        + f"--{boundary}--\r\n".encode()
    )


async def test_a_file_is_the_body() -> None:
    case = sending_files({"body": body("binary", {"type": "file", "file": ["start", "f"]})}, file_of(PHOTO), "file")
    async with standing_in(JSON_REPLY) as server:
        await bodies_of(placed(case, server.origin), web_ports(WireCase(case), server, kept()))
    assert server.seen[0].body == b"\x89PNG" and server.seen[0].headers["content-type"] == "image/png"


async def test_a_file_of_somebody_else_is_not_sent() -> None:
    foreign = FileRef("f9", "theirs.txt", "text/plain", 1)
    case = sending_files({"body": body("binary", {"file": ["start", "f"]})}, file_of(foreign), "file")
    async with standing_in(JSON_REPLY) as server:
        last = (await bodies_of(placed(case, server.origin), web_ports(WireCase(case), server, kept())))[-1]
    assert isinstance(last, RunFailed) and last.code == "file_not_found" and not server.seen


@pytest.mark.parametrize(
    ("reply", "name", "mime_type"),
    [
        (Reply(b"\x89PNG\0", headers={"Content-Type": "image/png"}), "x.png", "image/png"),
        (Reply(b"%PDF-1", headers={"Content-Type": "application/pdf; q=1",
                                   "Content-Disposition": 'attachment; filename="../../a b.pdf"'}),
         "a b.pdf", "application/pdf"),
        (Reply(b"text", headers={"Content-Type": "text/csv", "Content-Disposition": "attachment"}),
         "x.csv", "text/csv"),
        (Reply(b"\x00\x01\x02", headers={}), "x", "application/octet-stream"),
    ],
)  # fmt: skip
async def test_an_answer_that_is_no_text_becomes_a_file(reply: Reply, name: str, mime_type: str) -> None:
    nodes = [start(), saved_node("call", "http-request", {"url": f"{ORIGIN}/x"}),
             end(body="call.body", files="call.files")]  # fmt: skip
    case, files = Case("file", nodes, EDGES), KeptFiles()
    async with standing_in(reply) as server:
        last = (await bodies_of(placed(case, server.origin), web_ports(WireCase(case), server, files)))[-1]
    assert isinstance(last, RunFinished), last
    [file] = list_of(last.outputs["files"])
    assert isinstance(file, dict) and (file["name"], file["mime_type"]) == (name, mime_type)
    assert last.outputs["body"] == "" and files.contents[str(file["id"])][1] == reply.body


@pytest.mark.parametrize(
    ("content_type", "content", "text"),
    [
        ("application/problem+json", b"{}", "{}"),
        ("text/html; charset=koi8-r", "привет".encode("koi8-r"), "привет"),
        ("", "Grüße".encode(), "Grüße"),
        ("application/vnd.odd", b"plain", "plain"),
        ("image/svg+xml", b"<svg/>", "<svg/>"),
    ],
)
async def test_an_answer_that_is_text_is_the_body(content_type: str, content: bytes, text: str) -> None:
    reply = Reply(content, headers={"Content-Type": content_type} if content_type else {})
    await run_wire(wire("text", {}, request("GET /x"), reply=reply, outputs={"status": 200, "body": text}))
