"""What the containers share: how rounds run beside each other, and the nodes that begin or end a round."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import ClassVar

from agents.errors import LimitReached, Paused
from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.config import Lenient


class Marker(Lenient):
    """A place on the canvas; there is nothing to set."""


class RoundMarker(Node[Marker]):
    """A node that does nothing but mark where a round begins or ends."""

    category: ClassVar[str] = "flow"
    outputs: ClassVar[dict[str, str]] = {}
    config_type = Marker

    async def run(self, ctx: NodeContext, config: Marker) -> NodeResult:
        return NodeResult({})


async def run_rounds(indices: Iterable[int], limit: int, run_one: Callable[[int], Awaitable[None]]) -> None:
    """Run the rounds, at most `limit` at once and in order; the first failure stops the others.

    A round that waits for a person keeps its place; once the others are over, `Paused` is raised.
    """
    waiting: list[Paused] = []
    pending = iter(indices)
    if limit == 1:
        await _work(pending, run_one, waiting)
    else:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(limit):
                    group.create_task(_work(pending, run_one, waiting))
        except BaseExceptionGroup as errors:
            raise _most_telling(errors) from None
    if waiting:
        raise waiting[0]


async def _work(pending: Iterator[int], run_one: Callable[[int], Awaitable[None]], waiting: list[Paused]) -> None:
    for index in pending:
        try:
            await run_one(index)
        except Paused as paused:
            waiting.append(paused)
            return


def _most_telling(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return what ended the rounds: a limit of the run before a failure of one node."""
    return next((error for error in errors.exceptions if isinstance(error, LimitReached)), errors.exceptions[0])
