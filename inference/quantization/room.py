"""What a job needs of disk and memory, estimated before it starts, and refused when the machine has less."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inference.quantization.checkpoint import Checkpoint, read_object
from inference.quantization.errors import NotEnoughRoomError, UnsupportedModelError
from inference.quantization.kinds import Kind
from inference.quantization.loaded import WINDOW_TOKENS
from inference.store.memory import available_bytes
from inference.store.values import read_contents

_SPARE_DISK_BYTES = 128 * 2**20
_PROCESS_BYTES = 400 * 2**20  # interpreter, numpy, one tensor as float32, blocks of logits
_TORCH_BYTES = 1_000 * 2**20  # the same with torch and llmcompressor
_FLOAT_TYPES = frozenset({0, 1, 30})  # ggml_type: float32, float16, bfloat16
_F16_BITS = 16.0
DEFAULT_WINDOWS = 4
_MAX_REFERENCE_BYTES = 768 * 2**20


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of a model before it is touched. `is_float`: it is a GGUF that serves as it is."""

    path: Path
    parameters: int
    vocabulary: int
    is_folder: bool
    is_float: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes. `sizes` by type; `disk` while the job runs, `memory` of its largest step."""

    sizes: dict[str, int]
    disk_bytes: int
    memory_bytes: int
    free_disk_bytes: int
    free_memory_bytes: int
    windows: int


def source_of(path: Path) -> Source:
    """Look at a folder of safetensors or a GGUF. Raises QuantizationError or BadModelFileError."""
    if path.is_dir():
        checkpoint = Checkpoint(path)
        size = checkpoint.config.get("vocab_size")
        return Source(path, checkpoint.elements, size if isinstance(size, int) else 0, True, False)
    contents = read_contents(path)
    vocabulary = contents.lengths.get("tokenizer.ggml.tokens", 0)
    return Source(path, contents.parameters, vocabulary, False, _FLOAT_TYPES.issuperset(contents.type_bytes))


def folder_check(source: Source, kinds: Sequence[Kind]) -> None:
    """Raise UnsupportedModelError for a source of which llmcompressor cannot make these types."""
    if not any(kind.method for kind in kinds):
        return
    if not source.is_folder:
        raise UnsupportedModelError(
            f"{source.path.name!r} is a GGUF: GPTQ and AWQ are made of a folder of safetensors. Choose another type, "
            "or add the model as safetensors."
        )
    if "quantization_config" in read_object(source.path / "config.json"):
        raise UnsupportedModelError(
            f"{source.path.name!r} is rounded already: begin with the folder that holds its weights in 16 bits."
        )


def estimate(source: Source, kinds: Sequence[Kind], work: Path) -> Estimate:
    """Return what quantizing to all `kinds` takes and what there is."""
    if any(kind.method for kind in kinds):
        return _estimate_compressed(source, kinds, work)
    half = int(source.parameters * _F16_BITS / 8)
    sizes = {kind.name: int(source.parameters * kind.bits / 8) for kind in kinds}
    row_bytes = max(1, source.vocabulary) * 2
    windows = _windows(row_bytes)
    reference = windows * (WINDOW_TOKENS // 2) * row_bytes
    made = 0 if source.is_float else half
    return Estimate(
        sizes=sizes,
        disk_bytes=made + reference + sum(sizes.values()) + _SPARE_DISK_BYTES,
        memory_bytes=half + (WINDOW_TOKENS // 2) * max(1, source.vocabulary) * 4 + _PROCESS_BYTES,
        free_disk_bytes=_free_disk(work),
        free_memory_bytes=available_bytes(),
        windows=windows,
    )


def _estimate_compressed(source: Source, kinds: Sequence[Kind], work: Path) -> Estimate:
    """llmcompressor computes in float32, and keeps what it knows of a layer beside it; few layers are not rounded."""
    row_bytes = max(1, source.vocabulary) * 2
    windows = _windows(row_bytes)
    predictions = windows * (WINDOW_TOKENS // 2) * row_bytes
    return Estimate(
        sizes={kind.name: int(source.parameters * kind.bits / 8) for kind in kinds},
        disk_bytes=len(kinds) * source.parameters * 2 + _SPARE_DISK_BYTES,
        memory_bytes=6 * source.parameters + 2 * predictions + _TORCH_BYTES,
        free_disk_bytes=_free_disk(work),
        free_memory_bytes=available_bytes(),
        windows=windows,
    )


def _windows(row_bytes: int) -> int:
    return max(1, min(DEFAULT_WINDOWS, _MAX_REFERENCE_BYTES // (row_bytes * (WINDOW_TOKENS // 2))))


def _free_disk(place: Path) -> int:
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def room_check(needs: Estimate) -> None:
    """Raise NotEnoughRoomError that says how much is missing of what."""
    for what, needed, free, advice in (
        ("disk", needs.disk_bytes, needs.free_disk_bytes, "Remove models or files, or choose fewer types"),
        ("memory", needs.memory_bytes, needs.free_memory_bytes, "Unload models, or choose a smaller one"),
    ):
        if needed > free:
            raise NotEnoughRoomError(
                f"About {needed / 1e6:,.0f} MB of {what} are needed and {free / 1e6:,.0f} MB are free: "
                f"{(needed - free) / 1e6:,.0f} MB are missing. {advice}, then try again."
            )
