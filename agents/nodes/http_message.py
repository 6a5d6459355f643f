"""From an http-request node's configuration to the request on the wire, its files and its key included."""

import base64
import hashlib
from dataclasses import dataclass
from typing import assert_never
from urllib.parse import quote, urlencode

from agents.egress import Outgoing
from agents.errors import FileMissing, InvalidInput
from agents.nodes.base import NodeContext
from agents.nodes.http_config import BodyItem, HttpRequestConfig, lines_of
from agents.nodes.json_template import render_json
from agents.types import FileRef, JsonValue
from agents.workflow.expressions import render
from agents.workflow.variables import is_file

KEYED = frozenset({"POST", "PATCH"})
"""Methods that do something again when they are sent again: a key tells the server that it is the same request."""


@dataclass(frozen=True, slots=True)
class Content:
    """A body and its type; the type of a form is not the caller's to choose."""

    body: bytes | None = None
    content_type: str = ""
    is_fixed: bool = False


def url_of(ctx: NodeContext, config: HttpRequestConfig) -> str:
    """Return the address; raises `InvalidInput` for one that is empty or of another scheme."""
    url = render(config.url, ctx.scope).strip()
    if not url.lower().startswith(("http://", "https://")):
        raise InvalidInput(f"{url[:200]!r} is no address: it must begin with http:// or https://")
    return url


def headers_of(ctx: NodeContext, config: HttpRequestConfig) -> list[tuple[str, str]]:
    """Return the author's headers, without the key."""
    return [(render(name, ctx.scope), render(value, ctx.scope)) for name, value in lines_of(config.headers)]


def params_of(ctx: NodeContext, config: HttpRequestConfig) -> list[tuple[str, str]]:
    """Return the parameters of the query."""
    return [(render(name, ctx.scope), render(value, ctx.scope)) for name, value in lines_of(config.params)]


def key_of(ctx: NodeContext, config: HttpRequestConfig) -> tuple[str, str] | None:
    """Return the header with the key, if there is one."""
    given = config.authorization.config
    if config.authorization.type == "no-auth" or given is None:
        return None
    name, key = render(given.header or "", ctx.scope).strip() or "Authorization", render(given.api_key, ctx.scope)
    match given.type:
        case "bearer":
            return name, f"Bearer {key}"
        case "basic":
            return name, f"Basic {base64.b64encode(key.encode()).decode() if ':' in key else key}"
        case "custom":
            return name, key
        case other:
            assert_never(other)


async def outgoing_of(ctx: NodeContext, config: HttpRequestConfig) -> Outgoing:
    """Return the request; raises `InvalidInput`, `FileMissing` and `UnknownVariable`."""
    content = await _content(ctx, config)
    headers = headers_of(ctx, config)
    key = key_of(ctx, config)
    if key is not None:
        headers = [item for item in headers if item[0].lower() != key[0].lower()] + [key]
    if content.is_fixed:
        headers = [item for item in headers if item[0].lower() != "content-type"]
    names = {name.lower() for name, _ in headers}
    if content.content_type and "content-type" not in names:
        headers.append(("Content-Type", content.content_type))
    if config.method in KEYED and "idempotency-key" not in names:
        headers.append(("Idempotency-Key", quote(f"{ctx.spec.run_id}:{ctx.node_id}", safe=":/-_.")))
    params = tuple(params_of(ctx, config))
    return Outgoing(config.method, url_of(ctx, config), tuple(headers), params, content.body)


async def _content(ctx: NodeContext, config: HttpRequestConfig) -> Content:
    items = config.body.data
    match config.body.type:
        case "none":
            return Content()
        case "raw-text":
            return Content(_first(ctx, items).encode(), "text/plain; charset=utf-8")
        case "json":
            template = items[0].value if items else ""
            return Content(render_json(template, ctx.scope).encode(), "application/json")
        case "x-www-form-urlencoded":
            fields = [(render(item.key, ctx.scope), render(item.value, ctx.scope)) for item in items if item.key]
            return Content(urlencode(fields).encode(), "application/x-www-form-urlencoded")
        case "binary":
            files = await _files(ctx, items[0]) if items else []
            if len(files) != 1:
                raise InvalidInput(f"the body must be one file, and {len(files)} were chosen: select a single file")
            ref, content = files[0]
            return Content(content, ref.mime_type or "application/octet-stream")
        case "form-data":
            return _multipart([part for item in items if item.key for part in await _parts(ctx, item)])
        case other:
            assert_never(other)


def _first(ctx: NodeContext, items: tuple[BodyItem, ...]) -> str:
    return render(items[0].value, ctx.scope) if items else ""


async def _files(ctx: NodeContext, item: BodyItem) -> list[tuple[FileRef, bytes]]:
    if not item.file:
        raise InvalidInput(f"the field {item.key!r} names no file: select the output of a node")
    value = ctx.scope.lookup(item.file)
    found: list[tuple[FileRef, bytes]] = []
    for one in value if isinstance(value, list) else [value]:
        if one is not None:
            found.append(await _file(ctx, ".".join(item.file), one))
    return found


async def _file(ctx: NodeContext, name: str, value: JsonValue) -> tuple[FileRef, bytes]:
    if not isinstance(value, dict) or not is_file(value):
        raise InvalidInput(f"{name!r} is {str(value)[:100]!r}, and no file: select a file or a list of files")
    try:
        ref = await ctx.ports.files.find(str(value["id"]))
        return ref, await ctx.ports.files.read(ref)
    except FileNotFoundError as error:
        raise FileMissing(f"the file {value.get('name')!r} cannot be sent: {error}") from error


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    content: bytes
    file_name: str = ""
    content_type: str = ""

    def head(self) -> bytes:
        lines = [f'Content-Disposition: form-data; name="{_quoted(self.name)}"']
        if self.file_name:
            lines[0] += f'; filename="{_quoted(self.file_name)}"'
            lines.append(f"Content-Type: {self.content_type or 'application/octet-stream'}")
        return "\r\n".join([*lines, "", ""]).encode()


async def _parts(ctx: NodeContext, item: BodyItem) -> list[_Part]:
    name = render(item.key, ctx.scope)
    if item.type == "text":
        return [_Part(name, render(item.value, ctx.scope).encode())]
    return [_Part(name, content, ref.name, ref.mime_type) for ref, content in await _files(ctx, item)]


def _quoted(text: str) -> str:
    """Return a name as forms write it (HTML, multipart/form-data): quotes and line breaks are percent-encoded."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _multipart(parts: list[_Part]) -> Content:
    """Return the form; its boundary is a digest of the parts, so that the same form is the same request."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.head())
        digest.update(hashlib.sha256(part.content).digest())
    boundary = f"atelier-{digest.hexdigest()[:40]}".encode()
    body = b"".join(b"--" + boundary + b"\r\n" + part.head() + part.content + b"\r\n" for part in parts)
    return Content(body + b"--" + boundary + b"--\r\n", f"multipart/form-data; boundary={boundary.decode()}", True)
