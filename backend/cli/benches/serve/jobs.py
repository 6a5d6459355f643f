"""W3 and W5: requests that come by themselves, at a share of what the server was found to manage."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.cli.benches.serve.chat import CLIENTS, asks, completion
from backend.cli.benches.serve.figures import Timing
from backend.cli.benches.serve.loads import Shape, closed_loop, mixed, open_loop, poisson
from backend.cli.benches.serve.prompts import Prompts
from backend.cli.benches.serve.wire import Ask, Target

SHORT_JOB = Shape(30, 16)
# A document of some pages and a page about it.
LONG_JOB = Shape(2000, 300)
LONG_SHARE = 0.1
LOAD = 0.8
OVERLOAD = 3.0
_OVERLOAD_SHAPE = Shape(190, 64)
_SEED = 7


@dataclass(frozen=True)
class Outcome:
    """What became of the requests of an overload."""

    admitted: int
    refused: int
    # Refusals without a Retry-After, other errors, and broken connections.
    wrong: int


def outcome(timings: Sequence[Timing]) -> Outcome:
    """Count: an answer is admitted when it came whole; a refusal is right when it says when to come again."""
    admitted = sum(timing.is_whole for timing in timings)
    refused = sum(timing.status == 429 and (timing.retry_after_s or 0) > 0 for timing in timings)
    return Outcome(admitted, refused, len(timings) - admitted - refused)


async def capacity(target: Target, prompts: Prompts, shapes: Sequence[Shape]) -> float:
    """Requests per second that the server manages when it always has as many as it can hold.

    The longest come first: at the end there would be nothing to compute beside them, and the server half idle.
    """
    order = sorted(shapes, key=lambda shape: shape.prompt_tokens + shape.answer_tokens, reverse=True)
    timings = await closed_loop(target, asks(prompts, order), 2 * CLIENTS)
    return len(timings) / (max(t.ended_at for t in timings) - min(t.sent_at for t in timings))


def job_shapes(count: int) -> list[Shape]:
    """Nine short jobs to a long one, in an order that the seed fixes."""
    return mixed(_SEED, short=SHORT_JOB, long=LONG_JOB, count=count, long_share=LONG_SHARE)


def job_trace(prompts: Prompts, per_s: float, count: int) -> list[tuple[float, Ask]]:
    """The same jobs at the same moments for every server that gets prompts of the same seed.

    All of one class, which is ready to wait: first come, first served would refuse some of the interactive class.
    """
    trace = poisson(_SEED, per_s=per_s, shapes=job_shapes(count))
    return [
        (arrival.at_s, completion(prompts, arrival.shape, seed, priority="workflow"))
        for seed, arrival in enumerate(trace)
    ]


async def overload_capacity(target: Target, prompts: Prompts) -> float:
    """Requests of the overload per second that are managed when none is too many."""
    return await capacity(target, prompts, [_OVERLOAD_SHAPE] * (3 * CLIENTS))


async def overload_round(target: Target, prompts: Prompts, per_s: float, lasts_s: float) -> list[Timing]:
    """Send three times as many requests as the server manages."""
    count = max(1, round(OVERLOAD * per_s * lasts_s))
    trace = poisson(_SEED, per_s=OVERLOAD * per_s, shapes=[_OVERLOAD_SHAPE] * count)
    return await open_loop(target, [(a.at_s, completion(prompts, a.shape, seed)) for seed, a in enumerate(trace)])
