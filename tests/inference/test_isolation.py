"""The engine's process: the same answers as in this one, no network, no secrets, and nothing that outlives us."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from inference.config import ModelConfig
from inference.errors import ContextOverflowError, EngineFailedError, InvalidRequestError
from inference.isolation.engine import Limits, ProcessEngine
from inference.registry import Supervised
from inference.types import EmbedRequest, GenerateRequest, Message, RerankRequest, SamplingParams, ToolSpec
from tests.inference.serving import ROOT

FACTORY = "tests.inference.mortal:create"
QUICK = Limits(heartbeat_s=0.05, silence_s=1.0, step_s=0.5, load_s=30.0, backoff_s=0.01, max_backoff_s=0.05)


def config(path: str = "any.gguf") -> ModelConfig:
    return ModelConfig(id="m", kind="chat", path=Path(path), max_queued=4)


def ask(prompt: str = "count", *, max_tokens: int = 20) -> GenerateRequest:
    return GenerateRequest("m", prompt=prompt, sampling=SamplingParams(max_tokens=max_tokens))


def numbers(count: int) -> str:
    return "".join(f"{number} " for number in range(count))


@asynccontextmanager
async def started(limits: Limits = QUICK) -> AsyncIterator[ProcessEngine]:
    engine = await ProcessEngine.start(config(), FACTORY, limits)
    try:
        yield engine
    finally:
        await engine.aclose()


async def text_of(engine: ProcessEngine, request: GenerateRequest) -> str:
    return "".join([delta.text async for delta in engine.generate(request)])


async def until_idle(engine: ProcessEngine) -> None:
    async with asyncio.timeout(10):
        while engine.stats().active:
            await asyncio.sleep(0.01)


async def test_every_question_is_answered_as_by_an_engine_in_this_process() -> None:
    async with started() as engine:
        deltas = [delta async for delta in engine.generate(ask(max_tokens=3))]
        assert "".join(delta.text for delta in deltas) == "0 1 2 "
        assert [token for delta in deltas for token in delta.tokens] == [0, 1, 2]
        assert deltas[-1].finish_reason == "length"
        assert deltas[-1].usage is not None and deltas[-1].usage.completion_tokens == 3
        made = await engine.embed(EmbedRequest("m", ("a", "bcd")))
        assert [list(vector) for vector in made.vectors] == [[1.0, 0.5], [3.0, 0.5]]
        assert (await engine.embed(EmbedRequest("m"))).vectors == []
        assert (await engine.rerank(RerankRequest("m", "q", ("a", "bcd")))).scores == (1.0, 3.0)
        assert await engine.tokenize(ask("hi")) == [104, 105]
        assert await engine.count_tokens(ask("hi")) == 2
        assert [model.context_tokens for model in await engine.models()] == [100]


async def test_the_registry_sees_an_engine_that_can_be_away() -> None:
    async with started() as engine:
        assert isinstance(engine, Supervised)
        assert (engine.state, engine.reason) == ("loaded", "")


async def test_errors_keep_their_class_and_what_they_say() -> None:
    async with started() as engine:
        with pytest.raises(ContextOverflowError, match="9 tokens") as refused:
            await text_of(engine, ask("overflow"))
        assert refused.value.param == "messages"
        with pytest.raises(EngineFailedError, match="log"):
            await text_of(engine, ask("bug"))
        assert await text_of(engine, ask(max_tokens=2)) == "0 1 "
        assert engine.stats().restarts == 0


@pytest.mark.parametrize("value", [10**30, "\ud800"])
async def test_what_no_message_can_carry_is_refused(value: object) -> None:
    async with started() as engine:
        tool = ToolSpec("t", "", {"const": value})
        with pytest.raises(InvalidRequestError, match="64 bits"):
            await text_of(engine, GenerateRequest("m", (Message("user", "x"),), tools=(tool,)))
        assert await text_of(engine, ask(max_tokens=1)) == "0 "


async def test_closing_a_stream_stops_the_generation() -> None:
    async with started() as engine:
        reading = asyncio.create_task(text_of(engine, ask(max_tokens=100_000)))
        async with asyncio.timeout(10):
            while not engine.stats().active:
                await asyncio.sleep(0.01)
        reading.cancel()
        await until_idle(engine)


async def test_a_reader_that_does_not_read_loses_nothing_and_delays_nobody() -> None:
    async with started() as engine:
        deltas = engine.generate(ask("many", max_tokens=5000))
        first = await anext(deltas)
        assert await text_of(engine, ask(max_tokens=50)) == numbers(50)
        await until_idle(engine)
        rest = [delta async for delta in deltas]
        assert len(rest) < 50
        assert first.text + "".join(delta.text for delta in rest) == numbers(5000)


async def test_the_child_reaches_no_network_and_we_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
        async with started() as engine:
            assert await text_of(engine, ask(f"fetch {port}")) == "PermissionError"
            assert "seccomp" in engine.confinement


async def test_the_child_sees_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("GGML_SOMETHING", "1")
    async with started() as engine:
        seen = (await text_of(engine, ask("environment"))).split()
    assert "OPENAI_API_KEY" not in seen
    assert {"GGML_SOMETHING", "PYTHONPATH"} <= set(seen)


async def test_a_model_that_cannot_be_loaded_says_why() -> None:
    with pytest.raises(EngineFailedError, match="the file is damaged") as told:
        await ProcessEngine.start(config("damaged.gguf"), FACTORY, QUICK)
    assert (told.value.param, told.value.retry_after_s) == ("path", 3.0)


async def test_a_file_that_kills_its_reader_leaves_us_alive() -> None:
    with pytest.raises(EngineFailedError, match=r"signal 6.*'deadly.gguf'"):
        await ProcessEngine.start(config("deadly.gguf"), FACTORY, QUICK)


async def test_loading_for_too_long_is_ended() -> None:
    with pytest.raises(EngineFailedError, match=r"0\.5 s"):
        await ProcessEngine.start(config("endless.gguf"), FACTORY, Limits(load_s=0.5))


async def test_closing_ends_the_child_and_those_who_wait() -> None:
    engine = await ProcessEngine.start(config(), FACTORY, QUICK)
    pid = engine.pid
    assert pid is not None
    reading = asyncio.create_task(text_of(engine, ask(max_tokens=100_000)))
    await asyncio.sleep(0.05)
    await engine.aclose()
    with pytest.raises(EngineFailedError, match="shutting down"):
        await reading
    assert not Path(f"/proc/{pid}").exists()


_ORPHANING = f"""
import asyncio
from tests.inference.test_isolation import FACTORY, QUICK, config
from inference.isolation.engine import ProcessEngine
async def main():
    engine = await ProcessEngine.start(config(), {FACTORY!r}, QUICK)
    print(engine.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.mark.parametrize("is_stopped", [False, True])
def test_no_child_survives_a_server_that_is_killed(is_stopped: bool) -> None:
    server = subprocess.Popen([sys.executable, "-c", _ORPHANING], cwd=ROOT, stdout=subprocess.PIPE)
    assert server.stdout is not None
    pid = int(server.stdout.readline())
    if is_stopped:  # it cannot read the end of its socket: the kernel must end it
        os.kill(pid, signal.SIGSTOP)
    server.kill()
    server.wait()
    server.stdout.close()
    deadline = time.monotonic() + 10
    while is_running(pid):
        assert time.monotonic() < deadline, "the engine outlived its server"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"
