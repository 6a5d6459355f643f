"""Graphs that use much of the engine at once, each with the world that it runs in: for tests that cut and resume."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agents.ports import CalledWorkflow, Ports
from agents.types import JsonValue, NodeSpec, RunSpec, VariableSpec
from inference.types import GenerateRequest
from tests.agents.fakes import Reply, ScriptedModel, edges_of, llm_config, node, ports_of, spec_of
from tests.agents.workflow.probe import FakeWorkflows, end_node, inner, probe_node

FIRST, SECOND = "The sky is  blue,\n or so. ", "Grass, though, is green."
RETRY: JsonValue = {"retry_enabled": True, "max_retries": 3, "retry_interval": 0}


@dataclass(frozen=True)
class Rig:
    """A run, and how to make its world anew; `outputs` is how it must end."""

    spec: RunSpec
    outputs: dict[str, JsonValue]
    ports: Callable[[bool], Ports]
    exceptions: int = 0
    answer: str | None = None


def two_models(continues: bool) -> Ports:
    """Return a world with a model that tells of the sky and the grass."""

    def script(request: GenerateRequest) -> Reply:
        return Reply(FIRST if "sky" in str(request.messages) else SECOND)

    return ports_of(ScriptedModel(script, supports_continuation=continues))


def workflow_spec(nodes: Sequence[NodeSpec], edges: Sequence[str], **more: object) -> RunSpec:
    return replace(spec_of(nodes, edges), mode="workflow", **more)  # type: ignore[arg-type]  # names are checked by the constructor


def selector(text: str) -> JsonValue:
    return list(text.split("."))


def iteration(node_id: str, over: str, output: str, parent: str = "", /, **config: JsonValue) -> NodeSpec:
    values: dict[str, JsonValue] = {"iterator_selector": selector(over), "output_selector": selector(output), **config}
    return NodeSpec(node_id, "iteration", node_id, values, parent)


def loop(node_id: str, count: int, parent: str = "", /, **config: JsonValue) -> NodeSpec:
    return NodeSpec(node_id, "loop", node_id, {"loop_count": count, **config}, parent)


def variable(label: str, value: JsonValue, var_type: str = "string") -> JsonValue:
    return {"label": label, "var_type": var_type, "value_type": "constant", "value": value}


def branches() -> Rig:
    """A choice, two branches that join, a branch that is not taken, and an end that reads them all."""
    nodes = [
        node("start", "start"),
        probe_node("choice", handle="left", handles=["left", "right"]),
        probe_node("left", text="L"),
        probe_node("right", text="R"),
        probe_node("side", text="S"),
        probe_node("join", text="{{#left.text#}}{{#right.text#}}{{#side.text#}}"),
        end_node(out="join.text", nothing="right.text"),
    ]
    edges = ["start > choice", "start > side", "choice.left > left", "choice.right > right"]
    edges += ["left > join", "right > join", "side > join", "join > end"]
    return Rig(workflow_spec(nodes, edges), {"out": "LS", "nothing": None}, two_models)


def parallel_iteration() -> Rig:
    """Rounds beside each other, one of which fails; what is left comes in order."""
    items: JsonValue = ["a", "b", "c", "d"]
    nodes = [
        node("start", "start"),
        probe_node("list", value=items),
        iteration(
            "each", "list.value", "two.text", is_parallel=True, parallel_nums=3, error_handle_mode="continue-on-error"
        ),
        inner("each", "begin", "iteration-start"),
        probe_node("one", "each", text="{{#each.item#}}{{#each.index#}}"),
        probe_node("two", "each", text="<{{#one.text#}}>"),
        end_node(out="each.output"),
    ]
    edges = ["start > list", "list > each", "begin > one", "one > two", "each > end"]
    return Rig(workflow_spec(nodes, edges), {"out": ["<a0>", "<b1>", "<c2>", "<d3>"]}, two_models)


def loop_with_variables() -> Rig:
    """A loop that appends to its variable until a condition holds."""
    grown: JsonValue = {"variable_selector": ["again", "text"], "comparison_operator": "contains", "value": "xxx"}
    nodes = [
        node("start", "start"),
        loop("again", 9, loop_variables=[variable("text", ""), variable("kept", "k")], break_conditions=[grown]),
        inner("again", "begin", "loop-start"),
        probe_node("grow", "again", text="{{#again.text#}}x", assigns=["again", "text"]),
        probe_node("see", "again", text="{{#again.text#}}{{#again.loop_round#}}"),
        end_node(out="again.text", rounds="again.loop_round", kept="again.kept"),
    ]
    edges = ["start > again", "begin > grow", "grow > see", "again > end"]
    return Rig(workflow_spec(nodes, edges), {"out": "xxx", "rounds": 3, "kept": "k"}, two_models)


def iteration_in_loop() -> Rig:
    """An iteration in a loop, whose inner nodes write the loop's variable; an exit ends the loop."""
    items: JsonValue = ["a", "b"]
    nodes = [
        node("start", "start"),
        probe_node("list", value=items),
        loop("again", 3, loop_variables=[variable("text", "")]),
        inner("again", "begin", "loop-start"),
        iteration("each", "list.value", "add.text", "again"),
        inner("each", "first", "iteration-start"),
        probe_node("add", "each", text="{{#again.text#}}{{#each.item#}}", assigns=["again", "text"]),
        probe_node("enough", "again", handle="stop", handles=["stop", "source"]),
        inner("again", "exit", "loop-end"),
        end_node(out="again.text", rounds="again.loop_round"),
    ]
    edges = ["start > list", "list > again", "begin > each", "first > add", "each > enough"]
    edges += ["enough.stop > exit", "again > end"]
    return Rig(workflow_spec(nodes, edges), {"out": "ab", "rounds": 1}, two_models)


def called_workflow() -> Rig:
    """A workflow that calls another one, in a version that is not the newest any more."""

    def ports(continues: bool) -> Ports:
        inner_nodes = (
            node("start", "start", {"variables": [{"variable": "word", "type": "text-input"}]}),
            probe_node("work", text="<{{#start.word#}} {{#env.tone#}}>"),
            end_node(result="work.text"),
        )
        tone = (VariableSpec("tone", "string", "calm"),)
        called = CalledWorkflow("other", "Other", 3, inner_nodes, edges_of("start > work", "work > end"), tone)
        workflows = FakeWorkflows(called, environment={"tone": "calm"})
        return replace(two_models(continues), workflows=workflows)

    nodes = [
        node("start", "start"),
        probe_node("word", text="hi"),
        node(
            "call", "workflow", {"app_id": "other", "inputs": {"word": {"type": "mixed", "value": "{{#word.text#}}!"}}}
        ),
        end_node(out="call.result"),
    ]
    return Rig(workflow_spec(nodes, ["start > word", "word > call", "call > end"]), {"out": "<hi! calm>"}, ports)


def two_answers_of_models() -> Rig:
    """Two models at once, an answer that quotes both between literals, and another answer after it."""
    nodes = [
        node("start", "start"),
        node("sky", "llm", llm_config("Tell of the sky.")),
        node("grass", "llm", llm_config("Tell of grass.")),
        node("first", "answer", {"answer": "A {{#sky.text#}} B {{#grass.text#}}"}),
        node("second", "answer", {"answer": "\nC {{#grass.text#}}."}),
    ]
    edges = ["start > sky", "start > grass", "sky > first", "grass > first", "first > second"]
    spec = replace(spec_of(nodes, edges), mode="chatflow")
    answer = f"A {FIRST} B {SECOND}\nC {SECOND}."
    return Rig(spec, {"answer": answer}, two_models, answer=answer)


def failures() -> Rig:
    """A node that is tried again, one with a default, one with a way out for failures, and one after that."""
    nodes = [
        node("start", "start"),
        probe_node("again", text="third time", fails=2, retry_config=RETRY),
        probe_node(
            "default", fails=-1, error_strategy="default-value", default_value=[{"key": "text", "value": "instead"}]
        ),
        probe_node("branch", fails=-1, error_strategy="fail-branch"),
        probe_node("good", text="never"),
        probe_node("bad", text="{{#branch.error_type#}}"),
        end_node(again="again.text", default="default.text", bad="bad.text", good="good.text"),
    ]
    edges = ["start > again", "start > default", "start > branch", "branch > good", "branch.fail-branch > bad"]
    edges += ["again > end", "default > end", "good > end", "bad > end"]
    outputs: dict[str, JsonValue] = {"again": "third time", "default": "instead", "bad": "invalid_input", "good": None}
    return Rig(workflow_spec(nodes, edges), outputs, two_models, exceptions=2)


def retried_iteration() -> Rig:
    """An iteration one of whose rounds fails once: it is tried again, without the rounds that finished."""
    nodes = [
        node("start", "start"),
        probe_node("list", value=["a", "b"]),
        iteration("each", "list.value", "one.text", retry_config=RETRY),
        probe_node("zero", "each", text="0"),
        probe_node("one", "each", text="{{#each.item#}}", fails=1),
        end_node(out="each.output"),
    ]
    edges = ["start > list", "list > each", "zero > one", "each > end"]
    return Rig(workflow_spec(nodes, edges), {"out": ["a", "b"]}, two_models)


def end_of_a_stream() -> Rig:
    """An end that gives what a model streams."""
    nodes = [node("start", "start"), node("sky", "llm", llm_config("Tell of the sky.")), end_node(out="sky.text")]
    return Rig(workflow_spec(nodes, ["start > sky", "sky > end"]), {"out": FIRST}, two_models, answer=FIRST)


RIGS: dict[str, Callable[[], Rig]] = {
    rig.__name__: rig
    for rig in (
        branches,
        parallel_iteration,
        loop_with_variables,
        iteration_in_loop,
        called_workflow,
        two_answers_of_models,
        failures,
        retried_iteration,
        end_of_a_stream,
    )
}
