"""Running a graph: dataflow, resuming from any prefix, cancelling at any moment, failing clearly."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

import pytest
from pydantic import BaseModel

from agents.errors import AgentsError, InvalidInput
from agents.events import (
    TERMINAL_KINDS,
    Body,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunFailed,
    RunFinished,
    RunStarted,
    TextDelta,
    TextReset,
    decode,
    encode,
)
from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.registry import NODES
from agents.ports import Ports
from agents.tools.spec import NoConfig
from agents.types import JsonValue, RunSpec
from agents.workflow.execute import Kinds, RunLimits, run_graph
from tests.agents.fakes import (
    FakeKnowledge,
    Reply,
    Script,
    ScriptedModel,
    always,
    finished,
    in_turn,
    llm_config,
    node,
    outputs_of,
    passage,
    ports_of,
    shown_of,
    spec_of,
    started,
    words,
)

ANSWER = "  The sky is  blue [1],\n and that is all. "


class Probe(Node[NoConfig]):
    """A node that does what a test says."""

    kind: ClassVar[str] = "probe"
    title: ClassVar[str] = "Probe"
    description: ClassVar[str] = "For tests"
    outputs: ClassVar[dict[str, str]] = {"value": "string"}
    config_type = NoConfig

    def __init__(self) -> None:
        self.running: set[str] = set()
        self.ran: list[str] = []
        self.together = 0
        self.gate = asyncio.Event()
        self.error: Exception | None = None
        self.handle = "source"

    def handles(self, config: BaseModel) -> frozenset[str]:
        return frozenset({"source", "else"})

    async def run(self, ctx: NodeContext, config: NoConfig) -> NodeResult:
        self.ran.append(ctx.node_id)
        self.running.add(ctx.node_id)
        self.together = max(self.together, len(self.running))
        try:
            if ctx.node_id.startswith("wait"):
                await self.gate.wait()
            if ctx.node_id.startswith("bad") and self.error:
                raise self.error
        finally:
            self.running.discard(ctx.node_id)
        return NodeResult({"value": ctx.node_id}, handle=self.handle)


def kinds_with(probe: Probe) -> Kinds:
    return {**NODES, "probe": probe}  # type: ignore[dict-item]  # the graph makes its config with its own type


async def collect(spec: RunSpec, ports: Ports, past: Sequence[Body] = (), kinds: Kinds = NODES) -> list[Body]:
    return [body async for body in run_graph(spec, ports, past, kinds=kinds)]


def rag_spec() -> RunSpec:
    context: JsonValue = {"enabled": True, "variable_selector": ["know", "result"]}
    nodes = [
        node("s", "start"),
        node("know", "knowledge-retrieval", {"dataset_ids": ["d1"]}),
        node("side", "llm", llm_config("Name a colour.")),
        node("llm", "llm", llm_config("Use {{#side.text#}}.", context=context)),
    ]
    return spec_of(nodes, ["s > know", "s > side", "know > llm", "side > llm"])


def rag_model(*, continues: bool) -> ScriptedModel:
    def script(request: object) -> Reply:
        text = str(request)
        return Reply("blue" if "Name a colour" in text else ANSWER)

    return ScriptedModel(script, supports_continuation=continues)


KNOWLEDGE = FakeKnowledge((passage("c1", "The sky is blue."),))


@pytest.mark.parametrize("continues", [True, False])
async def test_r01_a_run_cut_at_any_event_goes_on_without_running_a_finished_node_again(continues: bool) -> None:
    whole = await collect(rag_spec(), ports_of(rag_model(continues=continues), knowledge=KNOWLEDGE))
    assert isinstance(whole[-1], RunFinished) and whole[-1].outputs == {"answer": ANSWER}
    for cut in range(len(whole) + 1):
        past = [decode(body.kind, encode(body)) for body in whole[:cut]]
        model = rag_model(continues=continues)
        rest = await collect(rag_spec(), ports_of(model, knowledge=KNOWLEDGE), past)
        bodies = [*past, *rest]
        assert sorted(finished(bodies)) == ["know", "llm", "s", "side"]
        assert not set(started(rest)) & set(finished(past))
        assert shown_of(bodies) == ANSWER == outputs_of(bodies, "llm")["text"]
        assert isinstance(bodies[-1], RunFinished) and bodies[-1].outputs == {"answer": ANSWER}
        assert bodies[-1].usage["completion_tokens"] == len(words(ANSWER)) + 1
        assert [body.kind for body in bodies].count("run_started") == 1
        assert sum(body.kind in TERMINAL_KINDS for body in bodies) == 1
        if continues and "llm" not in finished(past):
            shown = shown_of(past)
            assert "".join(model.generated).removeprefix("blue") == ANSWER[len(shown) :]


async def test_a_node_that_starts_again_resets_first_to_what_it_keeps() -> None:
    spec = spec_of([node("llm", "llm", llm_config())])
    past: list[Body] = [RunStarted("", "", {}), NodeStarted("llm", "llm", "llm"), TextDelta("llm", "Once upon")]
    for continues, kept in ((True, "Once upon"), (False, "")):
        model = ScriptedModel(always("Once upon a time."), supports_continuation=continues)
        rest = await collect(spec, ports_of(model), past)
        assert isinstance(rest[0], NodeStarted) and rest[1] == TextReset("llm", kept)
        assert model.requests[0].continue_final_message is continues
        assert "".join(model.generated) == "Once upon a time."[len(kept) :]


async def test_a_continuation_asks_only_for_the_tokens_that_are_left() -> None:
    config: dict[str, JsonValue] = {"model": {"id": "scripted", "parameters": {"max_tokens": 8}}}
    spec = spec_of([node("llm", "llm", config)])
    story = "one two three four five six seven eight nine ten"
    for said, left in (("one two", 6), ("one two three four five six seven eight", None)):
        past: list[Body] = [RunStarted("", "", {}), NodeStarted("llm", "llm", "llm"), TextDelta("llm", said)]
        model = ScriptedModel(always(story), supports_continuation=True)
        bodies = await collect(spec, ports_of(model), past)
        if left:
            assert model.requests[0].sampling.max_tokens == left
        else:
            assert not model.requests and outputs_of(bodies, "llm")["finish_reason"] == "length"
            assert shown_of([*past, *bodies]) == said == outputs_of(bodies, "llm")["text"]


async def test_branches_run_at_the_same_time_and_a_join_waits_for_both() -> None:
    probe = Probe()
    spec = spec_of(
        [node(name, "probe") for name in ("a", "wait1", "wait2", "b")],
        ["a > wait1", "a > wait2", "wait1 > b", "wait2 > b"],
    )
    bodies: list[Body] = []
    async for body in run_graph(spec, ports_of(), kinds=kinds_with(probe)):
        bodies.append(body)
        if probe.together == 2:
            probe.gate.set()
    assert probe.together == 2 and probe.ran[-1] == "b" and len(probe.ran) == 4


async def test_a_branch_that_was_not_taken_is_skipped_also_after_a_crash() -> None:
    probe = Probe()
    probe.handle = "else"
    nodes = [
        node("a", "probe"),
        node("yes", "probe"),
        node("no", "probe"),
        node("out", "answer", {"answer": "[{{#yes.value#}}{{#no.value#}}]"}),
    ]
    spec = spec_of(nodes, ["a > yes", "a.else > no", "yes > out", "no.else > out"])
    whole = await collect(spec, ports_of(), kinds=kinds_with(probe))
    assert probe.ran == ["a", "no"] and shown_of(whole) == "[no]"
    for cut in range(len(whole)):
        rest = await collect(spec, ports_of(), whole[:cut], kinds_with(probe))
        assert shown_of([*whole[:cut], *rest]) == "[no]" and "yes" not in started(rest)


async def test_a_successor_starts_only_after_the_reader_asked_for_more() -> None:
    probe = Probe()
    spec = spec_of([node("a", "probe"), node("b", "probe")], ["a > b"])
    run = run_graph(spec, ports_of(), kinds=kinds_with(probe))
    async for body in run:
        if isinstance(body, NodeFinished) and body.node_id == "a":
            for _ in range(20):
                await asyncio.sleep(0)
            assert probe.ran == ["a"], "b must not run before a's outputs are stored"
    assert probe.ran == ["a", "b"]


@pytest.mark.parametrize("error", [InvalidInput("the value is odd"), ValueError("secret internals")])
async def test_a_failing_node_ends_the_run_with_its_code_and_stops_the_others(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    probe = Probe()
    probe.error = error
    spec = spec_of([node("bad", "probe"), node("wait", "probe"), node("after", "probe")], ["bad > after"])
    bodies = await collect(spec, ports_of(), kinds=kinds_with(probe))
    (failed,) = [body for body in bodies if isinstance(body, NodeFailed)]
    end = bodies[-1]
    assert isinstance(end, RunFailed)
    assert (failed.code, failed.message) == (end.code, end.message)
    assert not probe.running and "after" not in probe.ran
    if isinstance(error, AgentsError):
        assert end.code == "invalid_input" and end.message == "the value is odd"
    else:
        assert end.code == "internal_error" and "secret internals" not in end.message
        assert "secret internals" in caplog.text, "the log has what the user does not see"


class ModelDown(Exception):
    code, retryable, http_status = "model_unreachable", True, 503


async def test_a_failing_model_fails_the_run_with_the_models_code_and_its_stream_is_closed() -> None:
    model = ScriptedModel(lambda request: Reply("half an", error=ModelDown("no route")))
    bodies = await collect(spec_of([node("llm", "llm", llm_config())]), ports_of(model))
    assert bodies[-1] == RunFailed("model_unreachable", "no route") and model.open_streams == 0
    assert await collect(spec_of([node("llm", "llm", llm_config())]), ports_of(model), bodies) == []
    assert await collect(spec_of([node("llm", "llm", llm_config())]), ports_of(model), bodies[:-1]) == [bodies[-1]]


async def test_an_invalid_graph_fails_the_run_and_nothing_runs() -> None:
    bodies = await collect(spec_of([node("x", "time-machine")]), ports_of())
    assert [body.kind for body in bodies] == ["run_started", "run_failed"]
    assert bodies[-1].code == "invalid_graph"  # type: ignore[union-attr]  # it is RunFailed


@pytest.mark.parametrize("script", [always(ANSWER), lambda request: Reply(ANSWER, blocks=True)])
async def test_r10_closing_the_run_at_any_event_stops_the_model_at_once(script: Script) -> None:
    for stop_at in range(1, 12):
        model = ScriptedModel(script)
        run = run_graph(spec_of([node("llm", "llm", llm_config())]), ports_of(model))
        count = 0
        async for _ in run:
            count += 1
            if count == stop_at:
                break
        async with asyncio.timeout(1):
            await run.aclose()
        assert model.open_streams == 0
        assert [task for task in asyncio.all_tasks() if task.get_name().startswith("node ")] == []


async def test_r10_cancelling_who_waits_stops_a_blocked_node_at_once() -> None:
    model = ScriptedModel(lambda request: Reply("thinking", blocks=True))
    probe = Probe()
    spec = spec_of([node("llm", "llm", llm_config()), node("wait", "probe")])
    reader = asyncio.create_task(collect(spec, ports_of(model), kinds=kinds_with(probe)))
    while not (model.generated and probe.running):
        await asyncio.sleep(0)
    reader.cancel()
    async with asyncio.timeout(1):
        with pytest.raises(asyncio.CancelledError):
            await reader
    assert model.open_streams == 0 and not probe.running


async def test_too_many_steps_and_too_much_time_end_the_run_and_its_nodes() -> None:
    probe = Probe()
    nodes = [node("a", "probe"), node("wait", "probe"), node("c", "probe")]
    spec = spec_of(nodes, ["a > c"])
    kinds = kinds_with(probe)
    steps = [body async for body in run_graph(spec, ports_of(), limits=RunLimits(max_steps=2), kinds=kinds)]
    assert steps[-1].code == "too_many_steps" and "2 nodes" in steps[-1].message  # type: ignore[union-attr]  # RunFailed
    late = [body async for body in run_graph(spec, ports_of(), limits=RunLimits(max_run_s=0.05), kinds=kinds)]
    assert [body.kind for body in late[-2:]] == ["node_failed", "run_failed"]
    assert late[-1].code == "run_timeout" and not probe.running  # type: ignore[union-attr]  # RunFailed


async def test_text_that_waits_is_joined_and_none_is_lost() -> None:
    model = ScriptedModel(always(ANSWER * 50))
    bodies: list[Body] = []
    async for body in run_graph(spec_of([node("llm", "llm", llm_config())]), ports_of(model)):
        bodies.append(body)
        if isinstance(body, TextDelta):
            for _ in range(20):
                await asyncio.sleep(0)
    assert shown_of(bodies) == ANSWER * 50
    assert sum(isinstance(body, TextDelta) for body in bodies) < len(words(ANSWER * 50)) / 4


async def test_an_answer_node_shows_its_template_and_the_model_before_it_does_not() -> None:
    nodes = [node("llm", "llm", llm_config()), node("out", "answer", {"answer": "<{{#llm.text#}}>"})]
    bodies = await collect(spec_of(nodes, ["llm > out"]), ports_of(ScriptedModel(in_turn(Reply("hi")))))
    assert shown_of(bodies) == "<hi>" and {b.node_id for b in bodies if isinstance(b, TextDelta)} == {"out"}
    assert isinstance(bodies[-1], RunFinished) and bodies[-1].outputs["answer"] == "<hi>"


async def test_a_task_that_is_cancelled_from_inside_fails_the_run_instead_of_hanging_it() -> None:
    probe = Probe()
    probe.error = None

    class SelfCancelling(Probe):
        async def run(self, ctx: NodeContext, config: NoConfig) -> NodeResult:
            raise asyncio.CancelledError

    bodies = await collect(spec_of([node("a", "probe")]), ports_of(), kinds=kinds_with(SelfCancelling()))
    assert bodies[-1].code == "cancelled"  # type: ignore[union-attr]  # it is RunFailed
