"""Answers stream in the order of their templates, while the nodes that they quote still write."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import pytest

from agents.errors import InvalidGraph
from agents.events import Body, NodeFinished, NodeStarted, RunFinished, RunStarted, TextDelta, TextReset
from agents.types import JsonValue, NodeSpec, RunSpec
from agents.workflow.build import build_graph
from agents.workflow.execute import run_graph
from agents.workflow.graph import Declared
from tests.agents.fakes import ScriptedModel, always, edges_of, llm_config, node, ports_of, shown_of, spec_of
from tests.agents.workflow.graphs import iteration
from tests.agents.workflow.probe import Probe, end_node, inner, kinds_with, probe_node


def graph_errors(nodes: Sequence[NodeSpec], edges: Sequence[str]) -> dict[str, str]:
    """Return what is wrong with the graph, by node; the messages of one node in one text."""
    with pytest.raises(InvalidGraph) as caught:
        build_graph(nodes, edges_of(*edges), kinds_with(Probe()), declared=Declared({}, {}))
    found: dict[str, str] = {}
    for error in caught.value.errors:
        found[error.node_id] = f"{found.get(error.node_id, '')}{error.message}\n"
    return found


class Stage:
    """A run in progress, which a test moves on piece by piece."""

    def __init__(self, nodes: Sequence[NodeSpec], edges: Sequence[str], past: Sequence[Body] = ()) -> None:
        self.probe = Probe()
        self.spec: RunSpec = replace(spec_of(nodes, edges), mode="chatflow")
        self.bodies: list[Body] = list(past)
        self._run: AsyncGenerator[Body, None] = run_graph(self.spec, ports_of(), past, kinds=kinds_with(self.probe))
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for body in self._run:
            self.bodies.append(body)

    async def settle(self) -> str:
        """Let everything run that can, and return what a client sees, text after text as it came."""
        for _ in range(200):
            await asyncio.sleep(0)
        return self.seen

    @property
    def seen(self) -> str:
        return "".join(body.text for body in self.bodies if isinstance(body, TextDelta))

    def open(self, *gates: str) -> None:
        for gate in gates:
            self.probe.gate(gate).set()

    async def end(self) -> RunFinished:
        for gate in self.probe.gates.values():
            gate.set()
        async with asyncio.timeout(10):
            while not self._reader.done():
                for gate in list(self.probe.gates.values()):
                    gate.set()
                await asyncio.sleep(0)
        await self._reader
        last = self.bodies[-1]
        assert isinstance(last, RunFinished), last
        assert shown_of(self.bodies) == last.outputs["answer"]
        return last

    @property
    def resets(self) -> list[TextReset]:
        return [body for body in self.bodies if isinstance(body, TextReset)]


def writer(node_id: str, *says: str) -> NodeSpec:
    """Return a node that says each piece, and waits after it at the gate `<node>:<piece>`."""
    return probe_node(node_id, says=list(says), waits=node_id)


TWO = [
    node("start", "start"),
    writer("one", "1a", "1b"),
    writer("two", "2a", "2b"),
    node("out", "answer", {"answer": "A {{#one.text#}} B {{#two.text#}} C"}),
]
TWO_EDGES = ["start > one", "start > two", "one > out", "two > out"]


async def test_the_first_quoted_node_streams_while_the_second_already_writes() -> None:
    stage = Stage(TWO, TWO_EDGES)
    assert await stage.settle() == "A 1a"
    stage.open("two:2a")
    assert await stage.settle() == "A 1a", "the second must wait for the first"
    stage.open("one:1a")
    assert await stage.settle() == "A 1a1b"
    stage.open("one:1b")
    assert await stage.settle() == "A 1a1b B 2a2b"
    await stage.end()
    assert stage.seen == "A 1a1b B 2a2b C" and not stage.resets


async def test_the_second_node_may_end_first_and_its_text_still_comes_second() -> None:
    stage = Stage(TWO, TWO_EDGES)
    await stage.settle()
    stage.open("two:2a", "two:2b")
    assert await stage.settle() == "A 1a"
    stage.open("one:1a", "one:1b")
    await stage.settle()
    assert stage.seen == "A 1a1b B 2a2b C"
    await stage.end()


async def test_who_said_a_piece_is_told_with_it() -> None:
    stage = Stage(TWO, TWO_EDGES)
    await stage.end()
    by_source = {"": "", "one": "", "two": ""}
    for body in stage.bodies:
        if isinstance(body, TextDelta):
            assert body.node_id == "out"
            by_source[body.source] += body.text
    assert by_source == {"one": "1a1b", "two": "2a2b", "": "A  B  C"}


async def test_an_answer_behind_a_choice_waits_until_the_choice_is_made() -> None:
    nodes = [
        node("start", "start"),
        probe_node("choice", waits="choice", handle="yes", handles=["yes", "no"]),
        writer("one", "1a", "1b"),
        node("yes", "answer", {"answer": "Yes: {{#one.text#}}"}),
        node("no", "answer", {"answer": "No!"}),
    ]
    stage = Stage(nodes, ["start > choice", "choice.yes > one", "one > yes", "choice.no > no"])
    assert await stage.settle() == "", "nobody knows yet which answer it will be"
    stage.open("choice")
    assert await stage.settle() == "Yes: 1a"
    await stage.end()
    assert stage.seen == "Yes: 1a1b"


async def test_two_answers_never_mix() -> None:
    nodes = [
        node("start", "start"),
        writer("one", "1a", "1b"),
        writer("two", "2a", "2b"),
        node("first", "answer", {"answer": "<{{#one.text#}}>"}),
        node("second", "answer", {"answer": "[{{#two.text#}}]"}),
    ]
    stage = Stage(nodes, ["start > one", "start > two", "one > first", "two > second"])
    assert await stage.settle() == "<1a"
    stage.open("two:2a", "two:2b")
    assert await stage.settle() == "<1a", "the second answer is ready, and still waits for its turn"
    stage.open("one:1a", "one:1b")
    await stage.settle()
    await stage.end()
    assert stage.seen == "<1a1b>[2a2b]"


async def test_an_answer_that_nobody_reaches_does_not_hold_the_floor() -> None:
    nodes = [
        node("start", "start"),
        probe_node("choice", handle="no", handles=["yes", "no"]),
        writer("one", "1a"),
        node("yes", "answer", {"answer": "never {{#one.text#}}"}),
        node("always", "answer", {"answer": "({{#one.text#}})"}),
    ]
    stage = Stage(nodes, ["start > one", "one > choice", "choice.yes > yes", "one > always"])
    assert await stage.settle() == "(1a"
    await stage.end()
    assert stage.seen == "(1a)", "the other answer comes first in the graph, and never at all"


async def test_an_end_that_gives_what_a_node_streams_shows_it_and_nothing_else() -> None:
    nodes = [
        node("start", "start"),
        writer("one", "1a", "1b"),
        probe_node("other", text="quiet", value="quiet"),
        end_node(text="one.text", other="other.value"),
    ]
    stage = Stage(nodes, ["start > one", "start > other", "one > end", "other > end"])
    assert await stage.settle() == "1a"
    stage.open("one:1a", "one:1b")
    await stage.settle()
    assert stage.seen == "1a1b"
    assert stage.bodies[-1].outputs == {"text": "1a1b", "other": "quiet"}  # type: ignore[union-attr]  # RunFinished


async def test_a_quoted_node_that_is_tried_again_takes_back_only_its_own_words() -> None:
    again: JsonValue = {"retry_enabled": True, "max_retries": 1, "retry_interval": 0}
    nodes = [
        node("start", "start"),
        probe_node("one", says=["half", " done"], fails=1, retry_config=again),
        node("out", "answer", {"answer": "A {{#one.text#}} B"}),
    ]
    stage = Stage(nodes, ["start > one", "one > out"])
    await stage.end()
    assert stage.resets and {body.text for body in stage.resets} == {"A "}
    assert shown_of(stage.bodies) == "A half done B"


async def test_a_quoted_node_that_fails_is_replaced_by_its_default() -> None:
    nodes = [
        node("start", "start"),
        probe_node(
            "one",
            says=["half"],
            fails=-1,
            error_strategy="default-value",
            default_value=[{"key": "text", "type": "string", "value": "instead"}],
        ),
        node("out", "answer", {"answer": "A {{#one.text#}} B"}),
    ]
    stage = Stage(nodes, ["start > one", "one > out"])
    await stage.end()
    assert shown_of(stage.bodies) == "A instead B"


@pytest.mark.parametrize("continues", [True, False])
async def test_a_run_that_is_cut_in_the_middle_of_a_quoted_model_goes_on_from_what_is_shown(continues: bool) -> None:
    text = "one two three four"
    nodes = [
        node("start", "start"),
        node("llm", "llm", llm_config(reasoning_format="separated")),
        node("out", "answer", {"answer": "So: {{#llm.text#}}!"}),
    ]
    spec = replace(spec_of(nodes, ["start > llm", "llm > out"]), mode="chatflow")
    past: list[Body] = [
        RunStarted("", "", {}),
        NodeStarted("start", "start", "start"),
        NodeFinished("start", "start", {}),
        NodeStarted("llm", "llm", "llm"),
        TextDelta("out", "So: "),
        TextDelta("out", "one two", "llm"),
    ]
    model = ScriptedModel(always(text), supports_continuation=continues)
    rest = [body async for body in run_graph(spec, ports_of(model), past)]
    assert shown_of([*past, *rest]) == "So: one two three four!"
    assert model.requests[0].continue_final_message is continues
    assert "".join(model.generated) == (" three four" if continues else text)
    resets = [body for body in rest if isinstance(body, TextReset)]
    assert resets == ([] if continues else [TextReset("out", "So: ")])


async def test_the_answers_in_rounds_come_before_an_answer_behind_them() -> None:
    items: JsonValue = ["a", "b"]
    nodes = [
        node("start", "start"),
        probe_node("list", value=items),
        iteration("each", "list.value", "say.answer"),
        inner("each", "begin", "iteration-start"),
        inner("each", "say", "answer", {"answer": "({{#each.item#}})"}),
        node("out", "answer", {"answer": "After."}),
    ]
    stage = Stage(nodes, ["start > list", "list > each", "begin > say", "each > out"])
    end = await stage.end()
    assert stage.seen == "(a)(b)After." == end.outputs["answer"]
