"""Workflows as data, with what must come out: run on the engine here, and over HTTP in the tests of the backend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.dsl.saved import graph_read
from agents.events import Body, RunFailed, RunFinished
from agents.nodes.registry import NODES
from agents.ports import Ports
from agents.types import JsonObject, JsonValue, RunSpec, VariableSpec
from agents.workflow.execute import Kinds, run_graph
from tests.agents.fakes import FakeFiles, ports_of

SavedNode = dict[str, JsonValue]


@dataclass(frozen=True)
class Case:
    """A saved graph with its inputs; it ends with `outputs`, or fails with the code `error` and a message with `says`.

    `mode` is "workflow" or "chatflow", which is asked `query` and whose output is `answer`. `files` are uploaded before
    the run, by name; where their name stands in `inputs`, the id of the upload is sent.
    """

    name: str
    nodes: Sequence[SavedNode]
    edges: Sequence[str]
    inputs: JsonObject = field(default_factory=dict)
    outputs: JsonObject | None = None
    error: str = ""
    environment: Sequence[VariableSpec] = ()
    conversation: Sequence[VariableSpec] = ()
    mode: str = "workflow"
    query: str = ""
    says: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def graph(self) -> dict[str, JsonValue]:
        """The graph in its saved form."""
        return {"nodes": list(self.nodes), "edges": [saved_edge(text) for text in self.edges]}


def saved_node(node_id: str, kind: str, config: Mapping[str, JsonValue] | None = None, parent: str = "") -> SavedNode:
    """Return a node in its saved form."""
    node: SavedNode = {"id": node_id, "data": {"type": kind, "title": node_id, **(config or {})}}
    return {**node, "parentId": parent} if parent else node


def with_keys(node: SavedNode, **config: JsonValue) -> SavedNode:
    """Return the node with more keys in its configuration."""
    data = node["data"]
    assert isinstance(data, dict), "that is where a saved node keeps its configuration"
    return {**node, "data": {**data, **config}}


def saved_edge(text: str) -> dict[str, JsonValue]:
    """Return the edge of "source > target" or "source.handle > target"."""
    left, _, target = text.partition(" > ")
    source, _, handle = left.partition(".")
    return {"source": source, "sourceHandle": handle or "source", "target": target}


def selector(text: str) -> list[JsonValue]:
    """Return the selector that a dotted text stands for."""
    return [*text.split(".")]


def start(**types: str) -> SavedNode:
    """Return the node `start` with these variables, by name and type."""
    variables: list[JsonValue] = [{"variable": name, "label": name, "type": kind} for name, kind in types.items()]
    return saved_node("start", "start", {"variables": variables})


def end(**selectors: str) -> SavedNode:
    """Return the node `end` that gives these outputs, by name and dotted selector."""
    outputs: list[JsonValue] = [
        {"variable": name, "value_selector": selector(text)} for name, text in selectors.items()
    ]
    return saved_node("end", "end", {"outputs": outputs})


def answer(template: str) -> SavedNode:
    """Return the node `answer` with this template."""
    return saved_node("answer", "answer", {"answer": template})


def spec_of_case(case: Case, run_id: str = "11111111-1111-4111-8111-111111111111") -> RunSpec:
    """Return the run that the case asks for."""
    graph = graph_read(case.graph)
    return RunSpec(
        run_id=run_id,
        scope="workspace",
        nodes=graph.nodes,
        edges=graph.edges,
        inputs=case.inputs,
        query=case.query,
        mode=case.mode,
        environment=tuple(case.environment),
        conversation=tuple(case.conversation),
    )


async def bodies_of(case: Case, ports: Ports | None = None, kinds: Kinds = NODES) -> list[Body]:
    """Return everything that happens in the case's run."""
    ports = ports or ports_of(files=FakeFiles(case.files))
    return [body async for body in run_graph(spec_of_case(case), ports, kinds=kinds)]


async def run_case(case: Case, ports: Ports | None = None, kinds: Kinds = NODES) -> list[Body]:
    """Run the case and compare its end with what it must be; return all that happened."""
    bodies = await bodies_of(case, ports, kinds)
    last = bodies[-1]
    if case.error:
        assert isinstance(last, RunFailed) and last.code == case.error and case.says in last.message, last
    else:
        assert isinstance(last, RunFinished), last
        assert case.outputs is not None and dict(last.outputs) == dict(case.outputs), last.outputs
    return bodies
