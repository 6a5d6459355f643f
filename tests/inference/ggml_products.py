"""A product of ggml computed by one of its devices alone, through the C API: so that odd sizes can be tried."""

import ctypes
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from gguf import GGMLQuantizationType as Type
from gguf.quants import dequantize, quantize

from inference.engines.llama_bindings import library

Floats: TypeAlias = npt.NDArray[np.float32]
_MEMORY = 1 << 20  # of headers: what the tensors hold lies in buffers of the device
_POINTERS = (
    "ggml_init",
    "ggml_new_tensor_2d",
    "ggml_new_tensor_3d",
    "ggml_mul_mat",
    "ggml_new_graph",
    "ggml_backend_dev_by_name",
    "ggml_backend_dev_init",
    "ggml_backend_dev_backend_reg",
    "ggml_backend_reg_get_proc_address",
    "ggml_backend_alloc_ctx_tensors",
)


class _Parameters(ctypes.Structure):
    _fields_ = (("size", ctypes.c_size_t), ("buffer", ctypes.c_void_p), ("no_alloc", ctypes.c_bool))


@cache
def _ggml() -> ctypes.CDLL:
    """The library of devices, which brings the one of tensors along."""
    source = library().__file__
    assert source is not None
    found = ctypes.CDLL(str(next((Path(source).parent / "lib").glob("libggml.so.0"))))
    for name in _POINTERS:
        getattr(found, name).restype = ctypes.c_void_p
    found.ggml_backend_dev_supports_op.restype = ctypes.c_bool
    return found


def _pointer(value: int) -> ctypes.c_void_p:
    assert value, "ggml gave none"
    return ctypes.c_void_p(value)


def has_device(name: str) -> bool:
    return bool(_ggml().ggml_backend_dev_by_name(name.encode()))


def whole_columns(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Activations that 8 bits hold exactly: whole numbers, the largest of them in each block."""
    columns = rng.integers(-126, 127, shape).astype(np.float32)
    columns[..., ::32] = 127
    return columns


class Product:
    """Weights times columns, on a device."""

    def __init__(self, device: str, kind: Type, weights: Floats, columns: Floats) -> None:
        api = _ggml()
        self._device = _pointer(api.ggml_backend_dev_by_name(device.encode()))
        self._packed, self._columns = quantize(weights, kind), np.ascontiguousarray(columns)
        self._exact = columns @ dequantize(self._packed, kind).T
        self._context = _pointer(api.ggml_init(_Parameters(_MEMORY, None, True)))
        batch, count, length = columns.shape
        sizes = [ctypes.c_int64(size) for size in (length, weights.shape[0], count, batch)]
        self._left = _pointer(api.ggml_new_tensor_2d(self._context, int(kind), sizes[0], sizes[1]))
        self._right = _pointer(api.ggml_new_tensor_3d(self._context, int(Type.F32), sizes[0], sizes[2], sizes[3]))
        self._result = _pointer(api.ggml_mul_mat(self._context, self._left, self._right))

    def is_supported(self) -> bool:
        return bool(_ggml().ggml_backend_dev_supports_op(self._device, self._result))

    def computed(self, threads: int) -> Floats:
        api = _ggml()
        backend = _pointer(api.ggml_backend_dev_init(self._device, None))
        registry = _pointer(api.ggml_backend_dev_backend_reg(self._device))
        set_threads = api.ggml_backend_reg_get_proc_address(registry, b"ggml_backend_set_n_threads")
        ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int)(set_threads)(backend, threads)
        buffer = _pointer(api.ggml_backend_alloc_ctx_tensors(self._context, backend))
        for tensor, values in ((self._left, self._packed), (self._right, self._columns)):
            api.ggml_backend_tensor_set(tensor, values.ctypes, ctypes.c_size_t(0), ctypes.c_size_t(values.nbytes))
        graph = _pointer(api.ggml_new_graph(self._context))
        api.ggml_build_forward_expand(graph, self._result)
        assert api.ggml_backend_graph_compute(backend, graph) == 0
        result = np.full(self._exact.shape, np.nan, np.float32)
        api.ggml_backend_tensor_get(self._result, result.ctypes, ctypes.c_size_t(0), ctypes.c_size_t(result.nbytes))
        api.ggml_backend_buffer_free(buffer)
        api.ggml_backend_free(backend)
        return result

    def error(self, threads: int) -> float:
        """Return the largest error against float arithmetic, relative to the size of the results."""
        return float(np.abs(self.computed(threads) - self._exact).max() / np.sqrt(np.mean(self._exact**2)))

    def close(self) -> None:
        _ggml().ggml_free(self._context)
