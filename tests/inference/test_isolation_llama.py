"""The embedded model in its process: killed while it streams, and the server that owns it."""

import asyncio
import os
import signal
from dataclasses import replace

import pytest

from inference.config import CHAT_MODEL
from inference.engines.llama_bindings import LlamaModel
from inference.isolation.engine import ProcessEngine
from inference.types import Delta, GenerateRequest
from tests.inference.serving import ask, home, model_config

pytestmark = pytest.mark.model

FACTORY = "inference.engines.llama_cpp:create"
TOKENS = 60


def long_answer(number: int) -> GenerateRequest:
    asked = ask(f"Tell a long story about the number {number}.", max_tokens=TOKENS)
    return replace(asked, sampling=replace(asked.sampling, ignore_eos=True, seed=number))


async def deltas_of(engine: ProcessEngine, request: GenerateRequest) -> list[Delta]:
    return [delta async for delta in engine.generate(request)]


async def test_eight_streams_survive_the_death_of_their_engine() -> None:
    vocabulary = LlamaModel(model_config(CHAT_MODEL, home()).path)
    engine = await ProcessEngine.start(model_config(CHAT_MODEL, home()), FACTORY)
    try:
        assert "seccomp" in engine.confinement
        streams = [asyncio.create_task(deltas_of(engine, long_answer(number))) for number in range(8)]
        async with asyncio.timeout(60):
            while engine.stats().active < 8:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGKILL)
        for deltas in await asyncio.gather(*streams):
            tokens = [token for delta in deltas for token in delta.tokens]
            text = "".join(delta.text for delta in deltas)
            assert len(tokens) == TOKENS
            assert deltas[-1].finish_reason == "length"
            assert deltas[-1].usage is not None and deltas[-1].usage.completion_tokens == TOKENS
            assert text == b"".join(map(vocabulary.piece, tokens)).decode("utf-8", "replace")
        assert engine.stats().restarts == 1
    finally:
        await engine.aclose()
        vocabulary.close()
