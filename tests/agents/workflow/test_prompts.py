"""A run tells what its models are asked: to the character, once, and without what must not be told."""

import json
from collections.abc import Sequence
from dataclasses import replace

from agents.events import Body, NodeFailed, PromptSent, decode, encode
from agents.types import VariableSpec
from agents.workflow.execute import run_graph
from agents.workflow.prompts import message_json, parameters_of
from agents.workflow.secrets import MASK
from agents.workflow.values import LARGE_BYTES, REFERENCE, is_reference
from inference.types import GenerateRequest, Image, Message, SamplingParams
from tests.agents.fakes import Reply, ScriptedModel, always, llm_config, node, ports_of, spec_of
from tests.agents.nodes.agents_of_tests import DONE, READ, agent, collect, obedient, tools
from tests.agents.workflow.graphs import workflow_spec
from tests.agents.workflow.probe import FakeEnvironment, FakeValues, end_node

__all__ = ["tools"]
SECRET = "CANARY-7f3a1"


def prompts(bodies: Sequence[Body]) -> list[PromptSent]:
    found = [body for body in bodies if isinstance(body, PromptSent)]
    assert all(decode(body.kind, json.loads(json.dumps(encode(body)))) == body for body in found)
    return found


def whole(told: Sequence[PromptSent]) -> list[list[object]]:
    """Return every prompt in full, as a reader puts it together."""
    full: list[list[object]] = []
    for body in told:
        assert isinstance(body.messages, list)
        full.append([*(full[-1][: body.kept] if full else []), *body.messages])
    return full


def sent(model: ScriptedModel) -> list[list[object]]:
    return [[message_json(message) for message in request.messages] for request in model.requests]


async def test_the_prompt_of_a_model_stands_in_the_events_as_it_was_sent() -> None:
    model = ScriptedModel(always("Hello."))
    spec = spec_of([node("llm", "llm", llm_config("Greet {{name}}."))], inputs={"name": "Ada"}, query="Hi!")
    told = prompts([body async for body in run_graph(spec, ports_of(model))])
    assert whole(told) == sent(model)
    assert [body.messages for body in told] == [
        [{"role": "system", "content": "Greet Ada."}, {"role": "user", "content": "Hi!"}]
    ]


async def test_a_model_that_fails_has_been_asked_before() -> None:
    model = ScriptedModel(lambda request: Reply("", error=RuntimeError("gone")))
    spec = spec_of([node("llm", "llm", llm_config())], query="Hi!")
    bodies = [body async for body in run_graph(spec, ports_of(model))]
    kinds = [type(body) for body in bodies if isinstance(body, PromptSent | NodeFailed)]
    assert kinds == [PromptSent, NodeFailed]


async def test_of_an_agents_prompts_only_what_is_new_is_told(tools: None) -> None:
    model = ScriptedModel(obedient(READ, READ, DONE))
    told = prompts(await collect(agent(), ports_of(model)))
    assert len(told) == 3 and whole(told) == sent(model)
    assert [body.kept for body in told] == [0, *(len(messages) for messages in whole(told)[:-1])]
    assert set(told[0].tools) == {"send", "page", "calculator"}


async def test_a_large_prompt_is_kept_once_beside_the_events() -> None:
    stored = FakeValues()
    spec = spec_of([node("llm", "llm", llm_config("a word " * (LARGE_BYTES // 5)))], query="Hi!")
    bodies = [body async for body in run_graph(spec, replace(ports_of(ScriptedModel(always("Hm."))), values=stored))]
    (told,) = prompts(bodies)
    assert is_reference(told.messages)
    assert json.loads(stored.texts[str(told.messages[REFERENCE])])[1] == {"role": "user", "content": "Hi!"}


async def test_secrets_are_masked_in_prompts() -> None:
    model = ScriptedModel(always("Hm."))
    nodes = [node("start", "start"), node("llm", "llm", llm_config("Key {{#env.key#}}")), end_node(out="llm.text")]
    declared = (VariableSpec("key", "secret"),)
    spec = workflow_spec(nodes, ["start > llm", "llm > end"], environment=declared)
    ports = replace(ports_of(model), environment=FakeEnvironment({"key": SECRET}))
    told = prompts([body async for body in run_graph(spec, ports)])
    assert SECRET in str(model.requests[0].messages)
    assert SECRET not in str(told) and MASK in str(told)


def test_images_are_counted_and_parameters_are_those_that_were_set() -> None:
    message = Message("user", "What is it?", (Image("data:image/png;base64,AAAA"),))
    assert message_json(message) == {"role": "user", "content": "What is it?", "images": 1}
    sampling = SamplingParams(temperature=0.1, stop=("END",), max_tokens=5)
    request = GenerateRequest("m", (message,), sampling=sampling, response_schema={})
    assert parameters_of(request) == {"temperature": 0.1, "stop": ["END"], "max_tokens": 5, "response_schema": {}}
