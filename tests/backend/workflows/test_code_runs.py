"""A workflow with code over HTTP: refused before it begins where no code runs, cancelled while its code never ends."""

import asyncio
import contextlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from agents.ports import Absent, Ports
from agents.types import RunSpec
from backend.common.sandbox import code_runner
from backend.embedded.process import descendants, parents
from backend.runs.models import Run
from tests.backend.apps.running import LIVE
from tests.backend.conftest import Person
from tests.backend.workflows.running import GraphWorld, draft, end, made, node, post, start, told

pytestmark = LIVE


def with_code(code: str) -> dict[str, Any]:
    config = {"code": code, "outputs": {"x": {"type": "number"}}, "variables": []}
    return draft([start("text"), node("code", "code", config), end(x="code.x")], ["start > code", "code > end"])


class Off(Absent):
    reason_off = "bubblewrap is not installed"


async def test_r34_where_no_code_runs_the_caller_is_told_and_nothing_is_stored(
    graph_world: GraphWorld, owner: Person
) -> None:
    def off(spec: RunSpec, ports: Ports) -> Ports:
        return replace(ports, code=Off())

    graph_world.change = off
    app_id = await made(owner, with_code("def main():\n    return {'x': 1}"))
    refused = await post(owner, f"/apps/{app_id}/runs", {"inputs": {"text": "a"}})
    assert refused.status_code == 503
    assert refused.json()["code"] == "code_unavailable"
    assert refused.json()["message"] == "no code is run here: bubblewrap is not installed"
    assert not await Run.unscoped.aexists()


async def test_r10_a_run_is_cancelled_while_its_code_spins(graph_world: GraphWorld, owner: Person) -> None:
    app_id = await made(owner, with_code("def main():\n    while True: pass"))
    running = asyncio.create_task(_ended(owner, app_id))
    while not (pids := _spinning()):
        await asyncio.sleep(0.05)
    run = await Run.unscoped.aget()
    assert (await post(owner, f"/runs/{run.id}/cancel", {})).status_code < 300
    async with asyncio.timeout(20):
        assert await running == "run_cancelled"
        while any(Path(f"/proc/{pid}").exists() for pid in pids):
            await asyncio.sleep(0.05)
    assert code_runner().reason_off == ""


async def _ended(owner: Person, app_id: str) -> str:
    return (await told(await post(owner, f"/apps/{app_id}/runs", {"inputs": {"text": "a"}}))).last[0]


def _spinning() -> list[int]:
    """Return our runners that compute: those that wait for a job do not."""
    found = []
    for pid in descendants(os.getpid(), parents()):
        folder = Path(f"/proc/{pid}")
        with contextlib.suppress(OSError):
            ticks = (folder / "stat").read_text().rpartition(")")[2].split()
            if b"/run/runner.py" in (folder / "cmdline").read_bytes() and int(ticks[11]) > 50:
                found.append(pid)
    return found
