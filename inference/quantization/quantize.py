"""Lets llama.cpp store a GGUF's weights in another type; runs in a process of its own, see steps."""

import ctypes
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np

from inference.engines.llama_bindings import library, log_heard
from inference.engines.llama_threads import cores_available
from inference.quantization.errors import NotEnoughRoomError, QuantizationError
from inference.quantization.importance import Importance
from inference.quantization.kinds import Kind
from inference.quantization.whole import whole_file

Hear = Callable[[float, str], None]
"""Hears the part that is done, from 0 to 1, and a line for the log; either may be nothing new."""

_STEP = re.compile(r"\[\s*(\d+)/\s*(\d+)\]\s+(\S+)")
_ERROR = 4  # ggml_log_level
_BUFFER_BYTES = 256 * 2**20  # rows of one tensor that are in memory at once
_LITTLE_BYTES = 16 * 2**20


def quantize(source: Path, target: Path, kind: Kind, importance: Importance | None, hear: Hear) -> Path:
    """Write the weights of `source` to `target` in the type `kind`, and return it; whole or not at all.

    Weights that are quantized already are dequantized first, which does not bring back what they lost.
    Raises QuantizationError, NotEnoughRoomError when the disk filled up.
    """
    api = library()
    log = _Log(hear)
    params = api.llama_model_quantize_default_params()
    params.nthread = cores_available()
    params.ftype = kind.file_type
    params.allow_requantize = True
    params.max_buf_size = _BUFFER_BYTES
    table = _table(api, importance) if importance is not None else None
    if table is not None:
        params.imatrix = table.rows
    with whole_file(target) as partial:
        with log_heard(log):
            status = api.llama_model_quantize(str(source).encode(), str(partial).encode(), ctypes.byref(params))
        if status != 0:
            raise _failure(target.parent, kind, log.errors)
        if log.fallbacks:
            hear(1.0, f"{log.fallbacks} tensors have rows that are no multiple of 256 and took a larger type")
    return target


def _failure(folder: Path, kind: Kind, errors: list[str]) -> QuantizationError:
    told = " ".join(errors)[-500:].strip() or "llama.cpp gave no reason"
    # The library says "iostream error": whether the disk is the cause only the disk knows.
    if shutil.disk_usage(folder).free < _LITTLE_BYTES or "iostream" in told or "write" in told:
        return NotEnoughRoomError(
            f"{kind.name} could not be written to {str(folder)!r} ({told}): is the disk full? Nothing was kept."
        )
    return QuantizationError(f"{kind.name} could not be made: {told}.")


class _Log:
    """Follows llama.cpp's log: a numbered line for each tensor."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._done = 0.0
        self.errors: list[str] = []
        self.fallbacks = 0  # tensors whose rows do not fit the blocks of 256 that the type has

    def __call__(self, level: int, line: str) -> None:
        if found := _STEP.search(line):
            self._done = int(found[1]) / max(1, int(found[2]))
            self._hear(self._done, "")
        elif "not divisible by" in line:
            self.fallbacks += 1
        elif level == _ERROR and line:
            self.errors.append(line)
            self._hear(self._done, line)


class _Table:
    """The importance matrix as C reads it; keeps what the pointers point to alive."""

    def __init__(self, rows: object, kept: object) -> None:
        self.rows = rows
        self._kept = kept


def _table(api: ModuleType, importance: Importance) -> _Table:
    row = api.llama_model_imatrix_data
    values = {name: np.ascontiguousarray(found, np.float32) for name, found in importance.items()}
    rows = (row * (len(values) + 1))()  # the last one, without a name, ends the list
    for entry, (name, found) in zip(rows, values.items(), strict=False):
        entry.name = name.encode()
        entry.data = found.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        entry.size = found.size
    return _Table(rows, values)
