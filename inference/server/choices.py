"""Several generations as one stream: each delta comes with the number of its choice."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from inference.types import Delta, GenerateRequest

Deltas = AsyncGenerator[Delta, None]
Numbered = tuple[int, Delta]


def fan_out(requests: Sequence[GenerateRequest], answers: int) -> list[GenerateRequest]:
    """Return `answers` requests for each, which differ in their seed if they have one."""
    return [_reseeded(request, number) for request in requests for number in range(answers)]


def _reseeded(request: GenerateRequest, number: int) -> GenerateRequest:
    seed = request.sampling.seed
    if seed is None or number == 0:
        return request
    wrapped = (seed + number + 2**63) % 2**64 - 2**63
    return replace(request, sampling=replace(request.sampling, seed=wrapped))


async def merge(generations: Sequence[Deltas]) -> AsyncGenerator[Numbered, None]:
    """Yield what the generations yield, as it comes. One that fails ends all; closing closes them all."""
    if len(generations) == 1:
        async with aclosing(generations[0]) as deltas:
            async for delta in deltas:
                yield 0, delta
        return
    # A full queue holds the engines' consumers back, whose deltas grow meanwhile: memory stays bounded.
    arrived: asyncio.Queue[Numbered | BaseException | None] = asyncio.Queue(maxsize=len(generations))
    tasks = [asyncio.create_task(_pump(number, deltas, arrived)) for number, deltas in enumerate(generations)]
    running = len(tasks)
    try:
        while running:
            match await arrived.get():
                case None:
                    running -= 1
                case BaseException() as problem:
                    raise problem
                case numbered:
                    yield numbered
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(number: int, generation: Deltas, arrived: asyncio.Queue[Numbered | BaseException | None]) -> None:
    try:
        async with aclosing(generation) as deltas:
            async for delta in deltas:
                await arrived.put((number, delta))
    except Exception as problem:  # noqa: BLE001  # a task's edge: raised again where the deltas are read
        await arrived.put(problem)
    else:
        await arrived.put(None)
