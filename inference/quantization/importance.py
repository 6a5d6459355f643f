"""Measures which columns of each matrix matter for a text: the mean square of what they are multiplied with.

llama.cpp weighs the rounding error of a weight with it (an "importance matrix"). It is collected here by the callback
that the library offers for every operation of its graph, as its own tool does.
"""

import ctypes
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inference.engines.llama_bindings import library
from inference.quantization.errors import QuantizationError
from inference.quantization.loaded import Loaded, windows_of

Importance = Mapping[str, npt.NDArray[np.float32]]
"""By tensor: one number for each column."""

_FLOAT32 = 0  # ggml_type
_MIN_ROWS = 16


class _Tensor(ctypes.Structure):
    """The head of ggml.h's `struct ggml_tensor`."""


_Tensor._fields_ = [
    ("type", ctypes.c_int),
    ("buffer", ctypes.c_void_p),
    ("ne", ctypes.c_int64 * 4),
    ("nb", ctypes.c_size_t * 4),
    ("op", ctypes.c_int),
    ("op_params", ctypes.c_int32 * 16),
    ("flags", ctypes.c_int32),
    ("src", ctypes.POINTER(_Tensor) * 10),
    ("view_src", ctypes.c_void_p),
    ("view_offs", ctypes.c_size_t),
    ("data", ctypes.c_void_p),
    ("name", ctypes.c_char * 64),
]


class _Collector:
    """Adds up squares. `ggml` is the library that knows the names of operations."""

    def __init__(self) -> None:
        self.sums: dict[str, npt.NDArray[np.float64]] = {}
        self.rows: dict[str, int] = {}
        ggml = ctypes.CDLL(str(_ggml_path()))
        self._operation = ggml.ggml_op_desc
        self._operation.restype, self._operation.argtypes = ctypes.c_char_p, [ctypes.c_void_p]
        self._name = ggml.ggml_get_name
        self._name.restype, self._name.argtypes = ctypes.c_char_p, [ctypes.c_void_p]

    def __call__(self, address: int, ask: bool, _user_data: object) -> bool:
        if self._operation(address) != b"MUL_MAT":
            return not ask
        tensor = ctypes.cast(address, ctypes.POINTER(_Tensor)).contents
        weights, inputs = tensor.src[0].contents, tensor.src[1].contents
        name = weights.name.decode("utf-8", "replace")
        is_wanted = name.startswith("blk.") and name.endswith(".weight")
        if ask:
            return bool(is_wanted and inputs.type == _FLOAT32 and inputs.ne[1] >= _MIN_ROWS)
        # Another layout of the struct, in another release, would be noticed here and not read as numbers.
        if self._name(ctypes.addressof(weights)).decode() != name or inputs.nb[0] != 4:
            return False
        columns, rows = inputs.ne[0], inputs.ne[1] * inputs.ne[2] * inputs.ne[3]
        if inputs.nb[1] != columns * 4:
            return False
        values = np.ctypeslib.as_array(ctypes.cast(inputs.data, ctypes.POINTER(ctypes.c_float)), (rows, columns))
        squares = np.einsum("rc,rc->c", values, values, dtype=np.float64)
        self.sums[name] = self.sums[name] + squares if name in self.sums else squares
        self.rows[name] = self.rows.get(name, 0) + rows
        return True


def importance_of(model: Path, text: str, windows: int, hear: Callable[[float], None]) -> Importance:
    """Run `text` through the model, at most `windows` pieces of 512 tokens, and return the importances.

    Raises QuantizationError for a text too short to say anything.
    """
    api = library()
    collector = _Collector()
    callback = api.ggml_backend_sched_eval_callback(collector)
    loaded = Loaded(model)
    try:
        pieces = windows_of(loaded.model, text, windows, least=1)
        with loaded.context(rows=pieces.shape[1] - 1, outputs=1, callback=callback) as context:
            for number, piece in enumerate(pieces):
                context.run(piece[:-1], outputs=1)
                hear((number + 1) / len(pieces))
    finally:
        loaded.close()
    if not collector.sums:
        raise QuantizationError("No importances were collected: this release of llama.cpp is laid out differently.")
    return {name: (sums / collector.rows[name]).astype(np.float32) for name, sums in collector.sums.items()}


def importance_write(path: Path, importance: Importance) -> None:
    """Store it; the file appears whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            np.savez(file, **dict(importance))  # type: ignore[arg-type]  # the stubs know no keyword arrays
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def importance_read(path: Path) -> Importance:
    with np.load(path, allow_pickle=False) as stored:
        return dict(stored)


def _ggml_path() -> Path:
    return Path(library().__file__ or "").parent / "lib" / "libggml-base.so"
