"""Large values are stored once and fetched when they are needed; secrets leave a run nowhere."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import InvalidInput
from agents.events import Body, NodeFinished, RoundFinished, RunFinished, TextDelta, decode, encode
from agents.nodes.base import NodeContext, NodeResult
from agents.ports import CalledWorkflow, Ports
from agents.types import JsonValue, RunSpec, VariableSpec
from agents.workflow.execute import run_graph
from agents.workflow.secrets import MASK, SecretMask, StreamMask
from agents.workflow.values import LARGE_BYTES, REFERENCE, is_reference
from tests.agents.fakes import Reply, ScriptedModel, edges_of, llm_config, node, ports_of, shown_of
from tests.agents.workflow.graphs import iteration, loop, variable, workflow_spec
from tests.agents.workflow.probe import (
    FakeEnvironment,
    FakeValues,
    FakeWorkflows,
    Probe,
    ProbeConfig,
    end_node,
    inner,
    kinds_with,
    probe_node,
)

BIG = "large " * (LARGE_BYTES // 4)
CANARY = 'CANARY-7f3"a1'


def with_values() -> tuple[Ports, FakeValues]:
    stored = FakeValues()
    return replace(ports_of(), values=stored), stored


def large_run() -> RunSpec:
    nodes = [
        node("start", "start"),
        probe_node("big", value=[BIG]),
        iteration("each", "big.value", "keep.value"),
        probe_node("keep", "each", value=BIG),
        probe_node("last", text="{{#each.output#}}"),
        end_node(out="last.value"),
    ]
    return workflow_spec(nodes, ["start > big", "big > each", "each > last", "last > end"])


async def test_a_large_value_is_stored_and_events_only_name_it() -> None:
    ports, stored = with_values()
    bodies = [body async for body in run_graph(large_run(), ports, kinds=kinds_with(Probe()))]
    assert isinstance(bodies[-1], RunFinished) and bodies[-1].outputs == {"out": json.dumps([BIG])}
    small = [body for body in bodies if not isinstance(body, RunFinished)]
    assert max(len(json.dumps(encode(body))) for body in small) < LARGE_BYTES
    (kept,) = [body for body in bodies if isinstance(body, RoundFinished)]
    assert is_reference(kept.output) and stored.texts[str(kept.output[REFERENCE])] == json.dumps(BIG)


async def test_a_resumed_run_fetches_each_large_value_once() -> None:
    ports, stored = with_values()
    whole = [body async for body in run_graph(large_run(), ports, kinds=kinds_with(Probe()))]
    for cut in range(len(whole)):
        past = [decode(body.kind, encode(body)) for body in whole[:cut]]
        stored.got.clear()
        rest = [body async for body in run_graph(large_run(), ports, past, kinds=kinds_with(Probe()))]
        assert isinstance(rest[-1], RunFinished) and rest[-1].outputs == {"out": json.dumps([BIG])}, cut
        assert all(count == 1 for count in stored.got.values())


async def test_a_value_that_is_gone_fails_the_run_in_words() -> None:
    ports, stored = with_values()
    whole = [body async for body in run_graph(large_run(), ports, kinds=kinds_with(Probe()))]
    cut = next(index for index, body in enumerate(whole) if isinstance(body, NodeFinished) and body.node_id == "big")
    stored.texts.clear()
    rest = [body async for body in run_graph(large_run(), ports, whole[: cut + 1], kinds=kinds_with(Probe()))]
    assert [body.kind for body in rest] == ["run_failed"]


class Leak(Probe):
    """A probe that says, gives and fails with whatever it reads."""

    async def run(self, ctx: NodeContext, config: ProbeConfig) -> NodeResult:
        text = str(ctx.scope.lookup(("env", "key")))
        for piece in (text[:4], text[4:7], text[7:], " end"):
            await ctx.show(piece)
        if config.assigns:
            await ctx.assign(config.assigns, text)
        if config.fails:
            raise InvalidInput(f"the server refused {text!r} and {json.dumps(text)}")
        return NodeResult({"value": {"deep": [text, {text: text}]}, "text": text})


def leaking() -> tuple[RunSpec, Ports]:
    """Every way out that a run has, and a secret that is led to each of them."""
    said = "{{#env.key#}}"
    retry: JsonValue = {"retry_enabled": True, "max_retries": 1, "retry_interval": 0}
    nodes = [
        node("start", "start"),
        node("llm", "llm", llm_config(f"Say {said}.")),
        probe_node("leak"),
        probe_node("default", fails=1, error_strategy="default-value", retry_config=retry),
        probe_node("branch", fails=1, error_strategy="fail-branch"),
        node("text", "template-transform", {
            "template": "{{ key }}", "variables": [{"variable": "key", "value_selector": ["env", "key"]}]
        }),
        node("first", "answer", {"answer": f"A {said} B {{{{#llm.text#}}}} C {{{{#leak.text#}}}}"}),
        probe_node("store", assigns=["conversation", "last"]),
        node("second", "answer", {"answer": "{{#conversation.last#}} {{#text.output#}}"}),
        node("call", "workflow", {"app_id": "other", "inputs": {"word": {"type": "mixed", "value": said}}}),
        loop("loop", 1, loop_variables=[
            {"label": "key", "var_type": "string", "value_type": "variable", "value": ["env", "key"]},
            variable("plain", ""),
        ]),
        inner("loop", "begin", "loop-start"),
        probe_node("inside", "loop", assigns=["loop", "plain"]),
    ]  # fmt: skip
    edges = ["start > llm", "llm > leak", "leak > default", "default > branch", "branch.fail-branch > text"]
    edges += ["text > first", "first > store", "store > second", "second > call", "call > loop", "begin > inside"]
    environment = (VariableSpec("key", "secret"),)
    conversation = (VariableSpec("last", "string", ""),)
    spec = replace(workflow_spec(nodes, edges), mode="chatflow", environment=environment, conversation=conversation)
    called = (node("start", "start"), probe_node("leak2"), end_node(out="leak2.value"))
    ports = ports_of(ScriptedModel(lambda request: Reply(f"The key is {CANARY} I think.", error=None)))
    other = FakeWorkflows(environment={"key": CANARY[::-1]})
    other.called["other", 1] = CalledWorkflow(
        "other", "Other", 1, called, edges_of("start > leak2", "leak2 > end"), environment
    )
    return spec, replace(ports, environment=FakeEnvironment({"key": CANARY}), workflows=other)


async def test_r19_a_secret_is_in_no_event_whatever_way_it_is_led(caplog: pytest.LogCaptureFixture) -> None:
    spec, ports = leaking()
    bodies = [body async for body in run_graph(spec, ports, kinds=kinds_with(Leak()))]
    assert isinstance(bodies[-1], RunFinished), bodies[-1]
    for body in bodies:
        told = json.dumps(encode(body), ensure_ascii=False) + repr(body)
        for secret in (CANARY, CANARY[::-1], json.dumps(CANARY)[1:-1]):
            assert secret not in told, body
    assert shown_of(bodies) == bodies[-1].outputs["answer"]
    assert CANARY not in shown_of(bodies) and MASK in shown_of(bodies)
    pieces = "".join(body.text for body in bodies if isinstance(body, TextDelta))
    assert CANARY not in pieces and CANARY not in caplog.text


async def test_r19_a_resumed_run_masks_as_well_and_shows_the_same() -> None:
    spec, ports = leaking()
    whole = [body async for body in run_graph(spec, ports, kinds=kinds_with(Leak()))]
    for cut in range(0, len(whole), 3):
        past: list[Body] = [decode(body.kind, encode(body)) for body in whole[:cut]]
        rest = [body async for body in run_graph(spec, ports, past, kinds=kinds_with(Leak()))]
        assert isinstance(rest[-1], RunFinished), (cut, rest[-1])
        assert CANARY not in str(rest) and shown_of([*past, *rest]) == shown_of(whole), cut


SECRETS = ("abcd", "abcdef", "cdefgh", "ddddd", 'q"uote')


@given(st.lists(st.sampled_from(["a", "b", "c", "d", "ef", "gh", "abc", "cde", "dd", 'q"u', "ote", " "]), max_size=30))
def test_a_stream_is_masked_as_the_whole_text_is(pieces: list[str]) -> None:
    mask = SecretMask(SECRETS)
    stream = StreamMask(mask)
    shown = "".join(stream.next(piece) for piece in pieces) + stream.rest()
    assert shown == mask.text("".join(pieces))


def test_a_stream_holds_back_no_more_than_could_begin_a_secret() -> None:
    stream = StreamMask(SecretMask(["secret-1234"]))
    assert stream.next("The word is sec") == "The word is "
    assert stream.next("ond") == "second"
    assert stream.next(" secret-1234!") == f" {MASK}!"
    assert stream.next(" secret-12") == " " and stream.rest() == "secret-12"
