"""Makes graphs over HTTP and runs them: the real ports of the workspace, with a scripted model."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest
from django.test import AsyncClient

from agents.ports import Ports
from agents.types import RunSpec
from backend.common.database import in_database
from backend.config.run_ports import ports_of
from backend.config.wiring import wire
from backend.runs.ports import COST_OF, RUN_PORTS
from tests.agents.fakes import FakeKnowledge, FakeModels, ScriptedModel, always
from tests.backend.apps.running import MODEL, Worker, raw_stream
from tests.backend.conftest import Person


@dataclass
class GraphWorld:
    """What runs meet outside; change its parts before a run starts."""

    model: ScriptedModel = field(
        default_factory=lambda: ScriptedModel(always("Hello there, friend."), id=MODEL, supports_continuation=True)
    )
    knowledge: FakeKnowledge = field(default_factory=FakeKnowledge)
    change: Callable[[RunSpec, Ports], Ports] | None = None

    def ports(self, spec: RunSpec) -> Ports:
        """Return the real ports of a run, but for its models and datasets."""
        models = FakeModels({self.model.info.id: self.model, "scripted": self.model})
        ports = replace(ports_of(spec), models=models, knowledge=self.knowledge)
        return self.change(spec, ports) if self.change else ports


@pytest.fixture
def graph_world(transactional_db: None) -> Iterator[GraphWorld]:
    """A worker that runs everything with a scripted model."""
    made = GraphWorld()
    RUN_PORTS.fill(made.ports)
    COST_OF.fill(lambda ws, model, prompt, done: Decimal(prompt + done) / 1_000_000)
    worker = Worker()
    yield made
    worker.stop()
    wire()


def node(node_id: str, kind: str, config: Mapping[str, Any] | None = None, parent: str = "") -> dict[str, Any]:
    """Return a node as the editor saves it."""
    saved = {"id": node_id, "type": "custom", "position": {"x": 0, "y": 0}}
    saved["data"] = {"type": kind, "title": node_id.title(), **(config or {})}
    return {**saved, "parentId": parent} if parent else saved


def edges(*texts: str) -> list[dict[str, Any]]:
    """Return edges as the editor saves them, from "a > b" or "a.handle > b"."""
    found = []
    for text in texts:
        left, _, target = text.partition(" > ")
        source, _, handle = left.partition(".")
        found.append({"id": text, "source": source, "sourceHandle": handle or "source", "target": target})
    return found


def start(*names: str, **types: str) -> dict[str, Any]:
    """Return the node `start` with these inputs; a bare name is a text."""
    wanted = {**dict.fromkeys(names, "text-input"), **types}
    variables = [{"variable": name, "label": name, "type": kind} for name, kind in wanted.items()]
    return node("start", "start", {"variables": variables})


def end(**selectors: str) -> dict[str, Any]:
    """Return the node `end` with outputs by name, as "node.field"."""
    return node(
        "end", "end", {"outputs": [{"variable": k, "value_selector": v.split(".")} for k, v in selectors.items()]}
    )


def llm(node_id: str = "llm", prompt: str = "Be brief.", **more: Any) -> dict[str, Any]:
    """Return an llm node."""
    template = [{"role": "user", "text": prompt}]
    return node(node_id, "llm", {"model": {"id": MODEL}, "prompt_template": template, **more})


def draft(nodes: Sequence[dict[str, Any]], wires: Sequence[str], **more: Any) -> dict[str, Any]:
    """Return a draft of a graph."""
    return {"graph": {"nodes": list(nodes), "edges": edges(*wires)}, **more}


ECHO = draft([start("text"), end(text="start.text")], ["start > end"])
"""A workflow that gives back its input."""


def app_with(owner: Person, content: dict[str, Any] | None = None, mode: str = "workflow", **query: str) -> str:
    """Make an app over HTTP, with a draft unless its own will do; returns its id."""
    made = owner.request("post", "/apps", {"name": "Flow", "mode": mode})
    assert made.status_code == 201, made.content
    if content is not None:
        put = draft_put(owner, made.json()["id"], content, **query)
        assert put.status_code == 200, put.content
    return str(made.json()["id"])


def draft_put(owner: Person, app_id: str, content: dict[str, Any], **query: str) -> Any:
    """Send a draft and return the answer."""
    more = "&".join(f"{name}={value}" for name, value in query.items())
    return owner.request("put", f"/apps/{app_id}/draft{'?' + more if more else ''}", content)


async def made(owner: Person, content: dict[str, Any] | None = None, mode: str = "workflow", **query: str) -> str:
    """Make an app from an async test."""
    return await in_database(app_with, owner, content, mode, **query)


@dataclass(frozen=True)
class Ran:
    """A run as its stream told it."""

    run_id: str
    events: list[tuple[str, dict[str, Any]]]

    @property
    def last(self) -> tuple[str, dict[str, Any]]:
        return self.events[-1]

    @property
    def outputs(self) -> Any:
        kind, data = self.last
        assert kind == "run_finished", data
        return data["outputs"]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [data for name, data in self.events if name == kind]


async def post(person: Person, path: str, body: Any) -> Any:
    """Send to `/api/v1{path}` from an async test."""
    client = AsyncClient(raise_request_exception=False)
    headers = {"Authorization": f"Bearer {person.token}"}
    return await client.post(f"/api/v1{path}", body, content_type="application/json", headers=headers)


async def get(person: Person, path: str) -> Any:
    """Read `/api/v1{path}` from an async test."""
    return (await in_database(person.request, "get", path)).json()


async def run_of(person: Person, app_id: str, body: Any = None) -> Ran:
    """Run the draft and read its stream to the end."""
    return await told(await post(person, f"/apps/{app_id}/runs", body or {}))


async def told(response: Any) -> Ran:
    """Read a stream of events to its end."""
    frames = [frame for frame in (await raw_stream(response)).split("\n\n") if frame.startswith("id: ")]
    events = []
    for frame in frames:
        _, kind, data = frame.split("\n", 2)
        events.append((kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return Ran(response.headers["X-Run-Id"], events)
