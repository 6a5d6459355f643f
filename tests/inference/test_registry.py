"""The registry: engines by entry point, each model loaded once, failures kept."""

import asyncio
import os
import signal
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from inference.config import ModelConfig, builtin_models, wheel_file
from inference.engines.fake import FakeEngine
from inference.errors import EngineFailedError, ModelLoadingError, UnknownModelError
from inference.isolation.engine import ProcessEngine
from inference.protocol import LocalEngine
from inference.registry import GROUP, Registry, installed_engines
from tests.inference.test_isolation import QUICK

LOADS: list[str] = []


def counting(config: ModelConfig) -> FakeEngine:
    LOADS.append(config.id)
    return FakeEngine(chat_model=config.id)


def broken(config: ModelConfig) -> FakeEngine:
    raise EngineFailedError(f"{config.id} is damaged")


ENGINES = {name: EntryPoint(name=name, value=f"{__name__}:{name}", group=GROUP) for name in ("counting", "broken")}


def config(model: str, engine: str) -> ModelConfig:
    return ModelConfig(id=model, kind="chat", path=Path("nowhere.gguf"), engine=engine)


async def test_a_model_is_loaded_once_for_all_who_ask() -> None:
    LOADS.clear()
    registry = Registry((config("m", "counting"),), ENGINES)
    with pytest.raises(ModelLoadingError):
        registry.engine("m")
    assert registry.states()[0].state == "loading"
    first, second = await asyncio.gather(registry.load("m"), registry.load("m"))
    assert first is second is registry.engine("m")
    assert LOADS == ["m"]
    assert registry.infos()[0].id == "m"
    await registry.aclose()


async def test_a_model_that_cannot_be_loaded_says_why_to_everybody() -> None:
    registry = Registry((config("m", "broken"), config("n", "counting")), ENGINES)
    with pytest.raises(EngineFailedError, match="damaged"):
        await registry.load("m")
    with pytest.raises(EngineFailedError, match="damaged"):
        registry.engine("m")
    await registry.load("n")
    assert [state.state for state in registry.states()] == ["failed", "loaded"]


async def test_an_unknown_model_is_named_with_those_that_are_known() -> None:
    registry = Registry((config("m", "counting"),), ENGINES)
    with pytest.raises(UnknownModelError, match=r"'x'.*m"):
        registry.engine("x")


async def test_an_engine_that_is_not_installed_is_named() -> None:
    registry = Registry((config("m", "gpu"),), ENGINES)
    with pytest.raises(EngineFailedError, match="gpu"):
        await registry.load("m")


async def test_only_models_that_say_so_are_isolated_and_their_engine_tells_its_state() -> None:
    isolated: list[tuple[str, str]] = []

    async def isolate(config: ModelConfig, factory: str) -> LocalEngine:
        isolated.append((config.id, factory))
        return await ProcessEngine.start(config, "tests.inference.mortal:create", QUICK)

    models = (config("m", "counting"), replace(config("n", "counting"), is_isolated=False))
    registry = Registry(models, ENGINES, isolate)
    try:
        engine = await registry.load("m")
        await registry.load("n")
        assert isolated == [("m", f"{__name__}:counting")]
        assert [state.state for state in registry.states()] == ["loaded", "loaded"]
        assert [bool(state.confinement) for state in registry.states()] == [True, False]
        assert isinstance(engine, ProcessEngine) and engine.pid is not None
        os.kill(engine.pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            while registry.states()[0].state != "restarting":
                await asyncio.sleep(0)
            while registry.states()[0].state != "loaded":
                await asyncio.sleep(0.01)
        assert registry.states()[0].stats.restarts == 1
    finally:
        await registry.aclose()


def test_the_built_in_models_use_an_engine_that_is_installed(tmp_path: Path) -> None:
    models = builtin_models(tmp_path)
    assert {model.engine for model in models} <= set(installed_engines())
    assert [model.kind for model in models] == ["chat", "embedding"]
    assert all((model.convert_from or model.path).exists() for model in models)


def test_a_wheel_that_is_missing_says_what_to_do() -> None:
    with pytest.raises(FileNotFoundError, match="atelier up"):
        wheel_file("no_such_wheel", "x")
