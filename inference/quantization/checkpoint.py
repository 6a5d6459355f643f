"""Reads a folder of safetensors one tensor at a time; refuses pickles, truncated shards and missing files."""

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inference.quantization.errors import DamagedCheckpointError, UnsupportedModelError

_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
_MAX_HEADER_BYTES = 100_000_000  # the format's own limit
_INDEX, _SINGLE = "model.safetensors.index.json", "model.safetensors"
_DTYPES: Mapping[str, npt.DTypeLike] = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_OTHER_BYTES = {"I64": 8, "U64": 8, "I32": 4, "U32": 4, "I16": 2, "U16": 2, "I8": 1, "U8": 1, "BOOL": 1}

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Stored:
    """Where one tensor lies: `dtype` as safetensors names it."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    path: Path
    offset: int

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


class Checkpoint:
    """The settings and tensors of a model's folder. Reading keeps one tensor in memory, nothing else."""

    def __init__(self, folder: Path) -> None:
        """Read config.json and every shard's header. Raises DamagedCheckpointError or UnsupportedModelError."""
        if not folder.is_dir():
            raise UnsupportedModelError(f"{folder.name!r} is no folder: name the model's folder, or a GGUF file.")
        self.folder = folder
        self.config = read_object(folder / "config.json")
        self.tensors: Mapping[str, Stored] = {
            stored.name: stored for shard in _shards(folder) for stored in _header(shard)
        }
        if not self.tensors:
            raise DamagedCheckpointError(f"{folder.name!r} holds no tensors: download the model again.")

    @property
    def elements(self) -> int:
        """How many weights there are."""
        return sum(stored.elements for stored in self.tensors.values())

    def read(self, name: str) -> Array:
        """Return one tensor as float32, converted from how it is stored."""
        stored = self.tensors[name]
        if stored.dtype not in _DTYPES:
            raise UnsupportedModelError(
                f"The tensor {name!r} has the type {stored.dtype}: only models of F32, F16 or BF16 can be converted."
            )
        raw = np.memmap(stored.path, _DTYPES[stored.dtype], mode="r", offset=stored.offset, shape=(stored.elements,))
        if stored.dtype == "BF16":
            values: Array = (raw.astype(np.uint32) << 16).view(np.float32)
        else:
            values = raw.astype(np.float32)
        return values.reshape(stored.shape)


def read_object(path: Path) -> Mapping[str, object]:
    """Return the JSON object of a file. Raises DamagedCheckpointError."""
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DamagedCheckpointError(f"{path.name} is missing: is {path.parent.name!r} a model's folder?") from None
    except (ValueError, OSError) as problem:
        raise DamagedCheckpointError(f"{path.name} cannot be read: {problem}. Download it again.") from None
    if not isinstance(loaded, dict):
        raise DamagedCheckpointError(f"{path.name} is no JSON object but {type(loaded).__name__}: download it again.")
    return loaded


def _shards(folder: Path) -> list[Path]:
    if (folder / _INDEX).exists():
        placed = read_object(folder / _INDEX).get("weight_map")
        names = sorted(set(placed.values())) if isinstance(placed, dict) else []
        strange = [name for name in names if not isinstance(name, str) or Path(name).name != name]
        if not names or strange:
            raise DamagedCheckpointError(f"{_INDEX} names no files of this folder: {strange[:3]!r}. Download it again.")
        missing = [name for name in names if not (folder / name).exists()]
        if missing:
            raise DamagedCheckpointError(f"{missing[0]!r} is missing, one of {len(names)} shards: download it again.")
        return [folder / name for name in names]
    if (folder / _SINGLE).exists():
        return [folder / _SINGLE]
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in _PICKLES)
    if pickles:
        raise UnsupportedModelError(
            f"{pickles[0]!r} may be a pickle, which runs code when it is opened, and was not: "
            "get the model as safetensors."
        )
    raise DamagedCheckpointError(f"{folder.name!r} holds no {_SINGLE}: is it a model's folder?")


def _header(path: Path) -> Iterator[Stored]:
    """Yield the tensors of one file once its header has been found to describe exactly its bytes."""
    size = os.path.getsize(path)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(size - 8, _MAX_HEADER_BYTES):
            raise DamagedCheckpointError(f"{path.name!r} has {size} bytes and no whole header: download it again.")
        try:
            header = json.loads(file.read(length))
            entries = [_entry(path, 8 + length, name, told) for name, told in header.items() if name != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise DamagedCheckpointError(
                f"{path.name!r} has a damaged header ({problem}): download it again."
            ) from None
    end = 8 + length
    for stored, size_bytes in sorted(entries, key=lambda entry: entry[0].offset):
        if stored.offset != end:
            raise DamagedCheckpointError(f"{path.name!r}: the tensor {stored.name!r} is misplaced: download it again.")
        end += size_bytes
    if end != size:
        raise DamagedCheckpointError(f"{path.name!r} has {size} bytes where its tensors need {end}: download it again.")
    yield from (stored for stored, _ in entries)


def _entry(path: Path, start: int, name: str, told: Mapping[str, object]) -> tuple[Stored, int]:
    dtype, shape, offsets = told["dtype"], told["shape"], told["data_offsets"]
    if not isinstance(dtype, str) or not isinstance(shape, list) or not isinstance(offsets, list):
        raise TypeError(f"{name[:80]!r} is described wrongly")
    if any(not isinstance(number, int) or number < 0 for number in (*shape, *offsets)) or len(offsets) != 2:
        raise TypeError(f"{name[:80]!r} has the shape {shape!r} at {offsets!r}")
    size_bytes = offsets[1] - offsets[0]
    stored = Stored(name, dtype, tuple(shape), path, start + offsets[0])
    width = np.dtype(_DTYPES[dtype]).itemsize if dtype in _DTYPES else _OTHER_BYTES.get(dtype)
    if width is not None and stored.elements * width != size_bytes:
        raise ValueError(f"{name[:80]!r} has {size_bytes} bytes for the shape {shape!r}")
    return stored, size_bytes
