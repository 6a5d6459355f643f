"""A run that is cut after any event goes on from there: nothing that has finished runs again, nothing is lost."""

from collections.abc import Sequence

import pytest

from agents.events import (
    TERMINAL_KINDS,
    Body,
    NodeFinished,
    NodeRetried,
    NodeStarted,
    RoundFinished,
    RunFinished,
    decode,
    encode,
)
from agents.workflow.execute import run_graph
from agents.workflow.paths import rounds_of
from agents.workflow.state import fold
from tests.agents.fakes import finished, shown_of, started
from tests.agents.workflow.graphs import RIGS, Rig
from tests.agents.workflow.probe import Probe, kinds_with


async def attempt(rig: Rig, probe: Probe, past: Sequence[Body] = (), *, continues: bool = False) -> list[Body]:
    return [body async for body in run_graph(rig.spec, rig.ports(continues), past, kinds=kinds_with(probe))]


def probe_after(past: Sequence[Body]) -> Probe:
    """Return the world's probe after `past`: what failed before the cut fails no second time."""
    probe = Probe()
    for body in past:
        if isinstance(body, NodeRetried):
            probe.failed[body.node_id] += 1
            for other in past:
                if isinstance(other, NodeStarted) and other.node_id.startswith(f"{body.node_id}:"):
                    probe.failed[other.node_id] = 1
    return probe


def is_over(path: str, past: Sequence[Body]) -> bool:
    """Whether a node, or a round or container around it, had finished."""
    rounds = {(body.node_id, body.index) for body in past if isinstance(body, RoundFinished)}
    done = {body.node_id for body in past if isinstance(body, NodeFinished)}
    around = list(rounds_of(path))
    return path in done or any((container, index) in rounds or container in done for _, container, index in around)


@pytest.mark.parametrize("continues", [True, False])
@pytest.mark.parametrize("name", RIGS)
async def test_r01_a_run_cut_at_any_event_ends_as_if_it_had_not_been_cut(name: str, continues: bool) -> None:
    rig = RIGS[name]()
    whole = await attempt(rig, Probe(), continues=continues)
    last = whole[-1]
    assert isinstance(last, RunFinished), last
    assert last.outputs == rig.outputs and last.exceptions == rig.exceptions
    if rig.answer is not None:
        assert shown_of(whole) == rig.answer
    for cut in range(len(whole)):
        past = [decode(body.kind, encode(body)) for body in whole[:cut]]
        probe = probe_after(past)
        rest = await attempt(rig, probe, past, continues=continues)
        bodies, end = [*past, *rest], rest[-1]
        assert isinstance(end, RunFinished), (cut, end)
        assert (end.outputs, end.exceptions, end.usage) == (last.outputs, last.exceptions, last.usage), cut
        assert sorted(finished(bodies)) == sorted(finished(whole)), cut
        again = [path for path in [*started(rest), *probe.effects] if is_over(path, past)]
        assert not again, f"after {cut} events {again} ran again"
        assert shown_of(bodies) == shown_of(whole) == fold(bodies).answer, cut
        assert sum(body.kind in TERMINAL_KINDS for body in bodies) == 1


@pytest.mark.parametrize("name", RIGS)
async def test_r01_a_run_cut_at_every_event_in_turn_still_ends(name: str) -> None:
    """The worker dies after each event that it stored: each attempt gets one event further."""
    rig = RIGS[name]()
    past: list[Body] = []
    while not past or past[-1].kind not in TERMINAL_KINDS:
        run = run_graph(rig.spec, rig.ports(False), past, kinds=kinds_with(probe_after(past)))
        fresh = await anext_that_is_new(run, past)
        past = [*past, *[decode(body.kind, encode(body)) for body in fresh]]
        assert len(past) < 2000, "it gets nowhere"
    end = past[-1]
    assert isinstance(end, RunFinished) and end.outputs == rig.outputs
    assert len(finished(past)) == len(set(finished(past))), "a node finished twice"
    assert shown_of(past) == fold(past).answer


async def anext_that_is_new(run: object, past: Sequence[Body]) -> list[Body]:
    """Return what an attempt sends up to and with its first checkpoint, or its end."""
    fresh: list[Body] = []
    async for body in run:  # type: ignore[attr-defined]  # it is the generator of `run_graph`
        fresh.append(body)
        if body.kind in TERMINAL_KINDS or isinstance(body, NodeFinished | RoundFinished | NodeRetried):
            break
    await run.aclose()  # type: ignore[attr-defined]  # as above
    return fresh
