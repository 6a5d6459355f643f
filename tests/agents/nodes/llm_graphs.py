"""Chatflows of one llm node, for the tests of the node."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.events import Body, RunFinished
from agents.types import FileRef, JsonValue, RunSpec, Turn
from agents.workflow.execute import run_graph
from inference.types import Message
from tests.agents.fakes import (
    FakeFiles,
    ScriptedModel,
    always,
    node,
    ports_of,
    spec_of,
)

MODEL: JsonValue = {"provider": "openai", "name": "scripted", "mode": "chat", "completion_params": {"temperature": 0.5}}
HISTORY = (Turn("user", "one"), Turn("assistant", "two"), Turn("user", "three"), Turn("assistant", "four"))
MEMORY: JsonValue = {
    "query_prompt_template": "",
    "role_prefix": {"assistant": "", "user": ""},
    "window": {"enabled": True, "size": 1},
}
CAT = FileRef("f1", "cat.png", "image/png", 3)
NOTES = FileRef("f2", "notes.txt", "text/plain", 3)


def prompt(*messages: tuple[str, str]) -> JsonValue:
    return [{"id": str(at), "role": role, "text": text} for at, (role, text) in enumerate(messages)]


@dataclass(frozen=True)
class Asked:
    """A run of one llm node in a chatflow, and what the model was sent."""

    bodies: list[Body]
    model: ScriptedModel = field(repr=False)

    @property
    def messages(self) -> tuple[Message, ...]:
        assert isinstance(self.bodies[-1], RunFinished), self.bodies[-1]
        return self.model.last_messages


def chatflow(history: Sequence[Turn] = HISTORY, **config: JsonValue) -> RunSpec:
    return spec_of(
        [node("llm", "llm", {"model": MODEL, **config})], query="Why?", mode="chatflow", history=tuple(history)
    )


async def ask(spec: RunSpec, reply: str = "ok", files: FakeFiles | None = None, **can: object) -> Asked:
    model = ScriptedModel(always(reply), **can)
    return Asked([body async for body in run_graph(spec, ports_of(model, files=files))], model)
