"""What is known to go wrong before a run: only that, and nothing that upstream nodes may still make right."""

import pytest

from agents.errors import InvalidInput, ModelNotFound
from agents.types import JsonValue, NodeSpec
from agents.workflow.preflight import check_run
from tests.agents.fakes import ScriptedModel, always, llm_config, node, ports_of, spec_of

START = node("start", "start", {"variables": [{"variable": "text"}]})


def asks(reference: str, node_id: str = "llm", model: str = "scripted") -> NodeSpec:
    config: dict[str, JsonValue] = {**llm_config(model=model), "prompt_template": [{"role": "user", "text": reference}]}
    return node(node_id, "llm", config)


async def test_a_prompt_of_an_input_is_checked_with_that_input() -> None:
    spec = spec_of([START, asks("{{#start.text#}}")], ["start > llm"], query="", mode="workflow")
    ports = ports_of(ScriptedModel(always("ok")))
    with pytest.raises(InvalidInput, match="nothing to send"):
        await check_run(spec_of(spec.nodes, ["start > llm"], query="", mode="workflow", inputs={"text": ""}), ports)
    await check_run(spec_of(spec.nodes, ["start > llm"], query="", mode="workflow", inputs={"text": "hi"}), ports)


async def test_a_prompt_of_what_another_node_will_say_is_not_refused_for_being_empty_now() -> None:
    nodes = [START, asks("{{#start.text#}}", "a"), asks("{{#a.text#}}", "b")]
    spec = spec_of(nodes, ["start > a", "a > b"], query="", mode="workflow", inputs={"text": "hi"})
    await check_run(spec, ports_of(ScriptedModel(always("ok"))))


async def test_a_missing_model_is_found_in_every_node() -> None:
    nodes = [START, asks("{{#start.text#}}", "a"), asks("{{#a.text#}}", "b", model="gone")]
    spec = spec_of(nodes, ["start > a", "a > b"], query="", mode="workflow", inputs={"text": "hi"})
    with pytest.raises(ModelNotFound, match="gone"):
        await check_run(spec, ports_of(ScriptedModel(always("ok"))))
