"""Brings the models into memory behind the open port: converts what is missing, then loads one after the other."""

import asyncio
import logging
import sys

from inference.config import ModelConfig
from inference.errors import InferenceError
from inference.registry import Registry

_LOG = logging.getLogger(__name__)


async def load_all(registry: Registry) -> None:
    """Load every configured model; one that fails is noted in the registry and does not stop the others."""
    for config in registry.configs:
        try:
            if config.convert_from is not None and not config.path.exists():
                await _convert(config)
            await registry.load(config.id)
            _LOG.info("%s is loaded", config.id)
        except (InferenceError, OSError) as problem:
            _LOG.error("%s cannot be loaded: %s", config.id, problem)
            registry.fail(config.id, f"The model {config.id!r} cannot be loaded: {problem}")


async def _convert(config: ModelConfig) -> None:
    """Convert in a process of its own, which gives its memory back."""
    _LOG.info("converting %s", config.id)
    module = "inference.quantization.convert"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, str(config.convert_from), str(config.path),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        _, problem = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        raise OSError(problem.decode("utf-8", "replace").strip()[-500:])
