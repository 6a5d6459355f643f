"""What the embedded model, of 135 million parameters, makes of classifiers and extractors: always something valid."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from agents.events import NodeFinished, RunFinished
from agents.ports import Ports
from agents.types import JsonValue
from agents.workflow.execute import run_graph
from inference.config import CHAT_MODEL
from inference.engines.openai_http import OpenAIHttpEngine
from inference.types import Delta, GenerateRequest, ModelInfo
from tests.agents.fakes import FakeFiles, FakeKnowledge, FakeModels, node, spec_of
from tests.inference.serving import server_url

pytestmark = pytest.mark.model
TEXTS = ("My parcel never came.", "How do I reset my password?", "你好", "asdf", "What does the premium plan cost?")


class Embedded:
    """The embedded model, on a real server process."""

    def __init__(self, client: httpx.AsyncClient, *, supports_tools: bool) -> None:
        self.info = ModelInfo("scripted", "chat", 2_048, supports_tools=supports_tools, supports_schema=True)
        self._engine = OpenAIHttpEngine(client, f"{server_url()}/v1", dialect="atelier")

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Delta]:
        stream = self._engine.generate(_named(request))
        async for delta in stream:
            yield delta

    async def count_tokens(self, request: GenerateRequest) -> int:
        return await self._engine.count_tokens(_named(request))


def _named(request: GenerateRequest) -> GenerateRequest:
    return replace(request, model=CHAT_MODEL)


async def outputs_of(
    kind: str, config: dict[str, JsonValue], text: str, *, supports_tools: bool = False
) -> dict[str, object]:
    """Run one node on the embedded model and return what it gave."""
    async with httpx.AsyncClient() as client:
        models = FakeModels({"scripted": Embedded(client, supports_tools=supports_tools)})
        spec = spec_of([node("it", kind, {"model": {"id": "scripted"}, **config})], query=text, mode="chatflow")
        bodies = [body async for body in run_graph(spec, Ports(models, FakeKnowledge(), FakeFiles()))]
    assert isinstance(bodies[-1], RunFinished), bodies[-1]
    return dict(next(body.outputs for body in bodies if isinstance(body, NodeFinished)))


async def test_it_always_names_one_of_the_classes() -> None:
    classes: list[JsonValue] = [
        {"id": "17158", "name": "Shipping"},
        {"id": "17159", "name": "Account"},
        {"id": "17160", "name": "Price"},
    ]
    for text in TEXTS:
        outputs = await outputs_of("question-classifier", {"classes": classes}, text)
        assert outputs["class_id"] in ("17158", "17159", "17160")


@pytest.mark.parametrize("supports_tools", [True, False])
async def test_it_always_gives_values_of_the_types(supports_tools: bool) -> None:
    parameters: list[JsonValue] = [
        {"name": "city", "type": "string", "required": True},
        {"name": "people", "type": "number", "required": True},
        {"name": "class", "type": "select", "options": ["first", "second"], "required": True},
        {"name": "stops", "type": "array[string]", "required": False},
    ]
    config: dict[str, JsonValue] = {
        "parameters": parameters,
        "model": {"id": "scripted", "parameters": {"max_tokens": 200, "temperature": 0}},
    }
    text = "Two people want to go to Oslo, second class, by way of Malmö."
    outputs = await outputs_of("parameter-extractor", config, text, supports_tools=supports_tools)
    assert isinstance(outputs["city"], str) and isinstance(outputs["people"], int | float)
    assert outputs["class"] in ("first", "second") and isinstance(outputs["stops"], list)
    assert outputs["__is_success"] == 1, outputs["__reason"]


async def test_made_to_call_it_calls_both_tools_of_the_question() -> None:
    """By itself it answers from memory, wrongly; and what it makes of the results is no sentence either."""
    config: dict[str, JsonValue] = {
        "model": {"id": "scripted", "parameters": {"max_tokens": 200, "temperature": 0}},
        "prompt_template": [{"role": "system", "text": "Answer with the tools."}],
        "tools": [{"name": "calculator"}, {"name": "current_time"}],
        "must_call": True,
    }
    outputs = await outputs_of("agent", config, "What is 23 * 19, and what day is it in Shanghai?", supports_tools=True)
    told = {item["tool"]: item["output"] for item in outputs["json"] if not item["error"]}  # type: ignore[attr-defined]
    assert told["calculator"] == "437" and "current_time" in told
