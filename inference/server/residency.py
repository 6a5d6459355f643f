"""Which installed models are in memory: loaded when asked for, unloaded when idle or when others need the room."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from inference.config import ModelConfig
from inference.errors import (
    InferenceError,
    MemoryShortError,
    ModelInUseError,
    ModelLoadingError,
    UnknownModelError,
)
from inference.protocol import LocalEngine
from inference.registry import ModelState, Registry, Supervised
from inference.server.loading import load_all
from inference.server.served import Served, find
from inference.store.describe import Origin, describe_gguf
from inference.store.files import ModelStore
from inference.store.manifest import Manifest
from inference.store.memory import Estimate, available_bytes, default_budget_bytes, estimate, resident_bytes

_LOG = logging.getLogger(__name__)
_LOOK_EVERY_S = 2.0
_DRAIN_S = 30.0
_DRAIN_LOOK_S = 0.05
_JUST_USED_S = 1.0  # a request that has just found its engine may not be counted by it yet


@dataclass(frozen=True, slots=True)
class Policy:
    """How much memory models may take (`budget_bytes`), and how long one stays that nobody asks; 0 is for ever."""

    budget_bytes: int = 0
    keep_alive_s: int = 1800
    look_every_s: float = _LOOK_EVERY_S
    drain_s: float = _DRAIN_S
    available: Callable[[], int] = available_bytes
    clock: Callable[[], float] = time.monotonic

    @property
    def budget(self) -> int:
        return self.budget_bytes or default_budget_bytes()


@dataclass(frozen=True, slots=True)
class Wish:
    """What is remembered of a loaded model over a restart; None is the server's default."""

    id: str
    keep_alive_s: int | None = None
    context_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Resident:
    """A model as administrators see it; bytes are 0 while it is not loaded, `idle_s` is None then.

    `base_name` is what it is called without the adapter that it is served with, empty where there is none.
    """

    state: ModelState
    manifest: Manifest
    is_builtin: bool
    memory_bytes: int
    estimate: Estimate
    keep_alive_s: int
    idle_s: float | None
    outstanding: int
    base_name: str


class Residency:
    """Decides over the registry's models. The built-in ones are loaded at the start and stay."""

    def __init__(self, registry: Registry, store: ModelStore, policy: Policy | None = None) -> None:
        self._registry = registry
        self._store = store
        self._policy = policy or Policy()
        self._builtin = {config.id: config for config in registry.configs}
        self._builtin_manifests: dict[str, Manifest] = {}
        self._manifests: dict[str, Manifest] = {}
        self._wishes: dict[str, Wish] = {}
        self._used_at: dict[str, float] = {}
        self._leaving: set[str] = set()
        self._deciding = asyncio.Lock()
        self._memory_file = store.folder.parent / "loaded.json"
        self.unloads: dict[str, int] = {"asked": 0, "idle": 0, "room": 0}

    @property
    def budget_bytes(self) -> int:
        return self._policy.budget

    @property
    def builtin(self) -> frozenset[str]:
        return frozenset(self._builtin)

    async def run(self) -> None:
        """Load what belongs in memory, then unload what nobody asks any more; ends when it is cancelled."""
        await load_all(self._registry)
        self.refresh()
        for wish in self._remembered():
            try:
                await self.load(wish)
            except InferenceError as problem:
                _LOG.error("%s cannot be loaded again: %s", wish.id, problem)
                if wish.id in self._manifests:
                    self._registry.fail(wish.id, problem.message)
        while True:
            await asyncio.sleep(self._policy.look_every_s)
            await self._unload_idle()

    def refresh(self) -> None:
        """Take notice of models that were installed or removed since."""
        found = {manifest.id: manifest for manifest in self._store.list() if manifest.is_servable}
        for model, manifest in found.items():
            if self._manifests.get(model) != manifest and model not in self._builtin:
                self._registry.add(self._config(model))
        for model in set(self._manifests) - set(found) - set(self._registry.loaded()):
            self._registry.discard(model)
        self._manifests = found

    async def find(self, name: str) -> Served:
        """Return what a name on the wire stands for, loading it when it is not in memory.

        Raises UnknownModelError, ModelLoadingError, MemoryShortError, or what loading raised.
        """
        model = self._model_of(name)
        if model is None:
            await asyncio.to_thread(self._store.list)  # the disk may be slow the first time
            self.refresh()
            model = self._model_of(name)
        if model in self._leaving:
            raise ModelLoadingError(f"The model {name!r} is being unloaded: try again.", retry_after_s=2.0)
        if model in self._manifests and model not in self._registry.loaded():
            await self.load(self._wishes.get(model) or Wish(model))
        if model is not None:
            self._used_at[model] = self._policy.clock()
        return find(self._registry, name)

    async def load(self, wish: Wish) -> None:
        """Load a model, making room where that is possible. Raises MemoryShortError that says how much is missing."""
        self.refresh()
        if wish.id in self._builtin:
            return
        if wish.id not in self._manifests:
            self._store.config(wish.id)  # says why
            raise UnknownModelError.of(wish.id)
        async with self._deciding:
            await self._load(wish)
        self._remember()

    async def unload(self, model: str, reason: str = "asked") -> None:
        """Free a model once its requests have ended, or after a while. Raises ModelInUseError for a built-in one."""
        if model in self._builtin:
            raise ModelInUseError(f"{model!r} is the platform's own model and stays loaded.")
        if self._model_of(model) is None:
            raise UnknownModelError.of(model, tuple(config.id for config in self._registry.configs))
        async with self._deciding:
            await self._unload(model, reason)
        self._remember()

    async def remove(self, model: str) -> None:
        """Remove a model from the disk. Raises ModelInUseError while it is loaded."""
        if model in self._builtin:
            raise ModelInUseError(f"{model!r} comes with Atelier and cannot be removed.")
        async with self._deciding:
            if model in self._registry.loaded():
                raise ModelInUseError(f"{model!r} is loaded: unload it first.")
            await asyncio.to_thread(self._store.remove, model)
            self.refresh()

    def estimate(self, model: str, context_tokens: int | None = None) -> Estimate:
        """Return what a model would take. Raises UnknownModelError, or StoreError for one that cannot be served."""
        self.refresh()
        if model in self._builtin:
            return self._estimate(self._builtin[model], self._manifest(model))
        return self._estimate(self._store.config(model, context_tokens), self._store.get(model))

    def residents(self) -> list[Resident]:
        """Return every model that is served here. Reads /proc, so call it in a thread."""
        states = {state.id: state for state in self._registry.states()}
        return [self._resident(states[config.id], config) for config in self._registry.configs if self._has(config.id)]

    def room_bytes(self) -> int:
        """Return what the budget leaves beside the loaded models."""
        return self._policy.budget - sum(self._taken(model) for model in self._registry.loaded())

    def _has(self, model: str) -> bool:
        return model in self._manifests or model in self._builtin

    def _model_of(self, name: str) -> str | None:
        for config in self._registry.configs:
            if name in config.names:
                return config.id
        return None

    def _config(self, model: str, wish: Wish | None = None) -> ModelConfig:
        return self._store.config(model, wish.context_tokens if wish else None)

    def _manifest(self, model: str) -> Manifest:
        """Return what the model is; of a built-in one, read from its file when that is there."""
        if model in self._manifests:
            return self._manifests[model]
        if model not in self._builtin_manifests:
            config = self._builtin[model]
            origin = Origin(model, "built-in", config.sha256)
            self._builtin_manifests[model] = describe_gguf(config.path, origin)
        return self._builtin_manifests[model]

    def _estimate(self, config: ModelConfig, manifest: Manifest) -> Estimate:
        return estimate(manifest, config.context_tokens)

    def _taken(self, model: str) -> int:
        config = next(config for config in self._registry.configs if config.id == model)
        try:
            return self._estimate(config, self._manifest(model)).total_bytes
        except InferenceError:
            return 0  # an engine of another kind: nobody knows

    async def _load(self, wish: Wish) -> None:
        config = self._config(wish.id, wish)
        if wish.id in self._registry.loaded():
            current = next(known for known in self._registry.configs if known.id == wish.id)
            if config.context_tokens == current.context_tokens:
                self._wishes[wish.id] = wish
                return
            await self._unload(wish.id, "asked")
        await self._make_room(wish.id, self._estimate(config, self._manifests[wish.id]))
        self._registry.add(config)
        await self._registry.load(wish.id)
        self._wishes[wish.id] = wish
        self._used_at[wish.id] = self._policy.clock()
        _LOG.info("%s is loaded", wish.id)

    async def _make_room(self, model: str, needed: Estimate) -> None:
        """Unload the least recently used models until `needed` fits. Unloads none if that would not suffice."""
        idle = sorted(self._idle(), key=lambda one: self._used_at.get(one, 0.0))
        freed = sum(self._taken(one) for one in idle)
        missing = needed.total_bytes - self.room_bytes() - freed
        if missing > 0:
            raise MemoryShortError(self._short(model, needed, missing, "the memory budget for models"))
        while needed.total_bytes > self.room_bytes() and idle:
            await self._unload(idle.pop(0), "room")
        while (missing := needed.total_bytes - self._policy.available()) > 0 and idle:
            await self._unload(idle.pop(0), "room")
        if missing > 0:
            raise MemoryShortError(self._short(model, needed, missing, "the machine's free memory"))

    def _short(self, model: str, needed: Estimate, missing: int, where: str) -> str:
        return (
            f"{model!r} needs {_mb(needed.total_bytes)} MB ({_mb(needed.weights_bytes)} weights, "
            f"{_mb(needed.cache_bytes)} cache of {needed.context_tokens} tokens, {_mb(needed.compute_bytes)} to "
            f"compute, {_mb(needed.process_bytes)} for its process): {_mb(missing)} MB are missing in {where}. Load it "
            "with less context, unload another model, take a smaller quantization, or raise ATELIER_MODEL_MEMORY_MB."
        )

    def _idle(self) -> list[str]:
        """Return the loaded models that may go: not built in, without requests."""
        now = self._policy.clock()
        return [
            model
            for model, engine in self._registry.loaded().items()
            if model not in self._builtin
            and not outstanding(engine)
            and now - self._used_at.get(model, 0.0) >= _JUST_USED_S
        ]

    async def _unload(self, model: str, reason: str) -> None:
        if model not in self._registry.loaded():
            await self._registry.unload(model)  # forgets why it failed
            return
        engine = self._registry.loaded()[model]
        self._leaving.add(model)
        try:
            await self._drain(model, engine)
            await self._registry.unload(model)
        finally:
            self._leaving.discard(model)
        self._wishes.pop(model, None)
        self.unloads[reason] += 1
        _LOG.info("%s is unloaded (%s)", model, reason)

    async def _drain(self, model: str, engine: LocalEngine) -> None:
        ends_at = time.monotonic() + self._policy.drain_s
        while outstanding(engine) and time.monotonic() < ends_at:  # noqa: ASYNC110  # engines count, and tell nobody
            await asyncio.sleep(_DRAIN_LOOK_S)
        if left := outstanding(engine):
            _LOG.warning("%s is unloaded though %d requests wait for it", model, left)

    async def _unload_idle(self) -> None:
        now = self._policy.clock()
        for model in self._idle():
            keep_alive_s = self._keep_alive_s(model)
            if 0 < keep_alive_s <= now - self._used_at.get(model, now):
                await self.unload(model, "idle")

    def _keep_alive_s(self, model: str) -> int:
        wish = self._wishes.get(model)
        if model in self._builtin:
            return 0
        return self._policy.keep_alive_s if wish is None or wish.keep_alive_s is None else wish.keep_alive_s

    def _resident(self, state: ModelState, config: ModelConfig) -> Resident:
        engine = self._registry.loaded().get(config.id)
        pid = engine.pid if isinstance(engine, Supervised) else None
        used_at = self._used_at.get(config.id)
        manifest = self._manifest(config.id) if config.path.exists() else _unknown(config)
        return Resident(
            state=state,
            manifest=replace(manifest, context_tokens=manifest.context_tokens or config.context_tokens),
            is_builtin=config.id in self._builtin,
            memory_bytes=resident_bytes(pid) if pid else 0,
            estimate=self._estimate(config, manifest),
            keep_alive_s=self._keep_alive_s(config.id),
            idle_s=None if engine is None or used_at is None else self._policy.clock() - used_at,
            outstanding=outstanding(engine) if engine is not None else 0,
            base_name=config.base_name,
        )

    def _remember(self) -> None:
        """Write down what is loaded, so that it comes back after a restart."""
        wishes = [
            asdict(self._wishes.get(model) or Wish(model))
            for model in self._registry.loaded()
            if model not in self._builtin
        ]
        made = self._memory_file.with_suffix(".new")
        try:
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_text(json.dumps(wishes), encoding="utf-8")
            made.replace(self._memory_file)
        except OSError as problem:
            _LOG.warning("which models are loaded cannot be remembered: %s", problem)

    def _remembered(self) -> list[Wish]:
        with contextlib.suppress(OSError, ValueError, TypeError):
            return [Wish(**item) for item in json.loads(self._memory_file.read_text(encoding="utf-8"))]
        return []


def outstanding(engine: LocalEngine) -> int:
    """Return how many requests an engine has not answered yet."""
    if isinstance(engine, Supervised):
        return engine.outstanding
    stats = engine.stats()
    return stats.active + stats.queued


def _unknown(config: ModelConfig) -> Manifest:
    return Manifest(config.id, config.kind, "gguf", "", "built-in", 0, "", "", "", config.context_tokens, 0)


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.0f}"
