"""Crashes and hangs of the engine's process: no request is lost, one that kills engines is found."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from inference.errors import EngineFailedError
from inference.isolation.engine import Limits, ProcessEngine
from inference.types import EmbedRequest
from tests.inference.test_isolation import FACTORY, QUICK, ask, config, numbers, started, text_of, until_idle


def signalled(engine: ProcessEngine, number: signal.Signals) -> None:
    assert engine.pid is not None
    os.kill(engine.pid, number)


def state(engine: ProcessEngine) -> str:
    return engine.state


async def test_streams_survive_kills_without_a_hole_or_a_repeat() -> None:
    async with started() as engine:
        streams = [asyncio.create_task(text_of(engine, ask(max_tokens=150))) for _ in range(8)]
        embedding = asyncio.create_task(engine.embed(EmbedRequest("m", ("abc",))))
        await asyncio.sleep(0.1)
        signalled(engine, signal.SIGKILL)
        assert await asyncio.gather(*streams) == [numbers(150)] * 8
        assert list((await embedding).vectors[0]) == [3.0, 0.5]
        assert engine.stats().restarts == 1


async def test_the_log_says_what_an_engine_died_of(caplog: pytest.LogCaptureFixture) -> None:
    async with started() as engine:
        signalled(engine, signal.SIGSEGV)
        assert await text_of(engine, ask(max_tokens=2)) == "0 1 "
        assert engine.stats().restarts == 1
    assert "the engine died (signal 11, SIGSEGV); it is restarted" in caplog.text


@pytest.mark.parametrize("how", ["SIGSTOP", "stall", "hang"])
async def test_a_hung_engine_is_replaced(how: str) -> None:
    async with started() as engine:
        streams = [asyncio.create_task(text_of(engine, ask(max_tokens=300))) for _ in range(4)]
        await asyncio.sleep(0.05)
        if how == "SIGSTOP":
            signalled(engine, signal.SIGSTOP)
        else:
            culprit = asyncio.create_task(text_of(engine, ask(how)))
            with pytest.raises(EngineFailedError, match="3 times"):
                await culprit
        assert await asyncio.gather(*streams) == [numbers(300)] * 4
        assert engine.stats().restarts == (1 if how == "SIGSTOP" else 3)


async def test_a_request_that_kills_engines_fails_and_the_others_finish() -> None:
    async with started() as engine:
        innocent = [asyncio.create_task(text_of(engine, ask(max_tokens=400))) for _ in range(3)]
        poison = asyncio.create_task(text_of(engine, ask("poison 5", max_tokens=50)))
        innocent += [asyncio.create_task(text_of(engine, ask(max_tokens=400))) for _ in range(3)]
        with pytest.raises(EngineFailedError, match="3 times in a row"):
            await poison
        assert await asyncio.gather(*innocent) == [numbers(400)] * 6
        assert engine.stats().restarts == 3
        assert await text_of(engine, ask(max_tokens=2)) == "0 1 "


async def test_a_text_that_kills_engines_fails_too() -> None:
    async with started() as engine:
        with pytest.raises(EngineFailedError, match="3 times in a row"):
            await engine.embed(EmbedRequest("m", ("poison",)))
        assert engine.stats().restarts == 3


async def test_requests_made_during_a_restart_wait_for_it() -> None:
    async with started(Limits(backoff_s=0.3, max_backoff_s=0.3)) as engine:
        for _ in range(2):
            signalled(engine, signal.SIGKILL)
            while state(engine) != "restarting":
                await asyncio.sleep(0)
            assert await text_of(engine, ask(max_tokens=2)) == "0 1 "
        assert state(engine) == "loaded"


async def test_a_reader_that_leaves_during_a_restart_is_forgotten() -> None:
    async with started() as engine:
        reading = asyncio.create_task(text_of(engine, ask(max_tokens=100_000)))
        await asyncio.sleep(0.05)
        signalled(engine, signal.SIGKILL)
        while state(engine) == "loaded":
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        assert await text_of(engine, ask(max_tokens=2)) == "0 1 "
        await until_idle(engine)


async def test_an_engine_that_cannot_come_back_says_so_and_comes_back_when_it_can(
    tmp_path: Path,
) -> None:
    model = tmp_path / "model.gguf"
    model.touch()
    engine = await ProcessEngine.start(config(str(model)), FACTORY.replace("create", "present"), QUICK)
    try:
        model.unlink()
        reading = asyncio.create_task(text_of(engine, ask(max_tokens=100_000)))
        await asyncio.sleep(0.05)
        signalled(engine, signal.SIGKILL)
        with pytest.raises(EngineFailedError, match="is gone"):
            await reading
        assert state(engine) == "failed"
        assert "is gone" in engine.reason
        with pytest.raises(EngineFailedError, match="is gone"):
            await text_of(engine, ask())
        model.touch()
        async with asyncio.timeout(30):
            while state(engine) == "failed":
                await asyncio.sleep(0.02)
        assert await text_of(engine, ask(max_tokens=2)) == "0 1 "
    finally:
        await engine.aclose()
