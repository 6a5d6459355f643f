"""http-request: sends a request to another server and gives what it answers."""

import base64
from collections.abc import Iterator
from contextlib import suppress
from typing import ClassVar

from pydantic import BaseModel

from agents.egress import ExchangeLimits, Fetched
from agents.egress.answers import file_name, is_file_answer
from agents.egress.body import text_of
from agents.egress.calls import ask, place_of
from agents.errors import HttpStatus
from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.http_config import HttpRequestConfig
from agents.nodes.http_message import headers_of, key_of, outgoing_of, params_of, url_of
from agents.types import JsonObject, JsonValue
from agents.workflow.expressions import render
from agents.workflow.graph import Expectation, Selector
from agents.workflow.scope import file_value
from agents.workflow.secrets import SecretMask

SHOWN_CHARS = 500
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods that do nothing more when they are sent twice (RFC 9110, 9.2.2)."""


class HttpRequestNode(Node[HttpRequestConfig]):
    kind: ClassVar[str] = "http-request"
    title: ClassVar[str] = "HTTP request"
    description: ClassVar[str] = "Sends a request to another server and gives its answer"
    category: ClassVar[str] = "tools"
    icon: ClassVar[str] = "world"
    outputs: ClassVar[dict[str, str]] = {
        "status_code": "number",
        "body": "string",
        "headers": "object",
        "files": "array[file]",
    }
    config_type = HttpRequestConfig

    def is_repeatable(self, config: HttpRequestConfig) -> bool:
        """Only what does no harm twice, or what its author lets be tried again."""
        return config.method in REPEATABLE or config.handling.max_retries > 0

    def references(self, config: BaseModel) -> Iterator[Selector]:
        assert isinstance(config, HttpRequestConfig), "the registry pairs a node with its own configuration"
        yield from super().references(config)
        yield from _selected_files(config)

    def expectations(self, config: BaseModel) -> Iterator[Expectation]:
        assert isinstance(config, HttpRequestConfig), "the registry pairs a node with its own configuration"
        for selector in _selected_files(config):
            yield Expectation(selector, ("file", "array[file]"))

    def inputs(self, ctx: NodeContext, config: HttpRequestConfig) -> JsonObject:
        """Return the request without its key."""
        headers: dict[str, JsonValue] = dict(headers_of(ctx, config))
        params: dict[str, JsonValue] = dict(params_of(ctx, config))
        fields = [f"{item.key}: {render(item.value, ctx.scope)}".removeprefix(": ") for item in config.body.data]
        return {
            "method": config.method,
            "url": url_of(ctx, config),
            "headers": headers,
            "params": params,
            "body": "\n".join(fields),
        }

    async def run(self, ctx: NodeContext, config: HttpRequestConfig) -> NodeResult:
        outgoing = await outgoing_of(ctx, config)
        steps = config.timeout
        limits = ExchangeLimits(
            total_s=steps.connect + steps.write + steps.read,
            connect_s=steps.connect,
            read_s=steps.read,
            write_s=steps.write,
        )
        async with ctx.ports.web.client(verify=config.ssl_verify) as client:
            found = await ask(client, outgoing, limits)
        outputs = _unkeyed(await _outputs(ctx, found), key_of(ctx, config))
        handling = config.handling
        if not 200 <= found.status < 300 and (handling.error_strategy or handling.max_retries):
            said = str(outputs["body"])[:SHOWN_CHARS]
            raise HttpStatus(f"{place_of(found.url)!r} answered with status {found.status}: {said!r}")
        return NodeResult(outputs)


def _selected_files(config: HttpRequestConfig) -> Iterator[Selector]:
    for item in config.body.data:
        if (item.type == "file" or config.body.type == "binary") and item.file:
            yield item.file


async def _outputs(ctx: NodeContext, found: Fetched) -> dict[str, JsonValue]:
    headers: dict[str, JsonValue] = {}
    for name, value in found.headers:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    files: list[JsonValue] = []
    body = ""
    if is_file_answer(found):
        name = file_name(found)
        ref = await ctx.ports.files.create(name, found.content_type or "application/octet-stream", found.body)
        files.append(file_value(ref.id, ref.name, ref.mime_type, ref.size_bytes))
    else:
        body = text_of(found.body, found.charset)
    return {"status_code": found.status, "body": body, "headers": headers, "files": files}


def _unkeyed(outputs: dict[str, JsonValue], key: tuple[str, str] | None) -> dict[str, JsonValue]:
    """Return the outputs without the key: a server that repeats what it was sent must not publish it.

    The engine masks secret variables; this is for a key that was typed in, and for its encoded form.
    """
    if key is None:
        return outputs
    sent = key[1].partition(" ")[2] or key[1]
    known = [key[1], sent]
    with suppress(ValueError):
        known.append(base64.b64decode(sent, validate=True).decode())
    return dict(SecretMask(known).over(outputs))
