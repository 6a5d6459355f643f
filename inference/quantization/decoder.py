"""Converts a text generator from safetensors to GGUF, tensor by tensor."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, TensorNameMap, get_tensor_name_map
from gguf.constants import MODEL_ARCH_NAMES

from inference.quantization.architectures import Family, extra_tensors, family_of, number, settings_add
from inference.quantization.checkpoint import Array, Checkpoint, Stored
from inference.quantization.errors import QuantizationError, UnsupportedModelError
from inference.quantization.vocabulary import vocabulary_add
from inference.quantization.whole import whole_file

Progress = Callable[[float], None]
"""Hears the part that is done, from 0 to 1."""

_UNUSED = ("rotary_emb.inv_freq", ".attention.bias", ".masked_bias")
_EMBEDDING, _OUTPUT = "token_embd.weight", "output.weight"


def no_progress(_done: float) -> None:
    """Hear nothing."""


def convert_decoder(source_dir: Path, target: Path, progress: Progress = no_progress, *, exact: bool = False) -> Path:
    """Write the model in `source_dir` to `target`: matrices as float16, or as float32 where `exact`; vectors float32.

    The file appears whole or not at all. Memory: one tensor. Raises QuantizationError, and OSError from the disk.
    """
    checkpoint = Checkpoint(source_dir)
    family = family_of(checkpoint.config)
    with whole_file(target) as partial:
        _write(partial, checkpoint, family, progress, exact)
    return target


def _write(path: Path, checkpoint: Checkpoint, family: Family, progress: Progress, exact: bool) -> None:
    config = checkpoint.config
    named = _named(checkpoint, family)
    extra = dict(extra_tensors(config))
    writer = GGUFWriter(path, MODEL_ARCH_NAMES[family.arch], use_temp_file=False)
    writer.add_name(str(config.get("_name_or_path") or checkpoint.folder.resolve().name))
    writer.add_file_type(LlamaFileType.ALL_F32 if exact else LlamaFileType.MOSTLY_F16)
    settings_add(writer, family, config)
    size = named[_EMBEDDING].shape[0]
    writer.add_vocab_size(size)
    vocabulary_add(writer, checkpoint.folder, family.arch, size)
    for name, made in extra.items():
        writer.add_tensor_info(name, made.shape, made.dtype, made.nbytes, GGMLQuantizationType.F32)
    for name, stored in named.items():
        is_wide = exact or len(stored.shape) < 2
        dtype = np.dtype(np.float32 if is_wide else np.float16)
        kind = GGMLQuantizationType.F32 if is_wide else GGMLQuantizationType.F16
        writer.add_tensor_info(name, stored.shape, dtype, stored.elements * dtype.itemsize, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    try:
        for tensor in _tensors(extra, named, checkpoint, family, exact):
            writer.write_tensor_data(tensor)
            progress(min(1.0, path.stat().st_size / (2 * checkpoint.elements)))
    finally:
        writer.close()


def _tensors(
    extra: dict[str, Array], named: dict[str, Stored], checkpoint: Checkpoint, family: Family, exact: bool
) -> Iterator["np.ndarray[tuple[int, ...], np.dtype[np.float16 | np.float32]]"]:
    yield from extra.values()
    for name, stored in named.items():
        tensor = family.adapt(stored.name, checkpoint.read(stored.name), checkpoint.config)
        if exact or tensor.ndim < 2:
            yield tensor
            continue
        with np.errstate(over="ignore"):
            half = tensor.astype(np.float16)
        if not np.isfinite(half).all():
            raise UnsupportedModelError(f"The tensor {name!r} holds values that float16 cannot: use a GGUF file.")
        yield half


def _named(checkpoint: Checkpoint, family: Family) -> dict[str, Stored]:
    """Return the tensors by llama.cpp's names. Raises UnsupportedModelError for one that it does not know."""
    layers = number(checkpoint.config, "num_hidden_layers")
    names: TensorNameMap = get_tensor_name_map(family.arch, layers)
    is_tied = checkpoint.config.get("tie_word_embeddings") is True or not family.has_own_output
    named: dict[str, Stored] = {}
    for original, stored in checkpoint.tensors.items():
        if original.endswith(_UNUSED):
            continue
        name = names.get_name(original, try_suffixes=(".weight", ".bias"))
        if name is None:
            raise UnsupportedModelError(
                f"The tensor {original!r} is not known for {family.arch.name}: use a GGUF file."
            )
        if name == _OUTPUT and is_tied:
            continue
        named[name] = stored
    if _EMBEDDING not in named:
        raise QuantizationError(f"{checkpoint.folder.name!r} holds no embedding of tokens: is a shard missing?")
    return named
