"""HTTP requests that a model writes: by the methods, and to the hosts, that the application's author allows."""

import json
from typing import ClassVar, Literal
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from agents.egress import ExchangeLimits, Outgoing, Place
from agents.egress.answers import file_name, is_file_answer
from agents.egress.body import text_of
from agents.errors import ToolRetry
from agents.tools.builtin.asking import answer_of
from agents.tools.spec import Tool, ToolContext, ToolOutput
from agents.types import FileRef, JsonObject, JsonValue

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
READING = frozenset({"GET", "HEAD"})
KEYED = frozenset({"POST", "PATCH"})
MAX_BYTES = 5 * 1024 * 1024


class HttpToolConfig(BaseModel):
    """What a model may send; without `hosts` to every host that the workspace reaches."""

    model_config = ConfigDict(extra="allow")

    methods: tuple[Method, ...] = Field(default=("GET",), min_length=1)
    hosts: tuple[str, ...] = ()
    timeout_s: float = Field(default=30, gt=0, le=120)

    @field_validator("hosts")
    @classmethod
    def _places(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            Place.read(host)
        return hosts


class HttpTool:
    """The tool; it writes when a method is allowed that does."""

    name: ClassVar[str] = "http_request"
    title: ClassVar[str] = "HTTP request"
    description: ClassVar[str] = "Send an HTTP request and read the answer"
    icon: ClassVar[str] = "world"
    outputs: ClassVar[dict[str, str]] = {"status_code": "number", "body": "string", "headers": "object"}
    parameters: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "url": {"type": "string", "description": "the address, with http:// or https://"},
            "method": {"type": "string", "enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]},
            "headers": {"type": "object", "additionalProperties": {"type": "string"}},
            "params": {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
            "body": {"type": ["string", "object", "array"], "description": "a text, or JSON"},
        },
        "required": ["url"],
        "additionalProperties": False,
    }
    config_type: ClassVar[type[BaseModel]] = HttpToolConfig
    writes: bool = True
    idempotent: bool = False

    def __init__(self, config: HttpToolConfig) -> None:
        self._config = config
        self._places = tuple(Place.read(host) for host in config.hosts)
        self.writes = not READING.issuperset(config.methods)
        self.idempotent = not self.writes

    @classmethod
    def configured(cls, config: JsonObject) -> Tool:
        return cls(HttpToolConfig.model_validate(dict(config)))

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> ToolOutput:
        outgoing = self._outgoing(arguments, ctx)
        limits = ExchangeLimits(max_bytes=MAX_BYTES, total_s=self._config.timeout_s)
        found = await answer_of(ctx, outgoing, limits)
        headers: dict[str, JsonValue] = dict(found.headers)
        files: tuple[FileRef, ...] = ()
        if is_file_answer(found):
            made = await ctx.files.create(
                file_name(found), found.content_type or "application/octet-stream", found.body
            )
            files, body = (made,), f"[the file {made.name!r} of {made.size_bytes} bytes]"
        else:
            body = text_of(found.body, found.charset)
        fields: dict[str, JsonValue] = {"status_code": found.status, "body": body, "headers": headers}
        return ToolOutput(f"status {found.status}\n\n{body}", fields, files)

    def _outgoing(self, arguments: JsonObject, ctx: ToolContext) -> Outgoing:
        url, method = str(arguments["url"]).strip(), str(arguments.get("method") or self._config.methods[0])
        if method not in self._config.methods:
            raise ToolRetry(f"the method {method} is not allowed here; use {' or '.join(self._config.methods)}")
        self._check(url)
        headers = _pairs(arguments.get("headers"))
        names = {name.lower() for name, _ in headers}
        body = arguments.get("body")
        content = None if body is None else (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False))
        if content is not None and "content-type" not in names:
            kind = "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
            headers.append(("Content-Type", kind))
        if method in KEYED and "idempotency-key" not in names:
            headers.append(("Idempotency-Key", quote(ctx.call_key, safe=":/-_.")))
        params = tuple(_pairs(arguments.get("params")))
        return Outgoing(method, url, tuple(headers), params, None if content is None else content.encode())

    def _check(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            raise ToolRetry(f"{url[:200]!r} is no address: {error}") from error
        if parts.scheme not in ("http", "https") or not host:
            raise ToolRetry(f"{url[:200]!r} is no address: it must begin with http:// or https://")
        if self._places and not any(place.names(host) and place.is_at(port) for place in self._places):
            raise ToolRetry(f"the host {host!r} is not allowed here; allowed are {', '.join(self._config.hosts)}")


def _pairs(value: JsonValue) -> list[tuple[str, str]]:
    if not isinstance(value, dict):
        return []
    return [(name, item if isinstance(item, str) else json.dumps(item)) for name, item in value.items()]
