"""A LoRA adapter as the GGUF file that llama.cpp applies to a model of the llama architecture, and back again."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, quants
from numpy.typing import NDArray

from inference.gguf_header import check_gguf

Array = NDArray[np.float32]
Weights = dict[str, Array]
"""By peft's names: `model.layers.0.mlp.up_proj.lora_A`; A is (rank, inputs), B is (outputs, rank)."""

TENSORS: Mapping[str, str] = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_MODULES = {tensor: module for module, tensor in TENSORS.items()}


def adapter_write(weights: Weights, target: Path, *, alpha: float, heads: int, key_heads: int) -> None:
    """Write an adapter in f16. A half-written file never has its name."""
    partial = target.with_name(f".{target.name}.partial")
    writer = GGUFWriter(partial, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, values in sorted(weights.items()):
        layer, _, rest = name.removeprefix("model.layers.").partition(".")
        module, _, side = rest.rpartition(".lora_")
        turned = _heads_of(module, side, heads, key_heads)
        rows = _paired(values, turned) if turned else values
        writer.add_tensor(
            f"blk.{layer}.{TENSORS[module]}.weight.lora_{side.lower()}", np.ascontiguousarray(rows.astype(np.float16))
        )
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()
    partial.replace(target)


def adapter_read(file: Path, *, heads: int, key_heads: int) -> tuple[Weights, float]:
    """Return the weights and alpha of an adapter, so that training goes on from there."""
    check_gguf(file)
    reader = GGUFReader(file)
    alpha = reader.get_field("adapter.lora.alpha")
    if alpha is None:
        raise ValueError(f"{file.name!r} is no LoRA adapter: it has no adapter.lora.alpha.")
    weights: Weights = {}
    for tensor in reader.tensors:
        _, layer, tensor_name, _, side = tensor.name.split(".")
        module, letter = _MODULES[tensor_name], side.removeprefix("lora_").upper()
        values = quants.dequantize(tensor.data, GGMLQuantizationType(tensor.tensor_type)).astype(np.float32)
        turned = _heads_of(module, letter, heads, key_heads)
        weights[f"model.layers.{layer}.{module}.lora_{letter}"] = _halved(values, turned) if turned else values
    return weights, float(alpha.contents())


def _heads_of(module: str, side: str, heads: int, key_heads: int) -> int | None:
    """Return the heads whose rows are ordered otherwise in llama.cpp; None for what both order alike."""
    return {"self_attn.q_proj": heads, "self_attn.k_proj": key_heads}.get(module) if side == "B" else None


def _paired(rows: Array, heads: int) -> Array:
    """Order the rows of a head as llama.cpp's rotary embedding wants them: pairs instead of halves."""
    size = rows.shape[0] // heads // 2
    return rows.reshape(heads, 2, size, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)


def _halved(rows: Array, heads: int) -> Array:
    size = rows.shape[0] // heads // 2
    return rows.reshape(heads, size, 2, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)
