"""Reads the metadata and the tensor list of a GGUF that has passed `check_gguf`; large arrays are only counted."""

import math
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inference.gguf_header import TENSOR_TYPES, check_gguf

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_TEXT, _ARRAY = 8, 9

Value = int | float | bool | str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a GGUF says of itself: `values` by key, `lengths` of its arrays, and its tensors added up."""

    values: Mapping[str, Value]
    lengths: Mapping[str, int]
    parameters: int
    data_bytes: int
    type_bytes: Mapping[int, int]

    def integer(self, key: str) -> int:
        """Return a whole number; 0 where there is none."""
        value = self.values.get(key)
        return value if isinstance(value, int) else 0

    def text(self, key: str) -> str:
        """Return a text; empty where there is none."""
        value = self.values.get(key)
        return value if isinstance(value, str) else ""


def read_contents(path: Path) -> Contents:
    """Return what the file says. Raises BadModelFileError for one that llama.cpp must not open."""
    header = check_gguf(path)
    with path.open("rb") as file:
        reader = _Reader(file.read(header.data_start))
    reader.at = 24
    values: dict[str, Value] = {}
    lengths: dict[str, int] = {}
    for _ in range(header.keys):
        key, kind = reader.text(), reader.number("<I")
        if kind == _ARRAY:
            lengths[key] = reader.skip_array()
        else:
            values[key] = reader.text() if kind == _TEXT else reader.number(_SCALARS[int(kind)])
    parameters, type_bytes = 0, Counter[int]()
    for _ in range(header.tensors):
        reader.text()
        shape = [int(reader.number("<Q")) for _ in range(int(reader.number("<I")))]
        kind = int(reader.number("<I"))
        reader.number("<Q")
        per_block, block_bytes = TENSOR_TYPES[kind]
        parameters += math.prod(shape)
        type_bytes[kind] += math.prod(shape) // per_block * block_bytes
    return Contents(values, lengths, parameters, header.data_bytes, dict(type_bytes))


class _Reader:
    """Walks through bytes whose bounds were checked before."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def number(self, form: str) -> int | float | bool:
        (value,) = struct.unpack_from(form, self._data, self.at)
        self.at += struct.calcsize(form)
        assert isinstance(value, int | float | bool)
        return value

    def text(self) -> str:
        size = int(self.number("<Q"))
        self.at += size
        return self._data[self.at - size : self.at].decode("utf-8", "replace")

    def skip_array(self) -> int:
        kind, count = int(self.number("<I")), int(self.number("<Q"))
        if kind == _TEXT:
            for _ in range(count):
                (size,) = struct.unpack_from("<Q", self._data, self.at)
                self.at += 8 + size
        else:
            self.at += count * struct.calcsize(_SCALARS[kind])
        return count
