"""R35: code that takes all it can get ends soon after its limit, and a small job beside it is answered meanwhile."""

import asyncio
import contextlib
import functools
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agents.errors import CodeFailed
from agents.ports import CodeLimits
from agents.sandbox.pool import MAX_YOUNG, SandboxPool
from agents.sandbox.recipe import host_found, launch_of
from agents.sandbox.worker import Worker
from tests.agents.sandbox.bombs import BOMBS, GRACE_S, LIMITS, Bomb, set_off_all
from tests.agents.sandbox.ordinary import as_ordinary_user
from tests.agents.sandbox.weakening import unfiltered

USERS = ("root", "ordinary") if os.geteuid() == 0 else ("ordinary",)


@functools.cache
def blasts(user: str) -> dict[str, dict[str, object]]:
    if user == "ordinary" and os.geteuid() == 0:
        found: dict[str, dict[str, object]] = json.loads(as_ordinary_user("tests.agents.sandbox.bombs"))
        return found
    return asyncio.run(set_off_all())


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.name)
def test_r35_a_bomb_ends_with_its_reason_and_harms_nobody(user: str, bomb: Bomb) -> None:
    blast = blasts(user)[bomb.name]
    assert any(told in str(blast["told"]) for told in bomb.told), blast["told"]
    assert blast["beside"] == 2
    assert float(str(blast["elapsed_s"])) < bomb.limits.wall_s + GRACE_S


async def test_processor_time_has_its_own_limit(pool: SandboxPool) -> None:
    with pytest.raises(CodeFailed, match="more than 1 s of processor time"):
        await pool.run("python3", "while True: pass", {}, limits=CodeLimits(wall_s=60, cpu_s=1))


async def test_a_small_job_does_not_wait_for_many_that_never_end(pool: SandboxPool) -> None:
    endless = CodeLimits(wall_s=120)
    sleepers = [
        asyncio.create_task(pool.run("python3", "import time\ndef main(): time.sleep(3600)", {}, limits=endless))
        for _ in range(MAX_YOUNG + 2)
    ]
    async with asyncio.timeout(60):
        assert (await pool.run("python3", "def main(): return 1", {})).value == 1
    assert not any(task.done() for task in sleepers)
    for task in sleepers:
        task.cancel()
    await asyncio.gather(*sleepers, return_exceptions=True)


async def test_a_child_that_holds_the_pipes_open_is_not_waited_for() -> None:
    # Forks are refused in the first place: here they are let through, to see what ends them.
    launch = unfiltered("fork", "vfork", "clone", "clone3")(launch_of(host_found(), "python3", LIMITS))
    worker = await Worker.start(launch)
    code = (
        "import os, time\n"
        "def main():\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        time.sleep(3600)\n"
        "    print('out')\n"
        "    return 'back'"
    )
    async with asyncio.timeout(30):
        ended = await worker.run(code, {}, replace(LIMITS, wall_s=20))
    assert ended.message == {"value": "back"} and ended.stdout == "out\n"
    assert not worker.is_alive


async def test_forks_that_are_let_through_end_at_the_limit_of_tasks_and_with_the_sandbox() -> None:
    launch = unfiltered("fork", "vfork", "clone", "clone3")(launch_of(host_found(), "python3", LIMITS))
    worker = await Worker.start(launch)
    code = (
        "import os, time\n"
        "def main():\n"
        "    count = 0\n"
        "    try:\n"
        "        while count < 500:\n"
        "            if os.fork() == 0:\n"
        "                time.sleep(3600)\n"
        "            count += 1\n"
        "    except OSError:\n"
        "        pass\n"
        "    return count"
    )
    ended = await worker.run(code, {}, replace(LIMITS, wall_s=20))
    assert ended.message is not None
    assert 10 < int(str(ended.message["value"])) < 64


async def test_a_sandbox_that_is_ended_while_it_starts_leaves_nothing() -> None:
    launch = launch_of(host_found(), "python3", LIMITS)
    marked = replace(launch, program=(*launch.program, "marked-by-a-test"))
    for tenth_ms in range(0, 300, 10):
        starting = asyncio.create_task(Worker.start(marked))
        await asyncio.sleep(tenth_ms / 10_000)
        starting.cancel()
        for started in await asyncio.gather(starting, return_exceptions=True):
            if isinstance(started, Worker):
                await started.end()
    async with asyncio.timeout(10):
        while any(b"marked-by-a-test" in line for line in _command_lines()):
            await asyncio.sleep(0.05)


async def test_a_child_that_is_forked_while_a_sandbox_is_ended_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    # Its children were listed before this one was there, and it waits for nothing that ends.
    monkeypatch.setattr("agents.sandbox.worker._children", lambda _pid: [])
    launch = launch_of(host_found(), "python3", LIMITS)
    forking = replace(launch, bwrap=("sh", "-c", "sleep 86399.25 >/dev/null 2>&1 & wait"))
    starting = asyncio.create_task(Worker.start(forking))
    async with asyncio.timeout(10):
        while not any(line.startswith(b"sleep\x0086399.25") for line in _command_lines()):
            await asyncio.sleep(0.01)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        while any(line.startswith(b"sleep\x0086399.25") for line in _command_lines()):
            await asyncio.sleep(0.01)


def _command_lines() -> Iterator[bytes]:
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            yield (folder / "cmdline").read_bytes() if folder.name.isdigit() else b""
