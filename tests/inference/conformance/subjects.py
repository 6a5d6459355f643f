"""The engines that the suite runs on: how each is opened, and what it says it can do."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import httpx
import pytest

from inference.config import CHAT_MODEL, ModelConfig, ServerConfig
from inference.engines.fake import FakeEngine, Pause, Script
from inference.engines.openai_http import OpenAIHttpEngine
from inference.isolation.engine import Limits, ProcessEngine
from inference.protocol import Engine
from inference.store.files import ModelStore
from inference.types import Delta, GenerateRequest, Message, SamplingParams, Usage
from tests.inference.scripted import CONFIGS as SCRIPTED
from tests.inference.scripted import Current, fake_registry, listening
from tests.inference.serving import chat_engine, server_url
from tests.inference.tiny_models import write_folder

WORDS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
"""What the scripted engine says."""
CONTEXT_TOKENS = 2048
# Half as many heads of twice the width: the same weights, and what vLLM's attention takes on processors.
SHAPE = {"num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": CONTEXT_TOKENS}
PATIENT = Limits(load_s=1500, silence_s=120, step_s=300)  # vLLM loads for minutes on two busy cores
ENGINES_VARIABLE = "ATELIER_TEST_ENGINES"
"""Names the folder with the environments of optional engines; `./atelier test --vllm` makes them."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An engine with one chat model. `settled` waits until it works on nothing, where that can be seen.

    `computes`: it answers what it is asked, not what it was told
    `has_schemas`: it keeps to JSON schemas and calls tools; one that does not must refuse them.
    `has_seeds`: it draws the same with the same seed, or refuses a seed, too.
    """

    engine: Engine
    model: str
    computes: bool = True
    has_schemas: bool = True
    has_seeds: bool = True
    is_idle: Callable[[], bool] | None = None

    def ask(self, text: str = "Tell me about the sea.", **sampling: object) -> GenerateRequest:
        """A greedy chat request of 12 tokens at most, unless `sampling` says otherwise."""
        usual = SamplingParams(temperature=0.0, max_tokens=12)
        return GenerateRequest(
            self.model,
            (Message("user", text),),
            sampling=replace(usual, **sampling),  # type: ignore[arg-type]
        )

    async def settled(self) -> None:
        async with asyncio.timeout(60):
            while self.is_idle is not None and not self.is_idle():
                await asyncio.sleep(0.01)


Opening = Callable[[Path], AbstractAsyncContextManager[Subject]]


def _spoken() -> Script:
    """WORDS, slowly enough to be cancelled in between."""
    pieces = [WORDS.split(" ", maxsplit=1)[0], *(f" {word}" for word in WORDS.split(" ")[1:])]
    spread = [step for piece in pieces for step in (Pause(0.002), Delta(piece))]
    return (*spread, Delta(finish_reason="stop", usage=Usage(1, len(pieces))))


@contextlib.asynccontextmanager
async def _fake(_folder: Path) -> AsyncIterator[Subject]:
    engine = FakeEngine([_spoken()])
    yield Subject(engine, engine.chat_model, computes=False, has_schemas=True, is_idle=lambda: not engine.running)


@contextlib.asynccontextmanager
async def _http_fake(_folder: Path) -> AsyncIterator[Subject]:
    """Our server over the scripted engine, through a socket."""
    engine = Current.engine = FakeEngine([_spoken()])
    config = ServerConfig(home=Path("nowhere"), models=SCRIPTED)
    opened = listening(config, fake_registry())
    url = await asyncio.to_thread(opened.__enter__)
    try:
        async with httpx.AsyncClient() as client:
            made = OpenAIHttpEngine(client, f"{url}/v1", dialect="atelier")
            yield Subject(made, SCRIPTED[0].id, computes=False, is_idle=lambda: not engine.running)
    finally:
        await asyncio.to_thread(opened.__exit__, None, None, None)


@contextlib.asynccontextmanager
async def _llama_cpp(_folder: Path) -> AsyncIterator[Subject]:
    engine = chat_engine()

    def is_idle() -> bool:
        return engine.stats().active + engine.stats().queued == 0

    yield Subject(engine, CHAT_MODEL, is_idle=is_idle)


@contextlib.asynccontextmanager
async def _http_llama_cpp(_folder: Path) -> AsyncIterator[Subject]:
    """A real process of our server, as the platform asks it."""
    url = await asyncio.to_thread(server_url)

    def is_idle() -> bool:
        found = httpx.get(f"{url}/health").json()["models"][CHAT_MODEL]
        return bool(found["active"] + found["queued"] == 0)

    async with httpx.AsyncClient() as client:
        yield Subject(OpenAIHttpEngine(client, f"{url}/v1", dialect="atelier"), CHAT_MODEL, is_idle=is_idle)


def _of_folder(engine: str, *, has_schemas: bool, has_seeds: bool) -> Opening:
    """An engine in the environment of its own, on a tiny Llama."""

    @contextlib.asynccontextmanager
    async def opened(folder: Path) -> AsyncIterator[Subject]:
        python = _interpreter(engine)
        if not python.exists():
            pytest.skip(f"needs the packages of {engine!r}: run ./atelier test --vllm")
        config = _stored(folder, engine)
        made = await ProcessEngine.start(config, f"inference.engines.{engine}:create", PATIENT)

        def is_idle() -> bool:
            return made.stats().active + made.stats().queued + made.outstanding == 0

        try:
            yield Subject(made, "tiny", has_schemas=has_schemas, has_seeds=has_seeds, is_idle=is_idle)
        finally:
            await made.aclose()

    return opened


def _stored(folder: Path, engine: str) -> ModelConfig:
    """Return how the store has a tiny Llama served: with what the engine reserves and starts."""
    home = folder / "home"
    home.mkdir()
    (home / "engines").symlink_to(os.environ[ENGINES_VARIABLE])
    model = write_folder(folder / "tiny", "llama")
    described = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(described | SHAPE))
    store = ModelStore(home)
    store.add(model, engine=engine)
    return store.config("tiny", CONTEXT_TOKENS)


@cache
def _interpreter(engine: str) -> Path:
    return Path(os.environ.get(ENGINES_VARIABLE, "/nowhere")) / engine / "bin" / "python"


_MODEL, _OPTIONAL = pytest.mark.model, (pytest.mark.model, pytest.mark.vllm)
COMPUTING = (
    pytest.param(_llama_cpp, id="llama_cpp", marks=_MODEL),
    pytest.param(_http_llama_cpp, id="openai_http-llama_cpp", marks=_MODEL),
    pytest.param(_of_folder("vllm", has_schemas=True, has_seeds=True), id="vllm", marks=_OPTIONAL),
    pytest.param(_of_folder("transformers", has_schemas=True, has_seeds=True), id="transformers", marks=_OPTIONAL),
    pytest.param(_of_folder("ctranslate2", has_schemas=False, has_seeds=False), id="ctranslate2", marks=_OPTIONAL),
)
SUBJECTS = (pytest.param(_fake, id="fake"), pytest.param(_http_fake, id="openai_http-fake"), *COMPUTING)
