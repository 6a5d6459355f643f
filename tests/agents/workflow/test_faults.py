"""Whatever call to the world fails or never answers: the run ends, says why, and stops at once when it is cancelled."""

import asyncio
from contextlib import aclosing

import pytest

from agents.events import TERMINAL_KINDS, Body, NodeStarted, RunFailed, RunFinished
from agents.nodes.registry import NODES
from agents.types import RunSpec
from agents.workflow.execute import RunLimits, run_graph
from tests.agents.workflow.every_kind import ASKS_NOBODY, CONFIGS, INNER, Toll, everything, outside, run_of

CALLS = 200
RETRY = {"retry_config": {"retry_enabled": True, "max_retries": 2, "retry_interval": 0}}


def test_every_kind_has_a_run() -> None:
    assert set(CONFIGS) | set(INNER) == set(NODES)


def shut_for(kind: str) -> Toll:
    """Return a toll that lets a start look for its file, and nobody else pass."""
    return Toll(is_shut=True, free=kind == "document-extractor")


async def bodies_of(spec: RunSpec, toll: Toll) -> list[Body]:
    ports, _ = outside(toll)
    return [body async for body in run_graph(spec, ports)]


@pytest.mark.parametrize("kind", sorted({*CONFIGS, *INNER}))
async def test_a_run_with_this_kind_ends_well(kind: str) -> None:
    bodies = await bodies_of(run_of(kind), Toll())
    assert isinstance(bodies[-1], RunFinished), bodies[-1]


@pytest.mark.parametrize("kind", sorted({*CONFIGS, *INNER}))
async def test_r10_a_cancelled_run_stops_within_a_second_whatever_it_waits_for(kind: str) -> None:
    toll = shut_for(kind)
    ports, world = outside(toll)
    bodies: list[Body] = []

    async def read() -> None:
        async with aclosing(run_graph(run_of(kind), ports)) as run:
            async for body in run:
                bodies.append(body)
                if kind in ASKS_NOBODY and isinstance(body, NodeStarted) and body.node_kind == kind:
                    await asyncio.Event().wait()

    reader = asyncio.create_task(read())
    async with asyncio.timeout(5):
        while not toll.waiting and not (kind in ASKS_NOBODY and bodies and isinstance(bodies[-1], NodeStarted)):
            if reader.done():
                raise AssertionError(bodies[-1])
            await asyncio.sleep(0)
    reader.cancel()
    async with asyncio.timeout(1):
        with pytest.raises(asyncio.CancelledError):
            await reader
    assert toll.waiting == 0 and world.model.open_streams == 0
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not [name for name in names if name.startswith(("node ", "run "))]


@pytest.mark.parametrize("kind", sorted({*CONFIGS, *INNER} - ASKS_NOBODY))
async def test_r10_a_run_that_took_too_long_ends_in_its_own_words(kind: str) -> None:
    toll = shut_for(kind)
    ports, _ = outside(toll)
    async with asyncio.timeout(5):
        bodies = [body async for body in run_graph(run_of(kind), ports, limits=RunLimits(max_run_s=0.05))]
    last = bodies[-1]
    assert isinstance(last, RunFailed) and last.code == "run_timeout" and toll.waiting == 0


async def test_r06_a_run_ends_whichever_call_fails() -> None:
    """The N-th call to the world raises, for each N until none is left to fail."""
    whole = Toll()
    bodies = await bodies_of(everything(), whole)
    assert isinstance(bodies[-1], RunFinished), bodies[-1]
    assert whole.calls > 40, "the sweep needs something to sweep"
    for number in range(1, CALLS + 1):
        toll = Toll(fails_at=number)
        async with asyncio.timeout(10):
            bodies = await bodies_of(everything(), toll)
        last = bodies[-1]
        assert sum(body.kind in TERMINAL_KINDS for body in bodies) == 1, number
        if toll.calls < number:
            assert isinstance(last, RunFinished)
            break
        if isinstance(last, RunFailed):
            assert last.code and last.message, number
        else:
            assert isinstance(last, RunFinished), last
    else:
        raise AssertionError(f"there are more than {CALLS} calls: sweep further")


async def test_r06_a_failing_call_is_reported_by_its_node_and_the_log(caplog: pytest.LogCaptureFixture) -> None:
    bodies = await bodies_of(run_of("code"), Toll(fails_at=2, failures=[RuntimeError("secret internals")]))
    failed = [body for body in bodies if body.kind == "node_failed"]
    assert [body.node_id for body in failed] == ["work"]  # type: ignore[union-attr]  # it is NodeFailed
    assert "secret internals" not in str(bodies) and "secret internals" in caplog.text


async def test_r06_what_cannot_be_stored_fails_its_node_and_takes_its_way_out() -> None:
    """A large output that the store refuses is the node's failure: its error strategy decides."""
    spec = run_of("template-transform")
    bodies = await bodies_of(spec, Toll(fails_at=2))
    assert [body.node_id for body in bodies if body.kind == "node_failed"] == ["work"]  # type: ignore[union-attr]  # it is NodeFailed
