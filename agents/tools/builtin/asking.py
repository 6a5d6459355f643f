"""What tools that ask a service share: their credentials with defaults, one request, and failures a model can read."""

import json
from collections.abc import Mapping
from typing import cast

from agents.egress import ExchangeLimits, Fetched, Outgoing
from agents.egress.body import text_of
from agents.egress.calls import ask, place_of
from agents.errors import HttpFailed, HttpRefused, ToolFailed
from agents.tools.spec import ToolContext, ToolType, credentials_of
from agents.types import JsonValue

LIMITS = ExchangeLimits(max_bytes=5 * 1024 * 1024, total_s=30)
SHOWN_CHARS = 300


async def entered(tool: type[ToolType], ctx: ToolContext) -> Mapping[str, str]:
    """Return the credentials of a tool, defaults filled in; raises `ToolFailed` when a required one is missing."""
    stored = await ctx.credentials.of_tool(tool.name)
    values = {item.name: stored.get(item.name) or item.default for item in credentials_of(tool)}
    missing = [item.title for item in credentials_of(tool) if item.is_required and not values[item.name]]
    if missing:
        raise ToolFailed(
            f"the tool {tool.name!r} is not set up: an administrator enters {' and '.join(missing)} under Tools"
        )
    return values


async def answer_of(ctx: ToolContext, outgoing: Outgoing, limits: ExchangeLimits = LIMITS) -> Fetched:
    """Send one request; raises `ToolFailed` that names neither the query nor a header."""
    try:
        async with ctx.web.client() as client:
            return await ask(client, outgoing, limits)
    except (HttpFailed, HttpRefused) as error:
        raise ToolFailed(str(error)) from error


async def json_of(ctx: ToolContext, outgoing: Outgoing, secrets: Mapping[str, str]) -> dict[str, JsonValue]:
    """Return the JSON object that a service answers; raises `ToolFailed` that repeats no secret."""
    found = await answer_of(ctx, outgoing)
    text, place = text_of(found.body, found.charset), place_of(found.url)
    if found.status != 200:
        said = text[:SHOWN_CHARS]
        for secret in filter(None, secrets.values()):
            said = said.replace(secret, "[key]")
        raise ToolFailed(f"{place!r} answered with status {found.status}{_advice(found.status)}: {said!r}")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ToolFailed(f"{place!r} did not answer with JSON: is its address right?") from error
    if not isinstance(data, dict):
        raise ToolFailed(f"{place!r} answered with JSON that is no object: is its address right?")
    return cast("dict[str, JsonValue]", data)


def _advice(status: int) -> str:
    match status:
        case 401 | 403:
            return " (the key is refused: an administrator enters it again)"
        case 404:
            return " (its address is probably wrong)"
        case 429:
            return " (its limit is reached: try again later)"
        case _:
            return ""
