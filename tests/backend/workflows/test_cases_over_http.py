"""Every case of every kind of node, made and run over HTTP and executed by a real worker.

The cases stand beside the tests of their nodes: `CASES` as they are, `SPOKEN_CASES` with a scripted model,
`WIRE_CASES` with a server on loopback that must see the same bytes.
"""

import asyncio
import importlib
import json
import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from difflib import unified_diff
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from agents.nodes.registry import NODES
from agents.ports import Ports
from agents.types import RunSpec, Source, VariableSpec
from backend.common.database import in_database
from tests.agents import nodes
from tests.agents.fakes import FakeKnowledge, FakeModels
from tests.agents.nodes.cases import Case, spec_of_case
from tests.agents.nodes.spoken import SpokenCase
from tests.agents.nodes.wire import ORIGIN, WireCase, arrived, placed
from tests.agents.standin import standing_in
from tests.backend.apps.running import LIVE, MODEL
from tests.backend.conftest import Person
from tests.backend.workflows.running import GraphWorld, app_with, post, told

pytestmark = [LIVE, pytest.mark.timeout(280)]
AT_ONCE = 6
ENGINE_RUN_ID = spec_of_case(Case("", (), ())).run_id
MODULES = sorted(item.name for item in pkgutil.iter_modules(nodes.__path__) if item.name.startswith("test_"))


def cases_named(name: str) -> list[Any]:
    """Return the lists of this name, each with its module."""
    modules = {module: importlib.import_module(f"{nodes.__name__}.{module}") for module in MODULES}
    return [
        pytest.param(found, id=module.removeprefix("test_"))
        for module, here in modules.items()
        if (found := getattr(here, name, None))
    ]


class Desk:
    """Runs cases over HTTP for one owner, each in an app of its own with the ports that it asks for."""

    def __init__(self, owner: Person, world: GraphWorld) -> None:
        self.owner = owner
        self._worlds: dict[str, Callable[[Ports], Ports]] = {}
        self._datasets: dict[str, str] = {}
        world.change = self._ports
        self._room = asyncio.Semaphore(AT_ONCE)

    def _ports(self, spec: RunSpec, ports: Ports) -> Ports:
        return self._worlds.get(spec.app_id, lambda same: same)(ports)

    async def run(self, case: Case, change: Callable[[Ports], Ports] = lambda same: same) -> tuple[str, Any]:
        """Return the run's id and how it ended: its outputs, or the code and message of its failure."""
        async with self._room:
            app_id = await in_database(app_with, self.owner, self._saved(case), case.mode)
            self._worlds[app_id] = change
            inputs, ids = dict(case.inputs), {}
            if case.files:
                ids = {name: await in_database(self._upload, name, content) for name, content in case.files.items()}
                inputs = replaced(inputs, ids)
            response = await post(self.owner, f"/apps/{app_id}/runs", {"inputs": inputs, "query": case.query})
            if response.status_code != 200:
                refused = response.json()
                return "", (refused["code"], refused["message"])
            ran = await told(response)
            kind, data = ran.last
            if kind != "run_finished":
                return ran.run_id, (data["code"], data["message"])
            names = {dataset_id: name for name, dataset_id in self._datasets.items()}
            return ran.run_id, replaced(data["outputs"], names | {file_id: name for name, file_id in ids.items()})

    def _upload(self, name: str, content: bytes) -> str:
        made = self.owner.client.post("/api/v1/files", {"file": SimpleUploadedFile(name, content)})
        assert made.status_code == 201, made.content
        return str(made.json()["id"])

    async def datasets(self, cases: Iterable[Case]) -> None:
        """Make a dataset for each that cases search."""
        configs = [node.get("data") for case in cases for node in case.nodes]
        names = {name for config in configs if isinstance(config, dict) for name in config.get("dataset_ids") or ()}
        for name in sorted(names):
            made = await in_database(self.owner.request, "post", "/datasets", {"name": f"dataset {name}"})
            assert made.status_code == 201, made.content
            self._datasets[name] = made.json()["id"]

    def passage(self, source: Source) -> Source:
        """Return a passage of the dataset that stands for the case's."""
        return replace(source, dataset_id=self._datasets.get(source.dataset_id, source.dataset_id))

    def _saved(self, case: Case) -> dict[str, Any]:
        """Return the draft of a case, with models and datasets that the workspace has."""
        text = json.dumps(case.graph).replace('"scripted"', f'"{MODEL}"')
        for name, dataset_id in self._datasets.items():
            text = text.replace(f'"{name}"', f'"{dataset_id}"')
        return {
            "graph": json.loads(text),
            "environment_variables": [_variable(item) for item in case.environment],
            "conversation_variables": [_variable(item) for item in case.conversation],
        }


def replaced(value: Any, names: Mapping[str, str]) -> Any:
    """Return the value with other texts, wherever one of `names` stands alone."""
    match value:
        case str():
            return names.get(value, value)
        case list():
            return [replaced(item, names) for item in value]
        case dict():
            return {key: replaced(item, names) for key, item in value.items()}
        case _:
            return value


def _variable(item: VariableSpec) -> dict[str, Any]:
    return {"name": item.name, "value_type": item.type, "value": item.value}


async def differing(cases: Sequence[Any], run: Callable[[Any], Awaitable[str]]) -> dict[str, str]:
    """Run all of them; return what is wrong, by the case's name."""
    found = await asyncio.gather(*(run(case) for case in cases))
    names = [getattr(case, "name", "") or case.case.name for case in cases]
    return {name: wrong for name, wrong in zip(names, found, strict=True) if wrong}


def compared(case: Case, ended: Any) -> str:
    """Return how a run ended otherwise than its case; nothing when it did not."""
    if case.error:
        is_right = isinstance(ended, tuple) and ended[0] == case.error and case.says in ended[1]
        return "" if is_right else f"{ended!r} instead of {case.error!r} that says {case.says!r}"
    wanted = json.loads(json.dumps(case.outputs))
    return "" if ended == wanted else f"{ended!r} instead of {wanted!r}"


@pytest.mark.parametrize("cases", cases_named("CASES"))
async def test_cases(owner: Person, graph_world: GraphWorld, cases: Sequence[Case]) -> None:
    desk = Desk(owner, graph_world)

    async def run(case: Case) -> str:
        return compared(case, (await desk.run(case))[1])

    assert await differing(cases, run) == {}


@pytest.mark.parametrize("cases", cases_named("SPOKEN_CASES"))
async def test_cases_that_ask_a_model(owner: Person, graph_world: GraphWorld, cases: Sequence[SpokenCase]) -> None:
    desk = Desk(owner, graph_world)
    await desk.datasets(spoken.case for spoken in cases)

    async def run(spoken: SpokenCase) -> str:
        model = spoken.model(MODEL)
        knowledge = FakeKnowledge(tuple(map(desk.passage, spoken.passages)))
        models = FakeModels({MODEL: model})
        _, ended = await desk.run(spoken.case, lambda ports: replace(ports, models=models, knowledge=knowledge))
        try:
            spoken.check(model.requests)
        except AssertionError as error:
            return f"asked otherwise: {error}, and ended with {ended!r}"
        return compared(spoken.case, ended)

    assert await differing(cases, run) == {}


@pytest.mark.parametrize("cases", cases_named("WIRE_CASES"))
async def test_cases_that_reach_a_server(owner: Person, graph_world: GraphWorld, cases: Sequence[WireCase]) -> None:
    desk = Desk(owner, graph_world)
    async with AsyncExitStack() as stack:
        servers = {wire.name: await stack.enter_async_context(standing_in(wire.replies)) for wire in cases}
        rules = {"allow": [f"127.0.0.1:{server.port}" for server in servers.values()], "deny": [], "only_listed": False}
        listed = await in_database(owner.request, "put", "/egress", rules)
        assert listed.status_code == 200, listed.content

        async def run(wire: WireCase) -> str:
            server = servers[wire.name]
            for tool, values in wire.credentials.items():
                placed_values = {name: value.replace(ORIGIN, server.origin) for name, value in values.items()}
                await in_database(owner.request, "put", f"/tools/{tool}/credentials", {"values": placed_values})
            run_id, ended = await desk.run(placed(wire.case, server.origin))
            found = [text.replace(run_id or "-", ENGINE_RUN_ID) for text in arrived(server.seen, server.port)]
            if found != list(wire.requests):
                lines = [text.splitlines() for text in ("\n".join(wire.requests), "\n".join(found))]
                return "; ".join(line for line in unified_diff(*lines, n=0, lineterm=""))
            return compared(wire.case, ended)

        with_keys = [wire for wire in cases if wire.credentials]
        differing_ones = {}
        for wire in with_keys:  # a workspace keeps one key for each tool: one after the other
            differing_ones |= await differing([wire], run)
        assert differing_ones | await differing([wire for wire in cases if not wire.credentials], run) == {}


CALLED_ELSEWHERE = {"workflow"}
"""A workflow that calls another needs two apps: see `test_ports`."""


def test_every_kind_of_node_is_in_a_case() -> None:
    lists = [param.values[0] for name in ("CASES", "SPOKEN_CASES", "WIRE_CASES") for param in cases_named(name)]
    cases = [item if isinstance(item, Case) else item.case for found in lists for item in found]
    kinds = {node["data"]["type"] for case in cases for node in case.nodes}  # type: ignore[index,call-overload]
    assert set(NODES) - kinds == CALLED_ELSEWHERE and len(cases) > 300
