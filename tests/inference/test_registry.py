"""The registry: engines by entry point, each model loaded once, failures kept."""

import asyncio
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from inference.config import ModelConfig, builtin_models, wheel_file
from inference.engines.fake import FakeEngine
from inference.errors import EngineFailedError, ModelLoadingError, UnknownModelError
from inference.registry import GROUP, Registry, installed_engines

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


def test_the_built_in_models_use_an_engine_that_is_installed(tmp_path: Path) -> None:
    models = builtin_models(tmp_path)
    assert {model.engine for model in models} <= set(installed_engines())
    assert [model.kind for model in models] == ["chat", "embedding"]
    assert all((model.convert_from or model.path).exists() for model in models)


def test_a_wheel_that_is_missing_says_what_to_do() -> None:
    with pytest.raises(FileNotFoundError, match="atelier up"):
        wheel_file("no_such_wheel", "x")
