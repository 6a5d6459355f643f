"""W1 and W6: eight clients that chat, and what a long prompt does to answers that are being streamed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from backend.cli.benches.serve.figures import Timing, gaps
from backend.cli.benches.serve.loads import Shape, closed_loop, mixed
from backend.cli.benches.serve.prompts import Prompts
from backend.cli.benches.serve.wire import Ask, Target, timed

CLIENTS = 8
LONG_CHAT = Shape(190, 64)
SHORT_CHAT = Shape(30, 96)
LONG_PROMPT = Shape(2000, 8)
# What streams while the long prompt comes: one client less than there are slots, and answers that outlast it.
_STREAMS = 7
_STREAM = Shape(30, 320)
# Every stream has its first tokens before the long prompt is sent.
_SETTLE_S = 2.0

# A peer whose threads wait for a busy core may need minutes for a round that takes ten seconds otherwise.
_ROUND_S = 30.0

ROUTE = "/v1/completions"


@dataclass(frozen=True)
class Load:
    """Requests of one round; every request of every round has a prompt of its own."""

    name: str
    shapes: tuple[Shape, ...]


def mixed_load(waves: int) -> Load:
    """Long and short chats in equal parts, `waves` for each client."""
    count = waves * CLIENTS
    return Load("mixed", tuple(mixed(1, short=SHORT_CHAT, long=LONG_CHAT, count=count, long_share=0.5)))


def plain_load(shape: Shape, waves: int) -> Load:
    """The same shape for all."""
    return Load(f"{shape.prompt_tokens}-token prompts", (shape,) * (waves * CLIENTS))


def completion(prompts: Prompts, shape: Shape, seed: int, **more: object) -> Ask:
    """A completion of exactly `answer_tokens` tokens, sampled the same way by every server."""
    body = {
        "prompt": prompts.draw(shape.prompt_tokens),
        "max_tokens": shape.answer_tokens,
        "ignore_eos": True,
        "temperature": 0.7,
        "top_k": 40,
        "top_p": 0.95,
        "min_p": 0.05,
        "seed": seed,
    }
    return Ask(ROUTE, {**body, **more})


def asks(prompts: Prompts, shapes: Sequence[Shape]) -> list[Ask]:
    """One completion for each shape."""
    return [completion(prompts, shape, seed) for seed, shape in enumerate(shapes)]


async def chat_round(target: Target, requests: Sequence[Ask]) -> list[Timing]:
    """Let the eight clients work the requests off, for as long as anybody would wait."""
    return await closed_loop(target, requests, CLIENTS, _ROUND_S)


async def stall_round(target: Target, prompts: Prompts) -> tuple[list[float], list[Timing]]:
    """Send a long prompt into running streams; returns the streams' gaps until its first token, and all requests."""
    streams = [asyncio.create_task(timed(target, completion(prompts, _STREAM, seed))) for seed in range(_STREAMS)]
    await asyncio.sleep(_SETTLE_S)
    arrival = await timed(target, completion(prompts, LONG_PROMPT, _STREAMS))
    finished = await asyncio.gather(*streams)
    until = arrival.sent_at + arrival.first_s
    found = [gap for timing in finished for gap in gaps(timing, since=arrival.sent_at, until=until)]
    return found, [*finished, arrival]
