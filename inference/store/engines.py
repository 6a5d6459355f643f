"""Which engines serve which formats, and where their own environments lie: <home>/engines/<name>/.

Engines that bring gigabytes of packages, pinned to other versions than ours, run in an interpreter of their own.
"""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from inference.errors import EngineMissingError, StoreError

DEFAULT = "llama_cpp"
COMPRESSOR = "llmcompressor"  # serves nothing: it rounds the weights of what vLLM serves
INSTALLED = ".installed"  # written last: an environment without it is not whole
_FOLDERS = frozenset({"safetensors"})


@dataclass(frozen=True, slots=True)
class EngineKind:
    """One engine. `has_workers`: it starts processes of its own; `reserves_cache`: all of it, when it is loaded.

    `parameter_bytes`: what a parameter takes in memory; 0 is what it takes in the file.
    `modules`: what it is made of; they may also lie beside our own packages.
    """

    name: str
    formats: frozenset[str]
    has_workers: bool = False
    reserves_cache: bool = False
    parameter_bytes: int = 0
    modules: tuple[str, ...] = ()

    @property
    def is_builtin(self) -> bool:
        return self.name == DEFAULT

    @property
    def install_command(self) -> str:
        """Return what brings it, empty for the one that is always there."""
        return "" if self.is_builtin else f"./atelier engines install {self.name}"


ENGINES: Final[Mapping[str, EngineKind]] = {
    kind.name: kind
    for kind in (
        EngineKind(DEFAULT, frozenset({"gguf"})),
        EngineKind("vllm", _FOLDERS, has_workers=True, reserves_cache=True, modules=("vllm",)),
        EngineKind("transformers", _FOLDERS, parameter_bytes=4, modules=("transformers", "torch")),
        EngineKind("ctranslate2", _FOLDERS, parameter_bytes=1, modules=("ctranslate2", "transformers")),
    )
}


def engine_named(engine: str) -> EngineKind:
    """Return the engine. Raises StoreError for one that nobody knows."""
    kind = ENGINES.get(engine)
    if kind is None:
        raise StoreError(f"There is no engine {engine[:80]!r}: choose among {', '.join(ENGINES)}.")
    return kind


def engine_check(model: str, model_format: str, engine: str) -> EngineKind:
    """Return the engine. Raises StoreError for one that is not there, or that cannot open the model's format."""
    kind = engine_named(engine)
    if model_format not in kind.formats:
        others = [one.name for one in ENGINES.values() if model_format in one.formats]
        raise StoreError(
            f"{engine!r} cannot open {model!r}, which is kept as {model_format}: use {' or '.join(others)}."
        )
    return kind


def environment_folder(home: Path, engine: str) -> Path:
    return home / "engines" / engine


def environment_python(home: Path, engine: str) -> Path | None:
    """Return the interpreter that an engine runs in, None for our own."""
    folder = environment_folder(home, engine)
    return folder / "bin" / "python" if (folder / INSTALLED).is_file() else None


def is_installed(home: Path, kind: EngineKind) -> bool:
    """Whether an engine can run here: in its environment, or beside our own packages."""
    if kind.is_builtin or environment_python(home, kind.name) is not None:
        return True
    return all(importlib.util.find_spec(module) is not None for module in kind.modules)


def compressor_python(home: Path) -> Path:
    """Return the interpreter with llmcompressor, which makes GPTQ and AWQ. Raises EngineMissingError."""
    found = environment_python(home, COMPRESSOR)
    if found is None:
        raise EngineMissingError(
            f"GPTQ and AWQ are made by {COMPRESSOR!r}, which is not installed on this machine: run "
            f"`./atelier engines install {COMPRESSOR}` there, then try again, or choose a GGUF type."
        )
    return found


def installed_check(home: Path, kind: EngineKind) -> None:
    """Raise EngineMissingError that names the command for an engine that is not installed."""
    if not is_installed(home, kind):
        raise EngineMissingError(
            f"The engine {kind.name!r} is not installed on this machine: run `{kind.install_command}` there, "
            "then try again."
        )
