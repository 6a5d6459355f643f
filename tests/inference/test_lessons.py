"""Requests in a format of the platform's go to the adapter, whatever else is asked to the model as it came."""

from dataclasses import replace

import pytest

from inference.config import STARTER, ModelConfig, builtin_models
from inference.server.lessons import is_lesson
from inference.server.served import find
from inference.starter.formats import grounded_system, passages_text, react_system
from inference.starter.grounded import PLACED
from inference.types import GenerateRequest, Message, ToolSpec
from tests.inference.scripted import registry_of
from tests.inference.test_served import NOWHERE, TAUGHT

TOOL = ToolSpec("now", "Tell the time", {"type": "object", "properties": {}})
ASKED = Message("user", "When is high tide?")
PASSAGES = ("High tide is at six.", "The mole was built in 1904.")
SYSTEMS = [grounded_system(prompt, PASSAGES) for prompt in ("", "Be brief.")]
TEMPLATES = [placed.format(passages=passages_text(PASSAGES), question="When?") for placed in PLACED]
REACT = react_system("Be brief.", [TOOL])


def chat(*messages: Message) -> GenerateRequest:
    return GenerateRequest("small", messages)


@pytest.mark.parametrize(
    "request_",
    [
        *(chat(Message("system", text), ASKED) for text in (*SYSTEMS, REACT)),
        *(chat(Message("user", text)) for text in TEMPLATES),
        replace(chat(ASKED), tools=(TOOL,)),
        GenerateRequest("small", prompt="High tide is at"),
    ],
)
def test_passages_tools_and_react_are_lessons(request_: GenerateRequest) -> None:
    assert is_lesson(request_)


@pytest.mark.parametrize(
    "request_",
    [
        chat(ASKED),
        chat(Message("system", "You are a helpful assistant."), ASKED),
        chat(ASKED, Message("assistant", "[1] At six [1]."), Message("user", "Thanks! What does a[1] mean in C?")),
    ],
)
def test_plain_chat_is_none(request_: GenerateRequest) -> None:
    assert not is_lesson(request_)


@pytest.mark.parametrize(("name", "plain", "taught"), [("small", None, "skills"), ("small-base", None, None)])
async def test_the_adapter_answers_lessons_alone(name: str, plain: str | None, taught: str | None) -> None:
    async with registry_of(replace(TAUGHT, default_adapter_for="lessons")) as registry:
        served = find(registry, name)
        assert served.request(chat(ASKED)).adapter == plain
        assert served.request(chat(Message("system", SYSTEMS[0]), ASKED)).adapter == taught


async def test_an_adapter_asked_by_its_own_name_answers_everything() -> None:
    async with registry_of(replace(TAUGHT, default_adapter_for="lessons")) as registry:
        assert find(registry, "poet").request(chat(ASKED)).adapter == "poet"


def test_the_embedded_model_comes_with_its_adapter_for_lessons() -> None:
    model: ModelConfig = builtin_models(NOWHERE)[0]
    assert [name for name, _ in model.adapters] == [STARTER]
    assert (model.default_adapter, model.default_adapter_for) == (STARTER, "lessons")
