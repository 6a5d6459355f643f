"""Any graph, whatever its nodes choose and however they fail, runs as a slow twin that goes node by node."""

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.events import Body, NodeFinished, RunFailed, RunFinished
from agents.types import JsonValue, NodeSpec, RunSpec
from agents.workflow.execute import RunLimits, run_graph
from tests.agents.fakes import finished, node, ports_of, started
from tests.agents.workflow.graphs import iteration, loop, workflow_spec
from tests.agents.workflow.probe import Probe, end_node, inner, kinds_with, probe_node

WAYS = ("source", "else")
HANDLED = ("default-value", "fail-branch")


@dataclass(frozen=True)
class Act:
    """What a node does: the way out that it chooses, whether it fails, and what its failure means."""

    handle: str
    fails: bool
    strategy: str


Plan = tuple[list[Act], dict[tuple[int, int], str]]
ACTS = st.builds(Act, st.sampled_from(WAYS), st.booleans(), st.sampled_from((*HANDLED, "")))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw the acts of some nodes, and edges that lead from lower to higher ones, with the way out each starts from."""
    acts = draw(st.lists(ACTS, min_size=1, max_size=8))
    edges: dict[tuple[int, int], str] = {}
    for target in range(1, len(acts)):
        for source in draw(st.sets(st.integers(0, target - 1), max_size=3)):
            ways = (*WAYS, "fail-branch") if acts[source].strategy == "fail-branch" else WAYS
            edges[source, target] = draw(st.sampled_from(ways))
    return acts, edges


def upstream(plan: Plan, target: int) -> list[int]:
    return sorted(source for source, other in plan[1] if other == target)


def spec_of_plan(plan: Plan) -> RunSpec:
    """Return the run; each node's text is its name and the texts of the nodes right before it."""
    nodes: list[NodeSpec] = []
    for number, act in enumerate(plan[0]):
        text = f"{number}(" + ",".join(f"{{{{#n{source}.text#}}}}" for source in upstream(plan, number)) + ")"
        config: dict[str, JsonValue] = {"text": text, "handle": act.handle, "handles": list(WAYS), "tokens": 1}
        if act.strategy:
            config["error_strategy"] = act.strategy
        if act.strategy == "default-value":
            config["default_value"] = [{"key": "text", "type": "string", "value": f"{number}?"}]
        if act.fails:
            config["fails"] = -1
        nodes.append(probe_node(f"n{number}", **config))
    edges = [f"n{source}.{way} > n{target}" for (source, target), way in plan[1].items()]
    return workflow_spec(nodes, edges)


def twin(plan: Plan) -> tuple[dict[str, str], bool]:
    """Return what each node gives that runs, and whether one fails the run; one after the other, edge by edge."""
    texts: dict[str, str] = {}
    taken: dict[int, str] = {}
    for number, act in enumerate(plan[0]):
        ways = [(source, plan[1][source, number]) for source in upstream(plan, number)]
        if ways and not any(taken.get(source) == way for source, way in ways):
            continue
        if act.fails and not act.strategy:
            return texts, True
        if act.fails and act.strategy == "fail-branch":
            taken[number], texts[f"n{number}"] = "fail-branch", ""
        elif act.fails:
            taken[number], texts[f"n{number}"] = "source", f"{number}?"
        else:
            before = ",".join(texts.get(f"n{source}", "") for source in upstream(plan, number))
            taken[number], texts[f"n{number}"] = act.handle, f"{number}({before})"
    return texts, False


async def bodies_of(spec: RunSpec, probe: Probe, limits: RunLimits) -> list[Body]:
    async with asyncio.timeout(20):
        return [body async for body in run_graph(spec, ports_of(), limits=limits, kinds=kinds_with(probe))]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plans(), st.integers(1, 3))
def test_a_graph_runs_as_its_twin(plan: Plan, max_parallel: int) -> None:
    texts, is_failed = twin(plan)
    probe = Probe()
    bodies = asyncio.run(bodies_of(spec_of_plan(plan), probe, RunLimits(max_parallel=max_parallel)))
    assert probe.together <= max_parallel
    assert len(finished(bodies)) == len(set(finished(bodies)))
    last = bodies[-1]
    if is_failed:
        assert isinstance(last, RunFailed) and last.code == "invalid_input"
        return
    assert isinstance(last, RunFinished), last
    found = {body.node_id: body.outputs["text"] or "" for body in bodies if isinstance(body, NodeFinished)}
    assert found == texts
    assert last.exceptions == sum(plan[0][int(name[1:])].fails for name in texts)
    assert last.usage["completion_tokens"] == sum(not plan[0][int(name[1:])].fails for name in texts)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plans(), st.integers(1, 8), st.integers(1, 8))
def test_a_run_does_no_more_than_it_may(plan: Plan, max_steps: int, max_tokens: int) -> None:
    acts = [Act(act.handle, fails=False, strategy="") for act in plan[0]]
    plan = (acts, {pair: way for pair, way in plan[1].items() if way in WAYS})
    texts, _ = twin(plan)
    limits = RunLimits(max_steps=max_steps, max_tokens=max_tokens)
    bodies = asyncio.run(bodies_of(spec_of_plan(plan), Probe(), limits))
    assert len(started(bodies)) <= max_steps
    last = bodies[-1]
    if len(texts) <= min(max_steps, max_tokens):
        assert isinstance(last, RunFinished)
    else:
        assert isinstance(last, RunFailed) and last.code in ("too_many_steps", "too_many_tokens")
        assert last.message


def nested(depth: int) -> tuple[list[NodeSpec], list[str]]:
    """Return loops in loops, `depth` of them, around one node."""
    nodes = [node("start", "start")]
    edges = ["start > l1"]
    for level in range(1, depth + 1):
        parent = f"l{level - 1}" if level > 1 else ""
        nodes += [loop(f"l{level}", 1, parent), inner(f"l{level}", f"b{level}", "loop-start")]
        if level > 1:
            edges.append(f"b{level - 1} > l{level}")
    nodes.append(probe_node("core", f"l{depth}", text="deep"))
    return [*nodes, end_node(rounds="l1.loop_round")], [*edges, f"b{depth} > core", "l1 > end"]


async def test_containers_nest_five_deep_and_no_deeper() -> None:
    bodies = await bodies_of(workflow_spec(*nested(5)), Probe(), RunLimits())
    assert isinstance(bodies[-1], RunFinished) and bodies[-1].outputs == {"rounds": 1}
    assert "l1:0/l2:0/l3:0/l4:0/l5:0/core" in finished(bodies)
    bodies = await bodies_of(workflow_spec(*nested(6)), Probe(), RunLimits())
    assert isinstance(bodies[-1], RunFailed) and "nested deeper than 5" in bodies[-1].message


@pytest.mark.parametrize("parallel_nums", [1, 3, 10])
async def test_an_iteration_runs_as_many_rounds_at_once_as_it_may(parallel_nums: int) -> None:
    items: JsonValue = list(range(12))
    nodes = [
        node("start", "start"),
        probe_node("list", value=items),
        iteration("each", "list.value", "one.text", is_parallel=True, parallel_nums=parallel_nums),
        probe_node("one", "each", text="{{#each.item#}}"),
        end_node(out="each.output"),
    ]
    probe = Probe()
    bodies = await bodies_of(workflow_spec(nodes, ["start > list", "list > each", "each > end"]), probe, RunLimits())
    assert isinstance(bodies[-1], RunFinished)
    assert bodies[-1].outputs == {"out": [str(number) for number in range(12)]}
    assert probe.together == parallel_nums


async def test_a_failing_round_stops_those_beside_it() -> None:
    nodes = [
        node("start", "start"),
        probe_node("list", value=["a", "b", "c"]),
        iteration("each", "list.value", "one.text", is_parallel=True, parallel_nums=3),
        probe_node("choice", "each", handle="bad", handles=["bad"]),
        probe_node("bad", "each", fails=-1),
        probe_node("one", "each", waits="never"),
    ]
    probe = Probe()
    bodies = await bodies_of(
        workflow_spec(nodes, ["start > list", "list > each", "choice.bad > bad"]), probe, RunLimits()
    )
    assert isinstance(bodies[-1], RunFailed) and bodies[-1].code == "invalid_input"
    assert not probe.running
