"""workflow: another workflow of the workspace as one step, in the version with which it began."""

from dataclasses import replace

import pytest

from agents.events import Body, NodeFailed, RoundStarted, RunFailed, RunFinished
from agents.nodes.registry import NODES
from agents.ports import CalledWorkflow, Ports
from agents.types import EdgeSpec, JsonValue, NodeSpec, RunSpec
from agents.workflow.execute import RunLimits, run_graph
from tests.agents.fakes import edges_of, finished, node, ports_of, started
from tests.agents.workflow.graphs import workflow_spec
from tests.agents.workflow.probe import FakeWorkflows, Probe, end_node, kinds_with, probe_node


def called(app_id: str, version: int, nodes: list[NodeSpec], edges: tuple[EdgeSpec, ...]) -> CalledWorkflow:
    return CalledWorkflow(app_id, app_id.title(), version, tuple(nodes), edges)


def echo(version: int = 1, **config: JsonValue) -> CalledWorkflow:
    variables: JsonValue = [{"variable": "word", "type": "text-input", "required": True}]
    nodes = [
        node("start", "start", {"variables": variables}),
        probe_node("say", text=f"{{{{#start.word#}}}} v{version}", **config),
        end_node(said="say.text"),
    ]
    return called("echo", version, nodes, edges_of("start > say", "say > end"))


def calling(inputs: JsonValue, app_id: str = "echo", **config: JsonValue) -> RunSpec:
    nodes = [
        node("start", "start"),
        probe_node("word", text="hello", value={"deep": 7}),
        node("call", "workflow", {"app_id": app_id, "inputs": inputs, **config}),
        end_node(out="call.said"),
    ]
    return workflow_spec(nodes, ["start > word", "word > call", "call > end"])


def world(*workflows: CalledWorkflow) -> tuple[Ports, FakeWorkflows]:
    found = FakeWorkflows(*workflows)
    return replace(ports_of(), workflows=found), found


async def bodies_of(
    spec: RunSpec, ports: Ports, past: list[Body] | None = None, probe: Probe | None = None
) -> list[Body]:
    return [body async for body in run_graph(spec, ports, past or [], kinds=kinds_with(probe or Probe()))]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"type": "mixed", "value": "<{{#word.text#}}>"}, "<hello> v1"),
        ({"type": "variable", "value": ["word", "text"]}, "hello v1"),
        ({"type": "variable", "value": ["word", "value", "deep"]}, "7 v1"),
        ({"type": "constant", "value": "{{#word.text#}}"}, "{{#word.text#}} v1"),
        ("{{#word.text#}}", "hello v1"),
        (3, "3 v1"),
    ],
)
async def test_a_called_workflow_gets_its_inputs_and_gives_its_outputs(given: JsonValue, said: str) -> None:
    bodies = await bodies_of(calling({"word": given}), world(echo())[0])
    assert isinstance(bodies[-1], RunFinished) and bodies[-1].outputs == {"out": said}
    assert "call:0/say" in finished(bodies)


async def test_the_version_that_was_found_is_the_one_that_goes_on() -> None:
    ports, _ = world(echo(1))
    whole = await bodies_of(calling({"word": "hi"}), ports)
    opened = next(index for index, body in enumerate(whole) if isinstance(body, RoundStarted))
    body = whole[opened]
    assert isinstance(body, RoundStarted) and body.values == {"app_id": "echo", "version": 1, "inputs": {"word": "hi"}}
    newer, workflows = world(echo(1), echo(2))
    rest = await bodies_of(calling({"word": "hi"}), newer, whole[: opened + 1])
    assert isinstance(rest[-1], RunFinished) and rest[-1].outputs == {"out": "hi v1"}
    assert workflows.found == [("echo", 1)]
    fresh = await bodies_of(calling({"word": "hi"}), newer)
    assert isinstance(fresh[-1], RunFinished) and fresh[-1].outputs == {"out": "hi v2"}


async def test_a_version_may_be_chosen() -> None:
    bodies = await bodies_of(calling({"word": "hi"}, version=1), world(echo(1), echo(2))[0])
    assert isinstance(bodies[-1], RunFinished) and bodies[-1].outputs == {"out": "hi v1"}


async def test_a_failure_inside_is_the_callers_and_may_be_handled() -> None:
    bodies = await bodies_of(calling({"word": "hi"}), world(echo(fails=-1))[0])
    failed = [body.node_id for body in bodies if isinstance(body, NodeFailed)]
    assert failed == ["call:0/say", "call"] and isinstance(bodies[-1], RunFailed)
    assert bodies[-1].code == "invalid_input" and "call:0/say does not like" in bodies[-1].message
    handled: JsonValue = [{"key": "said", "type": "string", "value": "sorry"}]
    spec = calling({"word": "hi"}, error_strategy="default-value", default_value=handled)
    bodies = await bodies_of(spec, world(echo(fails=-1))[0])
    assert isinstance(bodies[-1], RunFinished) and bodies[-1].outputs == {"out": "sorry"}
    assert bodies[-1].exceptions == 1


async def test_an_input_that_is_missing_and_a_workflow_that_is_gone_are_named() -> None:
    bodies = await bodies_of(calling({}), world(echo())[0])
    assert isinstance(bodies[-1], RunFailed) and "'word' is required" in bodies[-1].message
    bodies = await bodies_of(calling({}, "nothing"), world(echo())[0])
    assert isinstance(bodies[-1], RunFailed) and "no workflow 'nothing'" in bodies[-1].message


async def test_a_workflow_that_calls_itself_ends_at_the_limit_of_depth() -> None:
    nodes = [node("start", "start"), node("call", "workflow", {"app_id": "self"}), end_node(out="call.out")]
    edges = edges_of("start > call", "call > end")
    ports, _ = world(called("self", 1, nodes, edges))
    spec = replace(workflow_spec(nodes, []), edges=edges)
    bodies = [body async for body in run_graph(spec, ports, kinds=NODES)]
    assert isinstance(bodies[-1], RunFailed) and bodies[-1].code == "too_deep"
    assert max(path.count("/") for path in started(bodies)) == RunLimits().max_depth


async def test_calls_beside_each_other_lend_their_places_to_what_they_call() -> None:
    """More calls than may run at once: were each to keep its place, nothing inside of them could ever run."""
    names = [f"call{number}" for number in range(4)]
    nodes = [
        node("start", "start"),
        *(node(name, "workflow", {"app_id": "echo", "inputs": {"word": name}}) for name in names),
    ]
    nodes.append(end_node(**{name: f"{name}.said" for name in names}))
    edges = [edge for name in names for edge in (f"start > {name}", f"{name} > end")]
    ports, _ = world(echo())
    run = run_graph(
        workflow_spec(nodes, edges), ports, limits=RunLimits(max_parallel=2, max_run_s=20), kinds=kinds_with(Probe())
    )
    bodies = [body async for body in run]
    assert isinstance(bodies[-1], RunFinished)
    assert bodies[-1].outputs == {name: f"{name} v1" for name in names}


async def test_what_a_called_workflow_says_is_not_shown() -> None:
    nodes = [node("start", "start"), node("out", "answer", {"answer": "hello"}), end_node(said="out.answer")]
    ports, _ = world(called("echo", 1, nodes, edges_of("start > out", "out > end")))
    bodies = await bodies_of(calling({}), ports)
    assert isinstance(bodies[-1], RunFinished) and bodies[-1].outputs == {"out": "hello"}
    assert not [body for body in bodies if body.kind == "text_delta"]
