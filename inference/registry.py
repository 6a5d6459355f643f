"""Which model is served by which engine: engines are entry points, imported and loaded when first needed."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Literal, Protocol, runtime_checkable

from inference.config import ModelConfig
from inference.errors import EngineFailedError, InferenceError, ModelLoadingError, UnknownModelError
from inference.protocol import LocalEngine
from inference.types import EngineStats, ModelInfo

GROUP = "atelier.engines"
_BUILTIN = (
    EntryPoint(name="llama_cpp", value="inference.engines.llama_cpp:create", group=GROUP),
    EntryPoint(name="vllm", value="inference.engines.vllm:create", group=GROUP),
    EntryPoint(name="transformers", value="inference.engines.transformers:create", group=GROUP),
    EntryPoint(name="ctranslate2", value="inference.engines.ctranslate2:create", group=GROUP),
)


class EngineFactory(Protocol):
    """What an entry point of the group `atelier.engines` names: loads one model, blocking."""

    def __call__(self, config: ModelConfig) -> LocalEngine: ...


class Isolation(Protocol):
    """Loads one model in a process of its own; `factory` names an EngineFactory there ("module:function")."""

    def __call__(self, config: ModelConfig, factory: str) -> Awaitable[LocalEngine]: ...


@runtime_checkable
class Supervised(LocalEngine, Protocol):
    """An engine that can be away for a while: its process is being replaced."""

    @property
    def state(self) -> Literal["loaded", "restarting", "failed"]: ...

    @property
    def reason(self) -> str:
        """Why it cannot be asked now; empty when it can."""
        ...

    @property
    def confinement(self) -> str:
        """What keeps its process from the network, or "none"."""
        ...

    @property
    def pid(self) -> int | None:
        """Its process, None while there is none."""
        ...

    @property
    def outstanding(self) -> int:
        """How many requests it has not answered yet."""
        ...


@dataclass(frozen=True, slots=True)
class ModelState:
    """What is known of one model now. `confinement` is empty for an engine in this process."""

    id: str
    state: Literal["loading", "loaded", "restarting", "failed", "unloaded"]
    stats: EngineStats
    reason: str = ""
    confinement: str = ""


def installed_engines() -> Mapping[str, EntryPoint]:
    """Return every engine by name; an installed package may replace a built-in one."""
    return {point.name: point for point in (*_BUILTIN, *entry_points(group=GROUP))}


class Registry:
    """The models of one server, each loaded at most once; with `isolate`, the isolated ones in their own processes."""

    def __init__(
        self,
        models: tuple[ModelConfig, ...],
        engines: Mapping[str, EntryPoint] | None = None,
        isolate: Isolation | None = None,
    ) -> None:
        self._configs = {config.id: config for config in models}
        self._points = installed_engines() if engines is None else engines
        self._isolate = isolate
        self._engines: dict[str, LocalEngine] = {}
        self._infos: dict[str, ModelInfo] = {}
        self._failures: dict[str, InferenceError] = {}
        self._unloaded: set[str] = set()
        self._loading = asyncio.Lock()

    @property
    def configs(self) -> tuple[ModelConfig, ...]:
        return tuple(self._configs.values())

    async def load(self, model: str) -> LocalEngine:
        """Return the engine of `model`, loading it when needed, in its process or in a thread."""
        config = self._config(model)
        async with self._loading:
            if model in self._engines:
                return self._engines[model]
            self._unloaded.discard(model)
            try:
                engine = await self._create(config)
            except InferenceError as problem:
                self._failures[model] = problem
                raise
            self._failures.pop(model, None)
            self._engines[model] = engine
            self._infos |= {info.id: info for info in await engine.models()}
            return engine

    def add(self, config: ModelConfig) -> None:
        """Serve one more model, not loaded yet; settings of one that is loaded count from its next loading on."""
        if config.id not in self._engines:
            self._unloaded.add(config.id)
            self._failures.pop(config.id, None)
        self._configs[config.id] = config

    def discard(self, model: str) -> None:
        """Serve a model no more. It must not be loaded."""
        assert model not in self._engines, f"{model!r} is loaded"
        self._configs.pop(model, None)
        self._failures.pop(model, None)
        self._unloaded.discard(model)

    async def unload(self, model: str) -> None:
        """Free the engine of a model, which can be loaded again; requests that it works on fail."""
        self._config(model)
        async with self._loading:
            self._failures.pop(model, None)
            self._unloaded.add(model)
            self._infos.pop(model, None)
            engine = self._engines.pop(model, None)
            if engine is not None:
                await engine.aclose()

    def loaded(self) -> Mapping[str, LocalEngine]:
        """Return the engines by model."""
        return self._engines

    def fail(self, model: str, reason: str) -> None:
        """Note why a model cannot be loaded."""
        self._failures[model] = EngineFailedError(reason)

    def engine(self, model: str) -> LocalEngine:
        """Return a loaded engine. Raises UnknownModelError, ModelLoadingError, or what loading raised."""
        self._config(model)
        if model in self._engines:
            return self._engines[model]
        if model in self._failures:
            raise self._failures[model]
        if model in self._unloaded:
            raise ModelLoadingError(f"The model {model!r} is not loaded: load it, or try again.", retry_after_s=2.0)
        raise ModelLoadingError(f"The model {model!r} is being loaded: try again in a few seconds.", retry_after_s=2.0)

    def infos(self) -> list[ModelInfo]:
        """Return the models that can be asked, in the order they were configured: unloaded ones too."""
        return [
            self._infos.get(model) or _info(config)
            for model, config in self._configs.items()
            if model in self._infos or model in self._unloaded
        ]

    def states(self) -> list[ModelState]:
        return [self._state(model) for model in self._configs]

    async def aclose(self) -> None:
        """Free every engine; loading that is under way ends first."""
        async with self._loading:
            engines, self._engines = list(self._engines.values()), {}
            for engine in engines:
                await engine.aclose()

    def _config(self, model: str) -> ModelConfig:
        if model not in self._configs:
            raise UnknownModelError.of(model, tuple(self._configs))
        return self._configs[model]

    async def _create(self, config: ModelConfig) -> LocalEngine:
        if config.engine not in self._points:
            raise EngineFailedError(f"No engine {config.engine!r} is installed: have {sorted(self._points)}.")
        point = self._points[config.engine]
        if self._isolate is not None and config.is_isolated:
            return await self._isolate(config, point.value)

        def create() -> LocalEngine:
            factory: EngineFactory = point.load()
            return factory(config)

        return await asyncio.to_thread(create)

    def _state(self, model: str) -> ModelState:
        engine = self._engines.get(model)
        if isinstance(engine, Supervised):
            return ModelState(model, engine.state, engine.stats(), engine.reason, engine.confinement)
        if engine is not None:
            return ModelState(model, "loaded", engine.stats())
        if model in self._failures:
            return ModelState(model, "failed", EngineStats(), self._failures[model].message)
        return ModelState(model, "unloaded" if model in self._unloaded else "loading", EngineStats())


def _info(config: ModelConfig) -> ModelInfo:
    """Return what can be said of a model before an engine has it."""
    is_chat = config.kind == "chat"
    return ModelInfo(
        config.id,
        config.kind,
        config.context_tokens,
        supports_tools=is_chat,
        supports_continuation=is_chat,
        supports_schema=is_chat,
    )
