"""What an optional engine needs beyond the platform's own packages: imported when it loads, named when missing."""

import importlib
from types import ModuleType

from inference.errors import EngineMissingError


def extra_modules(engine: str, *names: str) -> tuple[ModuleType, ...]:
    """Return the modules. Raises EngineMissingError that names the extra to install."""
    try:
        return tuple(importlib.import_module(name) for name in names)
    except ImportError as problem:
        raise EngineMissingError(
            f"The engine {engine!r} is not installed ({problem}): run `./atelier engines install {engine}` (the extra "
            f"[{engine}]), or convert the model to GGUF, which the built-in engine serves."
        ) from None
