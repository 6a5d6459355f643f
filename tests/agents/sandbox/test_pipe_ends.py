"""A descriptor that is closed twice closes somebody else's: each end of a pipe is closed once, on either loop."""

import asyncio
import os
from collections.abc import Callable

import pytest
import uvloop

from agents.sandbox.pipe_ends import PipeEnd

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The descriptors that we close ourselves."""
    numbers: list[int] = []
    close = os.close

    def noted(descriptor: int) -> None:
        numbers.append(descriptor)
        close(descriptor)

    monkeypatch.setattr("agents.sandbox.pipe_ends.os.close", noted)
    return numbers


async def lent_and_let_go(descriptor: int, *, writes: bool) -> None:
    loop, end = asyncio.get_running_loop(), PipeEnd(descriptor)
    if writes:
        transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, end.lent_to(loop))
        transport.abort()
    else:
        reading, _ = await loop.connect_read_pipe(asyncio.Protocol, end.lent_to(loop))
        reading.close()
    for _ in range(5):
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    end.close()  # as `start` does with all of them when one could not be connected


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
def test_an_end_that_a_loop_took_over_is_closed_once(loop: str, writes: bool, closed: list[int]) -> None:
    reading, writing = os.pipe()
    mine, other = (writing, reading) if writes else (reading, writing)
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(lent_and_let_go(mine, writes=writes))
        assert not is_open(mine)
        assert closed == ([mine] if loop == "asyncio" else [])
    os.close(other)


def test_an_end_that_was_never_lent_is_closed_by_hand_and_only_once(closed: list[int]) -> None:
    reading, writing = os.pipe()
    end = PipeEnd(reading)
    end.close()
    end.close()
    assert closed == [reading]
    os.close(writing)
