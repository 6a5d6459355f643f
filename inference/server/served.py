"""What a model's name on the wire stands for: a model, or one of its LoRA adapters, as in vLLM."""

import hashlib
from dataclasses import dataclass, replace
from functools import cache

from inference.config import ModelConfig
from inference.protocol import LocalEngine
from inference.registry import Registry
from inference.server.lessons import is_lesson
from inference.types import GenerateRequest


@dataclass(frozen=True, slots=True)
class Served:
    """The engine behind a name; `adapter` is None where the name stands for the model without any.

    With `only_lessons` the adapter answers what it was taught and the model itself the rest.
    """

    config: ModelConfig
    engine: LocalEngine
    adapter: str | None
    only_lessons: bool = False

    @property
    def model(self) -> str:
        return self.config.id

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.config)

    def request(self, request: GenerateRequest) -> GenerateRequest:
        """Return the request as its engine wants it."""
        is_applied = not self.only_lessons or is_lesson(request)
        return replace(request, model=self.model, adapter=self.adapter if is_applied else None)


def find(registry: Registry, name: str) -> Served:
    """Return what `name` stands for. Raises UnknownModelError, ModelLoadingError, or what loading raised."""
    for config in registry.configs:
        if name == config.id:
            only_lessons = config.default_adapter_for == "lessons"
            return Served(config, registry.engine(name), config.default_adapter, only_lessons)
    for config in registry.configs:
        if name in config.names:
            return Served(config, registry.engine(config.id), config.names[name])
    registry.engine(name)  # raises: it knows the names there are
    raise AssertionError(f"the registry serves {name!r} without a config")


@cache
def fingerprint(config: ModelConfig) -> str:
    """Return OpenAI's `system_fingerprint`: it changes with whatever may change an answer to the same seed."""
    size_bytes = config.path.stat().st_size if config.path.exists() else 0
    adapters = tuple((name, path.stat().st_size) for name, path in config.adapters if path.exists())
    what = (config.id, config.path.name, size_bytes, config.engine, config.context_tokens, config.key_cache, adapters)
    return f"fp_{hashlib.sha256(repr(what).encode()).hexdigest()[:10]}"
