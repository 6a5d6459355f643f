"""A node that asks a person, for tests of paused runs; human input proper is another kind of node."""

from typing import ClassVar

import pytest
from pydantic import BaseModel, Field

from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.registry import NODES

STARTED: list[str] = []
"""The paths of the nodes that began to ask, by attempt."""


ODD = {"nul": "a\0b", "half a pair": "a\ud800b"}
"""What no database keeps, by what stands for it in a draft."""


class AskConfig(BaseModel):
    """What is asked, and until when (Unix time)."""

    question: str = "May I?"
    expires_at: float = 0.0
    assigns: str = ""


class AskNode(Node[AskConfig]):
    """Gives what the person answered."""

    kind: ClassVar[str] = "test-ask"
    title: ClassVar[str] = "Ask"
    description: ClassVar[str] = "Asks a person"
    outputs: ClassVar[dict[str, str]] = {"said": "any", "timed_out": "boolean"}
    config_type = AskConfig

    async def run(self, ctx: NodeContext, config: AskConfig) -> NodeResult:
        STARTED.append(ctx.node_id)
        given = await ctx.ask({"question": config.question}, expires_at=config.expires_at)
        if config.assigns:
            await ctx.assign(("conversation", config.assigns), given.values.get("said"))
        return NodeResult({"said": given.values.get("said"), "timed_out": given.timed_out})


class GiveConfig(BaseModel):
    """What is given."""

    value: str = Field(default="")
    size: int = 1
    assigns: str = ""


class GiveNode(Node[GiveConfig]):
    """Gives a text, repeated; assigns it to a conversation variable where it is told to."""

    kind: ClassVar[str] = "test-give"
    title: ClassVar[str] = "Give"
    description: ClassVar[str] = "Gives a text"
    outputs: ClassVar[dict[str, str]] = {"text": "string"}
    config_type = GiveConfig

    def inputs(self, ctx: NodeContext, config: GiveConfig) -> dict[str, str]:  # type: ignore[override]
        return {"value": str(ctx.scope.environment.get("TOKEN", ""))}

    async def run(self, ctx: NodeContext, config: GiveConfig) -> NodeResult:
        text = str(ctx.scope.lookup(config.value.split("."))) if "." in config.value else config.value
        text = ODD.get(text, text)
        if config.assigns:
            await ctx.assign(("conversation", config.assigns), text)
        return NodeResult({"text": text * config.size})


@pytest.fixture
def asking_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let graphs have the nodes of this module."""
    STARTED.clear()
    for kind in (AskNode(), GiveNode()):
        monkeypatch.setitem(NODES._items, kind.kind, kind)
