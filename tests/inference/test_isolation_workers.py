"""Engines that start processes of their own: what they may, and that these end with them."""

import asyncio
import os
import shutil
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from inference.errors import EngineFailedError
from inference.isolation.confine import NOT_CONFINED
from inference.isolation.engine import ProcessEngine
from tests.inference.test_isolation import FACTORY, QUICK, ask, config, numbers, started, text_of

CALM = replace(QUICK, silence_s=10.0)


async def test_workers_meet_on_a_loopback_interface_that_leads_nowhere_else() -> None:
    engine = await ProcessEngine.start(replace(config(), has_workers=True), FACTORY, CALM)
    try:
        assert await text_of(engine, ask("listen")) == "connected"
        if engine.confinement != NOT_CONFINED:
            with socket.create_server(("127.0.0.1", 0)) as ours:
                assert await text_of(engine, ask(f"fetch {ours.getsockname()[1]}")) == "ConnectionRefusedError"
    finally:
        await engine.aclose()


async def test_workers_end_with_the_engine_that_started_them() -> None:
    engine = await ProcessEngine.start(replace(config(), has_workers=True), FACTORY, CALM)
    try:
        worker = Path("/proc") / await text_of(engine, ask("work"))
        async with asyncio.timeout(60):
            while b"spawn_main" not in (worker / "cmdline").read_bytes():
                await asyncio.sleep(0.01)
            assert engine.pid is not None
            os.kill(engine.pid, signal.SIGKILL)
            while worker.exists() and "State:\tZ" not in (worker / "status").read_text():
                await asyncio.sleep(0.05)
    finally:
        await engine.aclose()


async def test_an_engine_without_workers_is_replaced_and_the_answer_goes_on() -> None:
    async with started(CALM) as engine:
        assert await text_of(engine, ask("lose 7", max_tokens=20)) == numbers(20)
        assert engine.stats().restarts == 1


async def test_an_engine_may_run_in_an_interpreter_of_its_own(tmp_path: Path) -> None:
    own = tmp_path / "python"
    own.write_text(f'#!/bin/sh\nOWN_INTERPRETER=1 exec {sys.executable} "$@"\n')
    own.chmod(0o755)
    engine = await ProcessEngine.start(replace(config(), python=own), FACTORY, CALM)
    try:
        assert "OWN_INTERPRETER" in (await text_of(engine, ask("environment"))).split()
    finally:
        await engine.aclose()


async def test_an_interpreter_that_is_gone_is_named() -> None:
    missing = Path(shutil.which("sh") or "/bin/sh").parent / "no-such-python"
    with pytest.raises(EngineFailedError, match="no-such-python"):
        await ProcessEngine.start(replace(config(), python=missing), FACTORY, CALM)
