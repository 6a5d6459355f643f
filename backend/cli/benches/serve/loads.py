"""How requests are sent: by clients that wait for their answer (closed loop), or at given moments (open loop)."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from backend.cli.benches.serve.figures import Timing
from backend.cli.benches.serve.wire import LIMIT_S, Ask, Target, timed


@dataclass(frozen=True)
class Shape:
    """The size of one request in tokens."""

    prompt_tokens: int
    answer_tokens: int


@dataclass(frozen=True)
class Arrival:
    """A request of an open loop; `at_s` counts from the start of the trace."""

    at_s: float
    shape: Shape


def poisson(seed: int, *, per_s: float, shapes: Sequence[Shape]) -> list[Arrival]:
    """Give the shapes arrival times with exponential gaps; the same seed gives the same trace."""
    source = random.Random(seed)  # noqa: S311  # a trace, not a secret
    at_s = 0.0
    trace = []
    for shape in shapes:
        at_s += source.expovariate(per_s)
        trace.append(Arrival(at_s, shape))
    return trace


def mixed(seed: int, *, short: Shape, long: Shape, count: int, long_share: float) -> list[Shape]:
    """Shuffle exactly `long_share` of long shapes among the short ones, rounded to whole requests."""
    longs = round(count * long_share)
    shapes = [long] * longs + [short] * (count - longs)
    random.Random(seed).shuffle(shapes)  # noqa: S311  # a trace, not a secret
    return shapes


async def closed_loop(target: Target, asks: Sequence[Ask], clients: int, limit_s: float = LIMIT_S) -> list[Timing]:
    """Let `clients` take the requests in order, each waiting for its answer before it takes the next.

    After `limit_s` no more are sent and those under way are broken off: what they brought until then counts.
    Returns the timings in the order of the requests.
    """
    waiting = deque(enumerate(asks))
    timings: dict[int, Timing] = {}
    deadline = time.monotonic() + limit_s

    async def client() -> None:
        while waiting and (left_s := deadline - time.monotonic()) > 0:
            number, ask = waiting.popleft()
            timings[number] = await timed(target, ask, left_s)

    await asyncio.gather(*(client() for _ in range(clients)))
    return [timings[number] for number in sorted(timings)]


async def open_loop(target: Target, asks: Sequence[tuple[float, Ask]]) -> list[Timing]:
    """Send each request at its moment, however many are still under way; in the order of the trace."""
    started = asyncio.get_running_loop().time()

    async def send(at_s: float, ask: Ask) -> Timing:
        await asyncio.sleep(max(0.0, started + at_s - asyncio.get_running_loop().time()))
        return await timed(target, ask)

    return list(await asyncio.gather(*(send(at_s, ask) for at_s, ask in asks)))
