"""A small run for every kind of node, and a world in which every call can be made to wait for ever or to fail."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import Literal

import httpx

from agents.errors import HttpFailed
from agents.ports import CalledWorkflow, ChatModel, CodeLimits, CodeResult, DatasetInfo, Language, Ports, SearchChoice
from agents.types import EdgeSpec, FileRef, JsonObject, JsonValue, NodeSpec, RunSpec, Source, VariableSpec
from inference.types import Delta, GenerateRequest, ModelInfo
from tests.agents.fakes import (
    FakeDocuments,
    FakeFiles,
    FakeKnowledge,
    Reply,
    ScriptedModel,
    edges_of,
    llm_config,
    node,
    passage,
    spec_of,
)
from tests.agents.workflow.probe import FakeValues, FakeWorkflows, end_node

LIMITS = CodeLimits()
FILE: JsonValue = {"id": "a.txt", "name": "a.txt", "mime_type": "text/plain", "size_bytes": 5}
INPUTS: JsonObject = {"text": "Oslo", "words": {"list": ["b", "a"]}, "file": FILE}
FAILURES = (RuntimeError("it broke"), OSError("no disk"), ValueError("odd"), HttpFailed("no answer"), KeyError("gone"))


@dataclass
class Toll:
    """Every call to the world passes here: the `fails_at`-th fails; with `is_shut` all after `free` wait for ever."""

    fails_at: int = 0
    is_shut: bool = False
    free: int = 0
    calls: int = 0
    waiting: int = 0
    failures: Sequence[Exception] = FAILURES
    paid: list[str] = field(default_factory=list)

    async def pay(self, what: str) -> None:
        self.calls += 1
        self.paid.append(what)
        if self.is_shut and self.calls > self.free:
            self.waiting += 1
            try:
                await asyncio.Event().wait()
            finally:
                self.waiting -= 1
        if self.calls == self.fails_at:
            raise next(error for number, error in enumerate(cycle(self.failures), 1) if number == self.fails_at)


@dataclass
class Outside:
    """Models, files and all else behind one toll."""

    toll: Toll
    model: ScriptedModel
    knowledge: FakeKnowledge = field(default_factory=lambda: FakeKnowledge((passage("c1", "Oslo is a city."),)))
    files: FakeFiles = field(default_factory=lambda: FakeFiles({"a.txt": b"hello"}))
    stored: FakeValues = field(default_factory=FakeValues)
    reason_off = ""

    async def chat(self, model_id: str) -> ChatModel:
        await self.toll.pay("model")
        return TolledModel(self.toll, self.model)

    async def search(self, query: str, choice: SearchChoice) -> tuple[Source, ...]:
        await self.toll.pay("search")
        return await self.knowledge.search(query, choice)

    async def datasets(self, dataset_ids: Sequence[str]) -> tuple[DatasetInfo, ...]:
        await self.toll.pay("datasets")
        return await self.knowledge.datasets(dataset_ids)

    def pack(self, sources: Sequence[Source]) -> str:
        return self.knowledge.pack(sources)

    def cited(self, answer: str, sources: Sequence[Source]) -> frozenset[int]:
        return self.knowledge.cited(answer, sources)

    async def read(self, ref: FileRef) -> bytes:
        await self.toll.pay("read")
        return await self.files.read(ref)

    async def find(self, file_id: str) -> FileRef:
        await self.toll.pay("find")
        return await self.files.find(file_id)

    async def create(self, name: str, mime_type: str, content: bytes) -> FileRef:
        await self.toll.pay("create")
        return await self.files.create(name, mime_type, content)

    async def text(self, name: str, content: bytes) -> str:
        await self.toll.pay("document")
        return await FakeDocuments().text(name, content)

    async def put(self, text: str) -> str:
        await self.toll.pay("put")
        return await self.stored.put(text)

    async def get(self, value_id: str) -> str:
        await self.toll.pay("get")
        return await self.stored.get(value_id)

    async def run(
        self,
        language: Language,
        code: str,
        arguments: JsonObject,
        *,
        limits: CodeLimits = LIMITS,
        entry: Literal["main", "script"] = "main",
    ) -> CodeResult:
        await self.toll.pay("code")
        return CodeResult({"out": "done"})

    async def of_tool(self, name: str) -> Mapping[str, str]:
        await self.toll.pay("credentials")
        return {}

    def client(self, *, verify: bool = True) -> httpx.AsyncClient:
        async def answer(request: httpx.Request) -> httpx.Response:
            await self.toll.pay("request")
            return httpx.Response(200, stream=httpx.ByteStream(b'{"ok": true}'))

        return httpx.AsyncClient(transport=httpx.MockTransport(answer))


class TolledModel:
    """A model that pays for each request, each count and each token."""

    def __init__(self, toll: Toll, model: ScriptedModel) -> None:
        self._toll = toll
        self._model = model
        self.info: ModelInfo = model.info

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Delta, None]:
        await self._toll.pay("generate")
        async with aclosing(self._model.generate(request)) as deltas:
            async for delta in deltas:
                await self._toll.pay("token")
                yield delta

    async def count_tokens(self, request: GenerateRequest) -> int:
        await self._toll.pay("count")
        return await self._model.count_tokens(request)


class TolledEnvironment:
    """The environment's variables behind a toll that is never shut: before it nothing runs."""

    def __init__(self, toll: Toll) -> None:
        self._toll = toll

    async def values(self) -> Mapping[str, JsonValue]:
        if not self._toll.is_shut:
            await self._toll.pay("environment")
        return {"key": "a secret"}


class TolledWorkflows(FakeWorkflows):
    """Workflows behind a toll."""

    def __init__(self, toll: Toll) -> None:
        nodes = (
            node("start", "start", {"variables": [{"variable": "text", "type": "text-input"}]}),
            node("say", "llm", llm_config("Say {{#start.text#}}.")),
            end_node(out="say.text"),
        )
        super().__init__(CalledWorkflow("other", "Other", 1, nodes, edges_of("start > say", "say > end")))
        self._toll = toll

    async def find(self, app_id: str, version: int | None = None) -> CalledWorkflow:
        await self._toll.pay("find workflow")
        return await super().find(app_id, version)

    async def environment(self, called: CalledWorkflow) -> Mapping[str, JsonValue]:
        await self._toll.pay("environment of workflow")
        return await super().environment(called)


def outside(toll: Toll) -> tuple[Ports, Outside]:
    """Return a world behind the toll; its model says what each kind of node wants to hear."""

    def script(request: GenerateRequest) -> Reply:
        asked = str(request.messages)
        if "categories" in asked:
            return Reply("Weather")
        if "city" in asked:
            return Reply('{"city": "Oslo"}')
        return Reply("It is cold in Oslo.")

    model = ScriptedModel(script, supports_tools=False)
    world = Outside(toll, model)
    ports = Ports(
        models=world,
        knowledge=world,
        files=world,
        documents=world,
        environment=TolledEnvironment(toll),
        values=world,
        workflows=TolledWorkflows(toll),
        code=world,
        web=world,
        credentials=world,
    )
    return ports, world


VARIABLES: list[JsonValue] = [
    {"variable": "text", "type": "text-input"},
    {"variable": "words", "type": "json_object"},
]
WITH_FILE: list[JsonValue] = [*VARIABLES, {"variable": "file", "type": "file"}]
START = node("start", "start", {"variables": VARIABLES})
MODEL: JsonValue = {"provider": "any", "name": "scripted", "mode": "chat", "completion_params": {}}
LIST: JsonValue = ["start", "words", "list"]
TEXT: JsonValue = ["start", "text"]
CLASSES: JsonValue = [{"id": "one", "name": "Weather"}, {"id": "two", "name": "Food"}]
ITEMS: JsonValue = [
    {"variable_selector": ["conversation", "last"], "input_type": "variable", "operation": "over-write", "value": TEXT}
]
CONDITION: JsonValue = {"variable_selector": TEXT, "comparison_operator": "is", "value": "Oslo"}
CONFIGS: Mapping[str, Mapping[str, JsonValue]] = {
    "start": {},
    "end": {"outputs": [{"variable": "out", "value_selector": TEXT}]},
    "answer": {"answer": "{{#start.text#}}"},
    "llm": llm_config("Tell of {{#start.text#}}."),
    "knowledge-retrieval": {"query_variable_selector": TEXT, "dataset_ids": ["d1"]},
    "agent": llm_config(tools=[{"name": "current_time"}]),
    "question-classifier": {"model": MODEL, "query_variable_selector": TEXT, "classes": CLASSES},
    "parameter-extractor": {
        "model": MODEL,
        "query": TEXT,
        "parameters": [{"name": "city", "type": "string", "description": "where", "required": True}],
    },
    "code": {"code": "def main(): return {'out': 'done'}", "outputs": {"out": {"type": "string"}}},
    "http-request": {"method": "GET", "url": "https://example.com/x"},
    "tool": {
        "provider_type": "workflow",
        "provider_id": "other",
        "tool_name": "other",
        "tool_parameters": {"text": {"type": "variable", "value": TEXT}},
    },
    "if-else": {"cases": [{"case_id": "true", "logical_operator": "and", "conditions": [CONDITION]}]},
    "template-transform": {
        "template": "{% for number in range(17000) %}{{ text }}{% endfor %}",
        "variables": [{"variable": "text", "value_selector": TEXT}],
    },
    "variable-aggregator": {"output_type": "string", "variables": [TEXT]},
    "assigner": {"version": "2", "items": ITEMS},
    "list-operator": {"variable": LIST, "order_by": {"enabled": True, "key": "", "value": "asc"}},
    "document-extractor": {"variable_selector": ["start", "file"]},
    "iteration": {"iterator_selector": LIST, "output_selector": ["inner", "text"], "is_parallel": True},
    "loop": {"loop_count": 2},
    "workflow": {"app_id": "other", "inputs": {"text": {"type": "variable", "value": TEXT}}},
}
INNER: Mapping[str, str] = {"iteration-start": "iteration", "loop-start": "loop", "loop-end": "loop"}
"""Kinds that are tested inside of the container that they belong to."""
ASKS_NOBODY = frozenset(("start", "end", "answer", "if-else", "variable-aggregator", "assigner", "list-operator"))
"""Kinds that ask nothing of the world; they cannot be made to wait."""


def run_of(kind: str) -> RunSpec:
    """Return a run whose node `work` is of this kind, and an answer after it."""
    container = INNER.get(kind, kind)
    nodes = [START, NodeSpec("work", container, "work", CONFIGS[container])]
    edges = ["start > work"]
    if container in ("iteration", "loop"):
        nodes += [
            NodeSpec("begin", f"{container}-start", "begin", {}, "work"),
            NodeSpec("inner", "llm", "inner", llm_config("Tell of {{#start.text#}}."), "work"),
        ]
        edges.append("begin > inner")
    if kind == "loop-end":
        nodes.append(NodeSpec("exit", "loop-end", "exit", {}, "work"))
        edges.append("inner > exit")
    if kind == "document-extractor":
        nodes[0] = node("start", "start", {"variables": WITH_FILE})
    if kind == "start":
        nodes, edges = [START], []
    spec = replace(spec_of(nodes, edges), mode="chatflow", inputs=INPUTS)
    return replace(
        spec,
        environment=(VariableSpec("key", "secret"),),
        conversation=(VariableSpec("last", "string", ""),),
    )


def everything() -> RunSpec:
    """Return one run with a node of nearly every kind, in four rows that run beside each other."""
    rows = (
        ("llm", "knowledge-retrieval", "code", "http-request"),
        ("iteration", "template-transform", "document-extractor"),
        ("workflow", "loop", "assigner", "list-operator"),
        ("parameter-extractor", "tool", "variable-aggregator", "agent"),
    )
    nodes: list[NodeSpec] = [node("start", "start", {"variables": WITH_FILE})]
    edges: list[EdgeSpec] = []
    for row in rows:
        before = "start"
        for kind in row:
            nodes.append(NodeSpec(kind, kind, kind, _renamed(CONFIGS[kind], kind)))
            edges.append(EdgeSpec(before, kind))
            before = kind
        edges.append(EdgeSpec(before, "out"))
    for container in ("iteration", "loop"):
        begin, inner = f"{container}-begin", f"{container}-inner"
        nodes.append(NodeSpec(begin, f"{container}-start", begin, {}, container))
        nodes.append(NodeSpec(inner, "llm", inner, llm_config("Tell of {{#start.text#}}."), container))
        edges.append(EdgeSpec(begin, inner))
    nodes.append(node("out", "answer", {"answer": "{{#llm.text#}} {{#parameter-extractor.city#}}"}))
    return replace(run_of("llm"), nodes=tuple(nodes), edges=tuple(edges))


def _renamed(config: Mapping[str, JsonValue], kind: str) -> Mapping[str, JsonValue]:
    return {**config, "output_selector": ["iteration-inner", "text"]} if kind == "iteration" else config
