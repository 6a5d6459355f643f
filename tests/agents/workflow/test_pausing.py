"""A node that asks a person: others go on meanwhile, the run sleeps, and wakes with the answer, however often."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from agents.events import (
    Body,
    HumanInputGiven,
    HumanInputRequired,
    NodeFinished,
    RunFinished,
    RunPaused,
    decode,
    encode,
)
from agents.types import JsonValue, RunSpec
from agents.workflow.execute import RunLimits, run_graph
from agents.workflow.state import fold
from tests.agents.fakes import finished, node, ports_of, started
from tests.agents.workflow.graphs import iteration, loop, workflow_spec
from tests.agents.workflow.probe import Probe, end_node, inner, kinds_with, probe_node


async def attempt(spec: RunSpec, past: Sequence[Body] = (), probe: Probe | None = None) -> list[Body]:
    """Run once more after `past`, which went through the store."""
    stored = [decode(body.kind, encode(body)) for body in past]
    run = run_graph(spec, ports_of(), stored, kinds=kinds_with(probe or Probe()), limits=RunLimits(max_run_s=10))
    return [*past, *[body async for body in run]]


def answer(path: str, **values: JsonValue) -> HumanInputGiven:
    return HumanInputGiven(path, "first", values, by="ada")


def asking() -> RunSpec:
    nodes = [
        node("start", "start"),
        probe_node("ask", asks=True, text="Well?"),
        probe_node("beside", text="done"),
        probe_node("after", text="{{#beside.text#}}!"),
        end_node(said="ask.value", after="after.text"),
    ]
    return workflow_spec(nodes, ["start > ask", "start > beside", "beside > after", "ask > end", "after > end"])


async def test_what_runs_beside_a_question_ends_before_the_run_sleeps() -> None:
    bodies = await attempt(asking())
    assert isinstance(bodies[-1], RunPaused) and bodies[-1].reasons == ("ask",)
    assert finished(bodies) == ["start", "beside", "after"]
    (asked,) = [body for body in bodies if isinstance(body, HumanInputRequired)]
    assert asked.form == {"title": "Well?"} and asked.ask == "first"


async def test_r09_a_question_survives_three_restarts_and_is_asked_once() -> None:
    bodies = await attempt(asking())
    for _ in range(3):
        bodies = await attempt(asking(), bodies)
        assert isinstance(bodies[-1], RunPaused)
    bodies = await attempt(asking(), [*bodies, answer("ask", name="Ada")])
    end = bodies[-1]
    assert isinstance(end, RunFinished) and end.outputs == {"said": {"name": "Ada"}, "after": "done!"}
    assert sum(isinstance(body, HumanInputRequired) for body in bodies) == 1
    assert started(bodies).count("beside") == 1


async def test_r09_nothing_in_a_sleeping_run_looks_at_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day passes between two attempts; whether a question expired is for whoever answers it to say."""
    bodies = await attempt(asking())
    monkeypatch.setattr("time.time", lambda: 86_400.0 * 40_000)
    bodies = await attempt(asking(), [*bodies, answer("ask", name="Ada")])
    assert isinstance(bodies[-1], RunFinished)


async def test_r09_an_answer_that_never_came_is_an_answer_too() -> None:
    bodies = await attempt(asking())
    given = HumanInputGiven("ask", "first", {}, timed_out=True)
    bodies = await attempt(asking(), [*bodies, given])
    assert isinstance(bodies[-1], RunFinished) and bodies[-1].outputs["said"] is None


async def test_a_run_cut_at_any_event_around_its_question_asks_once_and_ends() -> None:
    paused = await attempt(asking())
    whole = await attempt(asking(), [*paused, answer("ask", name="Ada")])
    for cut in range(len(whole)):
        bodies = await attempt(asking(), whole[:cut])
        if isinstance(bodies[-1], RunPaused):
            bodies = await attempt(asking(), [*bodies, answer("ask", name="Ada")])
        end = bodies[-1]
        assert isinstance(end, RunFinished) and end.outputs["said"] == {"name": "Ada"}, cut
        assert sum(isinstance(body, HumanInputRequired) for body in bodies) == 1, cut


def asking_in_rounds(*, is_parallel: bool) -> RunSpec:
    nodes = [
        node("start", "start"),
        probe_node("list", value=["a", "b", "c"]),
        iteration("each", "list.value", "ask.value", is_parallel=is_parallel, parallel_nums=2),
        inner("each", "begin", "iteration-start"),
        probe_node("before", "each", text="{{#each.item#}}"),
        probe_node("ask", "each", asks=True, text="{{#before.text#}}?"),
        end_node(out="each.output"),
    ]
    return workflow_spec(nodes, ["start > list", "list > each", "begin > before", "before > ask", "each > end"])


async def test_rounds_one_after_the_other_ask_one_after_the_other() -> None:
    spec = asking_in_rounds(is_parallel=False)
    bodies: list[Body] = []
    for number in range(3):
        bodies = await attempt(spec, bodies)
        assert isinstance(bodies[-1], RunPaused) and bodies[-1].reasons == (f"each:{number}/ask",)
        bodies = [*bodies, answer(f"each:{number}/ask", n=number)]
    bodies = await attempt(spec, bodies)
    assert isinstance(bodies[-1], RunFinished)
    assert bodies[-1].outputs == {"out": [{"n": 0}, {"n": 1}, {"n": 2}]}
    assert len(finished(bodies)) == len(set(finished(bodies)))


async def test_rounds_beside_each_other_ask_together_and_may_be_answered_in_any_order() -> None:
    spec = asking_in_rounds(is_parallel=True)
    bodies = await attempt(spec)
    assert isinstance(bodies[-1], RunPaused) and set(bodies[-1].reasons) == {"each:0/ask", "each:1/ask"}
    bodies = await attempt(spec, [*bodies, answer("each:1/ask", n=1)])
    assert isinstance(bodies[-1], RunPaused) and set(bodies[-1].reasons) == {"each:0/ask", "each:2/ask"}
    bodies = await attempt(spec, [*bodies, answer("each:2/ask", n=2), answer("each:0/ask", n=0)])
    assert isinstance(bodies[-1], RunFinished) and bodies[-1].outputs == {"out": [{"n": 0}, {"n": 1}, {"n": 2}]}


async def test_a_question_in_a_loop_keeps_the_loops_variables() -> None:
    start: JsonValue = [{"label": "text", "var_type": "string", "value_type": "constant", "value": ""}]
    nodes = [
        node("start", "start"),
        loop("again", 2, loop_variables=start),
        inner("again", "begin", "loop-start"),
        probe_node("grow", "again", text="{{#again.text#}}x", assigns=["again", "text"]),
        probe_node("ask", "again", asks=True, text="{{#again.text#}}?"),
        end_node(out="again.text"),
    ]
    spec = workflow_spec(nodes, ["start > again", "begin > grow", "grow > ask", "again > end"])
    bodies: list[Body] = []
    for number in range(2):
        bodies = await attempt(spec, bodies)
        assert isinstance(bodies[-1], RunPaused)
        asked = [body.form["title"] for body in bodies if isinstance(body, HumanInputRequired)]
        assert asked[-1] == "x" * (number + 1) + "?"
        bodies = [*bodies, answer(f"again:{number}/ask", ok=True)]
    bodies = await attempt(spec, bodies)
    assert isinstance(bodies[-1], RunFinished) and bodies[-1].outputs == {"out": "xx"}


async def test_a_node_with_effects_that_asked_first_may_go_on_after_its_answer() -> None:
    nodes = [node("start", "start"), probe_node("send", asks=True, repeatable=False), end_node(out="send.value")]
    spec = workflow_spec(nodes, ["start > send", "send > end"])
    bodies = await attempt(spec)
    bodies = await attempt(spec, [*bodies, answer("send", ok=True)])
    assert isinstance(bodies[-1], RunFinished) and bodies[-1].outputs == {"out": {"ok": True}}


async def test_a_node_with_effects_that_was_interrupted_is_not_run_again() -> None:
    nodes = [node("start", "start"), probe_node("send", repeatable=False), end_node(out="send.value")]
    spec = workflow_spec(nodes, ["start > send", "send > end"])
    whole = await attempt(spec)
    cut = next(index for index, body in enumerate(whole) if isinstance(body, NodeFinished) and body.node_id == "send")
    probe = Probe()
    bodies = await attempt(spec, whole[:cut], probe)
    assert bodies[-1].code == "outcome_unknown" and not probe.effects  # type: ignore[union-attr]  # it is RunFailed


async def test_a_question_whose_round_failed_keeps_nobody_waiting() -> None:
    """A round fails while it asks; another one still waits: only that one is named."""
    nodes = [
        node("start", "start"),
        probe_node("list", value=["a"]),
        iteration("each", "list.value", "bad.text", error_handle_mode="continue-on-error"),
        probe_node("ask", "each", asks=True),
        probe_node("bad", "each", waits="fail", fails=-1),
        probe_node("other", asks=True),
        end_node(out="other.value"),
    ]
    spec = workflow_spec(nodes, ["start > list", "list > each", "each > other", "other > end"])
    probe = Probe()
    probe.gate("fail").set()
    bodies = await attempt(replace(spec), (), probe)
    assert isinstance(bodies[-1], RunPaused), bodies[-1]
    assert bodies[-1].reasons == ("other",) == fold(bodies).waiting
