"""A node that does what a test says, and counts what it did: the means of most tests of the engine."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from agents.errors import InvalidInput
from agents.events import Body
from agents.nodes.base import Node, NodeContext, NodeResult
from agents.nodes.registry import NODES
from agents.ports import CalledWorkflow
from agents.types import JsonObject, NodeSpec
from agents.types import JsonValue as Value
from agents.workflow.execute import Kinds
from agents.workflow.expressions import render
from inference.types import Usage
from tests.agents.fakes import node


class ProbeConfig(BaseModel):
    """What the probe does: it gives its `text`, unless something else is said."""

    model_config = ConfigDict(extra="allow")

    text: str = ""
    value: JsonValue = None
    fails: int = 0
    says: tuple[str, ...] = ()
    waits: str = ""
    handle: str = "source"
    asks: bool = False
    assigns: tuple[str, ...] = ()
    tokens: int = 0
    repeatable: bool = True
    handles: tuple[str, ...] = ("source",)
    types: dict[str, str] = Field(default_factory=dict)


class Probe(Node[ProbeConfig]):
    """Gives `value`; fails `fails` times first (-1: always), says `says`, waits at a gate or asks a person."""

    kind: ClassVar[str] = "probe"
    title: ClassVar[str] = "Probe"
    description: ClassVar[str] = "For tests"
    outputs: ClassVar[dict[str, str]] = {"value": "any", "text": "string"}
    config_type = ProbeConfig
    streams = "text"

    def __init__(self) -> None:
        self.effects: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.running: set[str] = set()
        self.together = 0
        self.gates: dict[str, asyncio.Event] = {}
        self.order: list[str] = []

    def gate(self, name: str) -> asyncio.Event:
        """Return the gate of that name; a probe that waits at it goes on when it is set."""
        return self.gates.setdefault(name, asyncio.Event())

    def handles(self, config: BaseModel) -> frozenset[str]:
        assert isinstance(config, ProbeConfig)
        return frozenset(config.handles)

    def is_repeatable(self, config: BaseModel) -> bool:
        assert isinstance(config, ProbeConfig)
        return config.repeatable

    def assigned(self, config: BaseModel) -> tuple[tuple[str, ...], ...]:  # type: ignore[override]  # it is read once
        assert isinstance(config, ProbeConfig)
        return (config.assigns,) if config.assigns else ()

    def inputs(self, ctx: NodeContext, config: ProbeConfig) -> JsonObject:
        return {"text": render(config.text, ctx.scope)}

    async def run(self, ctx: NodeContext, config: ProbeConfig) -> NodeResult:
        path = ctx.node_id
        self.order.append(path)
        self.running.add(path)
        self.together = max(self.together, len(self.running))
        try:
            return await self._work(ctx, config)
        finally:
            self.running.discard(path)

    async def _work(self, ctx: NodeContext, config: ProbeConfig) -> NodeResult:
        path = ctx.node_id
        if ctx.past.attempts:
            await ctx.reset("")
        text = render(config.text, ctx.scope)
        answered: Value = None
        if config.asks:
            given = await ctx.ask({"title": text}, ask="first")
            answered = None if given.timed_out else dict(given.values)
        for piece in config.says:
            await ctx.show(piece)
            if config.waits:
                await self.gate(f"{config.waits}:{piece}").wait()
        if config.waits and not config.says:
            await self.gate(config.waits).wait()
        await asyncio.sleep(0)
        if config.fails < 0 or self.failed[path] < config.fails:
            self.failed[path] += 1
            raise InvalidInput(f"{path} does not like {text!r}")
        if config.assigns:
            await ctx.assign(config.assigns, text)
        self.effects[path] += 1
        said = "".join(config.says) or text
        value: Value = answered if config.asks else (said if config.value is None else config.value)
        return NodeResult({"value": value, "text": said}, Usage(0, config.tokens), handle=config.handle)


def kinds_with(probe: Probe) -> Kinds:
    """Return all kinds, and the probe."""
    return {**NODES, "probe": probe}  # type: ignore[dict-item]  # the graph makes its config with its own type


def probe_node(node_id: str, parent: str = "", /, **config: Value) -> NodeSpec:
    """Return a probe's node."""
    return NodeSpec(node_id, "probe", node_id, config, parent)


def inner(parent: str, node_id: str, kind: str, config: JsonObject | None = None) -> NodeSpec:
    """Return a node inside a container."""
    return NodeSpec(node_id, kind, node_id, config or {}, parent)


def end_node(node_id: str = "end", **selectors: str) -> NodeSpec:
    """Return an end with these outputs, by name and dotted selector."""
    outputs: list[Value] = [
        {"variable": name, "value_selector": list(text.split("."))} for name, text in selectors.items()
    ]
    return node(node_id, "end", {"outputs": outputs})


class FakeWorkflows:
    """Workflows of a workspace, by id and version; the highest is the published one."""

    def __init__(self, *called: CalledWorkflow, environment: Mapping[str, Value] | None = None) -> None:
        self.called = {(item.app_id, item.version): item for item in called}
        self.secrets = environment or {}
        self.found: list[tuple[str, int | None]] = []

    async def find(self, app_id: str, version: int | None = None) -> CalledWorkflow:
        self.found.append((app_id, version))
        versions = [known for name, known in self.called if name == app_id and version in (None, known)]
        if not versions:
            raise InvalidInput(f"there is no workflow {app_id!r} in version {version!r}: publish it")
        return self.called[app_id, max(versions)]

    async def environment(self, called: CalledWorkflow) -> Mapping[str, Value]:
        return self.secrets


class FakeEnvironment:
    """Environment variables, secrets in clear."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values

    async def values(self) -> Mapping[str, Value]:
        return self._values


class FakeValues:
    """A store of large values that counts what goes in and out."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.put_count = 0
        self.got: Counter[str] = Counter()

    async def put(self, text: str) -> str:
        self.put_count += 1
        value_id = f"value-{hash(text) & 0xFFFFFFFF:08x}"
        self.texts[value_id] = text
        return value_id

    async def get(self, value_id: str) -> str:
        self.got[value_id] += 1
        return self.texts[value_id]


Make = Callable[[], Probe]
Ending = Literal["run_finished", "run_failed", "run_paused"]


def kinds_of(bodies: list[Body]) -> list[str]:
    """Return the kinds of the bodies, in order."""
    return [body.kind for body in bodies]
