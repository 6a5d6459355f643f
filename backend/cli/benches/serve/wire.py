"""One streamed request to a model, timed piece by piece."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from backend.cli.benches.serve.figures import Timing
from backend.cli.benches.wire import Pieces, post

# Longer than any answer of the bench takes: a request that hangs ends as an error instead of the bench.
LIMIT_S = 180.0


@dataclass(frozen=True)
class Target:
    """A server that speaks OpenAI's API on a port of this machine; `extra` goes into every body."""

    name: str
    port: int
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Ask:
    """A body for one route; the target adds what its dialect needs."""

    route: str
    body: Mapping[str, object]


async def timed(target: Target, ask: Ask, limit_s: float = LIMIT_S) -> Timing:
    """Send the request, read its events to the end, and return when each came.

    Never raises for the server's sake: what breaks off, or takes longer than `limit_s`, is a timing with an error.
    """
    more = {"stream": True, "stream_options": {"include_usage": True}}
    body = json.dumps({**ask.body, **target.extra, **more}).encode()
    pieces: Pieces = []
    sent_at = time.perf_counter()
    try:
        async with asyncio.timeout(limit_s):
            return await _exchange(target, ask.route, body, pieces)
    except (OSError, EOFError, TimeoutError, ValueError, LookupError) as problem:
        seen = read_events(pieces, sent_at, time.perf_counter())
        return replace(seen, status=0, finish_reason="", error=f"{type(problem).__name__}: {problem}")


async def _exchange(target: Target, route: str, body: bytes, pieces: Pieces) -> Timing:
    sent_at = time.perf_counter()
    head = await post(target.port, route, body, pieces)
    if head.status == 200:
        return read_events(pieces, sent_at, time.perf_counter())
    refusal = b"".join(chunk for _, chunk in pieces).decode("utf-8", "replace")[:300]
    retry = head.headers.get("retry-after", "")
    pieces.clear()
    return Timing(
        sent_at,
        time.perf_counter(),
        head.status,
        retry_after_s=float(retry) if retry.isdigit() else None,
        error=refusal,
    )


def read_events(pieces: Pieces, sent_at: float, ended_at: float) -> Timing:
    """Turn the pieces of a stream of server-sent events into a timing; each event has the time of its last byte."""
    arrivals: list[float] = []
    texts: list[str] = []
    calls: dict[int, list[str]] = {}
    made = Timing(sent_at, ended_at, 200)
    rest = b""
    for moment, piece in pieces:
        *lines, rest = (rest + piece).replace(b"\r\n", b"\n").split(b"\n")
        for line in lines:
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            if "error" in event:
                made = replace(made, status=0, error=str(event["error"])[:300])
            if usage := event.get("usage"):
                made = replace(made, tokens=usage["completion_tokens"], prompt_tokens=usage["prompt_tokens"])
            for choice in event.get("choices") or ():
                if _take(choice, texts, calls):
                    arrivals.append(moment)
                if choice.get("finish_reason"):
                    made = replace(made, finish_reason=choice["finish_reason"])
    found = tuple((name, arguments) for name, arguments in calls.values())
    # A server that sends no usage sends one event per token.
    tokens = made.tokens or len(arrivals)
    return replace(made, arrivals=tuple(arrivals), tokens=tokens, text="".join(texts), calls=found)


def _take(choice: Mapping[str, object], texts: list[str], calls: dict[int, list[str]]) -> bool:
    """Add what one choice brings; True when it brought a piece of the answer."""
    delta = choice.get("delta")
    delta = delta if isinstance(delta, dict) else {}
    text = choice.get("text") or delta.get("content") or ""
    texts.append(str(text))
    for call in delta.get("tool_calls") or ():
        function = call.get("function") or {}
        into = calls.setdefault(call.get("index", 0), ["", ""])
        into[0] += function.get("name") or ""
        into[1] += function.get("arguments") or ""
    return bool(text or delta.get("tool_calls"))
