"""What the store knows of one model: where it came from, what it is, and what it takes to run it."""

import json
import re
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Literal, cast

from inference.config import ModelConfig
from inference.errors import StoreError
from inference.store.engines import DEFAULT, ENGINES, EngineKind, engine_check
from inference.types import ModelKind

MANIFEST = "manifest.json"
CHAT_CONTEXT_TOKENS = 8192
_LEAST_RESERVED = 256 * 2**20
_ELEMENT_BYTES = 2  # bfloat16
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9._-]+")

Format = Literal["gguf", "safetensors"]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A model on disk. `file` is the GGUF in the model's folder, empty for safetensors.

    `engine` serves it; empty is llama.cpp for a GGUF and none for safetensors, which are kept to be converted.

    `context_tokens` is what it was trained for; `cache_elements` are the numbers that the cache keeps for one token,
    over all layers; `buffer_elements` the widest row of one step: vocabulary or feed-forward layer.
    `sha256` is the GGUF's, or that of the list of a folder's files with theirs.
    """

    id: str
    kind: ModelKind
    format: Format
    file: str
    source: str
    size_bytes: int
    sha256: str
    quantization: str
    architecture: str
    context_tokens: int
    parameters: int
    licence: str = ""
    has_chat_template: bool = False
    dimensions: int = 0
    cache_elements: int = 0
    buffer_elements: int = 0
    added_at: str = ""
    engine: str = ""

    @property
    def is_servable(self) -> bool:
        """Whether an engine of this machine opens it."""
        return self.format == "gguf" or self.engine in ENGINES

    @property
    def served_by(self) -> EngineKind:
        return ENGINES.get(self.engine, ENGINES[DEFAULT])

    def reserved_bytes(self, context_tokens: int) -> int:
        """Return the cache of an engine that reserves it: two full contexts, which many short ones share."""
        if not self.served_by.reserves_cache:
            return 0
        return max(_LEAST_RESERVED, 2 * self.cache_elements * _ELEMENT_BYTES * context_tokens)

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)


def manifest_read(path: Path) -> Manifest:
    """Return the manifest in a model's folder. Raises StoreError for a damaged one."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name for field in fields(Manifest)}
        return Manifest(**{key: value for key, value in read.items() if key in known})
    except (OSError, ValueError, TypeError, AttributeError) as problem:
        raise StoreError(f"{str(path)!r} is damaged ({problem}): remove its folder and add the model again.") from None


def served_with(manifest: Manifest, engine: str) -> Manifest:
    """Return the manifest with another engine, as it is for an empty name. Raises StoreError as `engine_check` does."""
    if not engine:
        return manifest
    kind = engine_check(manifest.id, manifest.format, engine)
    return replace(manifest, engine="" if kind.is_builtin else kind.name)


def model_config(
    manifest: Manifest, folder: Path, context_tokens: int | None = None, python: Path | None = None
) -> ModelConfig:
    """Return how the model in `folder` is served; `context_tokens` replaces the usual 8192 within what it can do.

    `python` is the interpreter of its engine, where that has one of its own.
    """
    kind = manifest.kind
    trained = manifest.context_tokens or CHAT_CONTEXT_TOKENS
    if kind == "chat":
        wanted = context_tokens or CHAT_CONTEXT_TOKENS
        return ModelConfig(
            manifest.id,
            kind,
            folder / manifest.file,
            engine=manifest.served_by.name,
            context_tokens=min(wanted, trained),
            sha256=manifest.sha256,
            python=python,
            has_workers=manifest.served_by.has_workers,
            cache_bytes=manifest.reserved_bytes(min(wanted, trained)),
        )
    return ModelConfig(
        manifest.id,
        kind,
        folder / manifest.file,
        context_tokens=min(context_tokens or trained, trained, CHAT_CONTEXT_TOKENS),
        max_sequences=16,
        batch_tokens=512,
        max_queued=4096,
        sha256=manifest.sha256,
        engine=manifest.served_by.name,
        python=python,
        has_workers=manifest.served_by.has_workers,
    )


def name_check(name: str) -> str:
    """Return a model's name. Raises StoreError unless it is one that fits into paths and addresses."""
    if not _NAME.fullmatch(name):
        raise StoreError(
            f"{name[:120]!r} is no name for a model: use lower-case letters, digits, '.', '_' and '-', "
            "beginning with a letter or digit, 100 at most."
        )
    return name


def name_of(text: str) -> str:
    """Return a name made of a file's or repository's."""
    made = _NOT_IN_NAMES.sub("-", text.lower()).strip("-._")[:100]
    return made or "model"


def kind_of(text: str) -> ModelKind:
    return cast(ModelKind, text) if text in {"chat", "embedding", "rerank"} else "chat"
