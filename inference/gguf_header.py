"""Reads a GGUF's header before C code does, and refuses what is damaged, hostile or not a GGUF; knows no model."""

import hashlib
import io
import math
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inference.errors import BadModelFileError

_MAGIC, _VERSIONS = b"GGUF", (2, 3)
_MAX_KEYS, _MAX_TENSORS = 65_536, 65_536
_MAX_KEY_BYTES, _MAX_NAME_BYTES = 65_535, 63  # the format's limit; ggml.h: GGML_MAX_NAME, with its zero
_MAX_DIMENSIONS, _MAX_ELEMENTS = 4, 2**48
_MAX_ITEMS = 16 * 2**20  # of one array: no vocabulary is larger
_MAX_ALIGNMENT = 65_536
_PICKLES = {".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"}
_BLOCK_BYTES = 2**20

# GGUF's value types by number: struct formats of the scalars, then text and array.
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<B", 10: "<Q", 11: "<q", 12: "<d"}
_BOOL, _TEXT, _ARRAY, _UINT32 = 7, 8, 9, 4

_UINT64 = struct.Struct("<Q")

# ggml's tensor types by number: (elements per block, bytes per block).
TENSOR_TYPES = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66),
    17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136),
    24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54),
    35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Header:
    """What was counted on the way: the header's promises, all of them inside the file."""

    version: int
    keys: int
    tensors: int
    data_start: int
    data_bytes: int


def check_gguf(path: Path, sha256: str = "") -> Header:
    """Return the header of a file that llama.cpp may open. Raises BadModelFileError, naming what is wrong with it.

    With `sha256` the whole file must have this digest. Memory is bounded whatever the header claims.
    """
    if path.suffix.lower() in _PICKLES:
        raise BadModelFileError(
            f"{path.name!r} may be a pickle, which runs code when it is opened: convert the model to GGUF elsewhere."
        )
    try:
        with path.open("rb") as file:
            if sha256:
                _check_digest(file, sha256)
            return _read(_Source(file, os.fstat(file.fileno()).st_size))
    except (_Fault, OSError) as problem:
        raise BadModelFileError(f"{path.name!r} cannot be used: {problem}. Download it again.") from None


class _Fault(Exception):
    pass


class _Source:
    """Reads forward through the file and never past its end."""

    def __init__(self, file: io.BufferedReader, size: int) -> None:
        self._file = file
        self.size = size
        self._block = b""
        self._block_start = self._at = 0

    @property
    def position(self) -> int:
        return self._block_start + self._at

    @property
    def left(self) -> int:
        return self.size - self.position

    def take(self, count: int) -> bytes:
        if count > len(self._block) - self._at:
            self._fill(count)
        taken = self._block[self._at : self._at + count]
        self._at += count
        return taken

    def skip(self, count: int) -> None:
        if count > self.left:
            raise _Fault(f"it ends at byte {self.size}, inside its header")
        if count <= len(self._block) - self._at:
            self._at += count
            return
        self._block_start, self._block, self._at = self.position + count, b"", 0

    def skip_texts(self, count: int) -> None:
        """Skip texts with their lengths before them; vocabularies have 100,000s, so this loop is a tight one."""
        for _ in range(count):
            at = self._at + 8
            if at > len(self._block):
                self._fill(8)
                at = 8
            (size,) = _UINT64.unpack_from(self._block, at - 8)
            self._at = at
            if size <= len(self._block) - at:
                self._at += size
            else:
                self.skip(size)

    def count(self, form: str = "<Q") -> int:
        (value,) = struct.unpack(form, self.take(struct.calcsize(form)))
        assert isinstance(value, int)
        return value

    def _fill(self, count: int) -> None:
        if count > self.left:
            raise _Fault(f"it ends at byte {self.size}, inside its header")
        start = self.position
        self._file.seek(start)
        self._block, self._block_start, self._at = self._file.read(max(count, _BLOCK_BYTES)), start, 0
        if len(self._block) < count:
            raise _Fault("it has become shorter while it was read")


def _check_digest(file: io.BufferedReader, sha256: str) -> None:
    found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256.lower():
        raise _Fault(f"its SHA-256 is {found}, not {sha256!r}")


def _read(source: _Source) -> Header:
    if source.size < 24 or source.take(4) != _MAGIC:
        raise _Fault("it does not start as a GGUF does")
    version = source.count("<I")
    if version not in _VERSIONS:
        raise _Fault(f"its version is {version}, not one of {_VERSIONS}")
    tensors, keys = source.count(), source.count()
    if tensors > _MAX_TENSORS or keys > _MAX_KEYS:
        raise _Fault(f"it claims {tensors} tensors and {keys} values, more than any model has")
    if not tensors:
        raise _Fault("it holds no tensors")
    alignment = _read_values(source, keys)
    end = last = 0  # of the data so far, counted from its start: with and without padding
    for shape in _shapes(source, tensors):
        if shape.offset != end:
            raise _Fault(f"the tensor {shape.name!r} lies at {shape.offset}, where {end} is its place")
        last = shape.offset + shape.size_bytes
        end = _padded(last, alignment)
        if last > source.size:
            raise _Fault(f"the tensor {shape.name!r} reaches beyond its end")
    start = _padded(source.position, alignment)
    needed = start + last
    if needed > source.size:
        raise _Fault(f"it has {source.size} bytes where its tensors need {needed}")
    return Header(version, keys, tensors, start, source.size - start)


def _read_values(source: _Source, keys: int) -> int:
    """Walk through the metadata and return the alignment of the tensors."""
    alignment = 32
    seen: set[bytes] = set()
    for _ in range(keys):
        key = _key(source)
        if key in seen:
            raise _Fault(f"the value {key[:80]!r} stands in it twice")
        seen.add(key)
        kind = source.count("<I")
        if key == b"general.alignment":
            alignment = _alignment(source, kind)
        elif kind == _TEXT:
            source.skip_texts(1)
        elif kind == _ARRAY:
            _skip_array(source, key)
        else:
            _skip_scalars(source, kind, 1, key)
    return alignment


def _key(source: _Source) -> bytes:
    size = source.count()
    if not 0 < size <= _MAX_KEY_BYTES:
        raise _Fault(f"a name in it has {size} bytes")
    return source.take(size)


def _alignment(source: _Source, kind: int) -> int:
    alignment = source.count("<I") if kind == _UINT32 else 0
    if not 8 <= alignment <= _MAX_ALIGNMENT or alignment & (alignment - 1):
        raise _Fault(f"its alignment is {alignment}, no power of two from 8 to {_MAX_ALIGNMENT}")
    return alignment


def _skip_array(source: _Source, key: bytes) -> None:
    kind, count = source.count("<I"), source.count()
    if kind == _ARRAY:
        raise _Fault(f"{key[:80]!r} is an array of arrays")
    if count > _MAX_ITEMS:
        raise _Fault(f"{key[:80]!r} claims {count} items")
    if kind == _TEXT:
        source.skip_texts(count)
    else:
        _skip_scalars(source, kind, count, key)


def _skip_scalars(source: _Source, kind: int, count: int, key: bytes) -> None:
    if kind not in _SCALARS:
        raise _Fault(f"{key[:80]!r} has the unknown type {kind}")
    if kind != _BOOL:
        source.skip(count * struct.calcsize(_SCALARS[kind]))
    elif max(source.take(count), default=0) > 1:
        raise _Fault(f"{key[:80]!r} is neither true nor false")


@dataclass(frozen=True, slots=True)
class _Shape:
    name: bytes
    offset: int
    size_bytes: int


def _shapes(source: _Source, tensors: int) -> Iterator[_Shape]:
    seen: set[bytes] = set()
    for _ in range(tensors):
        size = source.count()
        if not 0 < size <= _MAX_NAME_BYTES:
            raise _Fault(f"the name of a tensor has {size} bytes")
        name = source.take(size)
        if name in seen:
            raise _Fault(f"the tensor {name!r} stands in it twice")
        seen.add(name)
        axes = source.count("<I")
        if not 1 <= axes <= _MAX_DIMENSIONS:
            raise _Fault(f"the tensor {name!r} has {axes} dimensions")
        shape = [source.count() for _ in range(axes)]
        kind, offset = source.count("<I"), source.count()
        yield _Shape(name, offset, _size_bytes(name, shape, kind))


def _size_bytes(name: bytes, shape: list[int], kind: int) -> int:
    if kind not in TENSOR_TYPES:
        raise _Fault(f"the tensor {name!r} has the unknown type {kind}")
    elements = math.prod(shape)
    if not 0 < elements <= _MAX_ELEMENTS:
        raise _Fault(f"the tensor {name!r} has the shape {shape}")
    per_block, block_bytes = TENSOR_TYPES[kind]
    if shape[0] % per_block:
        raise _Fault(f"the tensor {name!r} has rows of {shape[0]} elements, no multiple of {per_block}")
    return elements // per_block * block_bytes


def _padded(position: int, alignment: int) -> int:
    return -(-position // alignment) * alignment
