"""Convert a sentence-transformers folder (BERT, safetensors, WordPiece) to one GGUF: convert SRC DST."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from inference.quantization.gguf import EncoderSpec, Tensor, gguf_name, write_encoder

_SPECIAL = ("[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]")


class UnsupportedModelError(ValueError):
    """The folder holds a model that this converter does not know."""


def convert_embedding_model(source_dir: Path, target: Path) -> Path:
    """Write the model in `source_dir` to `target` and return it.

    The file appears whole or not at all: it is written beside the target, flushed, then renamed.
    Raises UnsupportedModelError for anything but a mean-pooled BERT, OSError when a file is missing.
    """
    spec = _read_spec(source_dir)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        write_encoder(partial, spec, _read_tensors(source_dir / "model.safetensors", spec))
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def _read_json(path: Path) -> Mapping[str, object]:
    loaded = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(loaded, dict):
        raise UnsupportedModelError(f"{path.name} is {type(loaded).__name__}, not an object: is this a model's folder?")
    return loaded


def _integer(config: Mapping[str, object], key: str) -> int:
    value = config.get(key)
    if not isinstance(value, int):
        raise UnsupportedModelError(f"config.json has {key}={value!r}, not a whole number: use another model.")
    return value


def _read_spec(source: Path) -> EncoderSpec:
    config = _read_json(source / "config.json")
    if config.get("model_type") != "bert":
        raise UnsupportedModelError(f"model_type is {config.get('model_type')!r}: only 'bert' can be converted.")
    pooling = _read_json(source / "1_Pooling" / "config.json")
    if pooling.get("pooling_mode_mean_tokens") is not True:
        raise UnsupportedModelError("This model does not pool by mean: only mean pooling can be converted.")
    tokenizer = _read_json(source / "tokenizer_config.json")
    limits = _read_json(source / "sentence_bert_config.json")
    vocabulary = tuple((source / "vocab.txt").read_text(encoding="utf-8").split("\n"))[: _integer(config, "vocab_size")]
    if len(vocabulary) != config["vocab_size"]:
        raise UnsupportedModelError(
            f"vocab.txt has {len(vocabulary)} lines, config.json says {config['vocab_size']!r}."
        )
    eps = config.get("layer_norm_eps", 1e-12)
    return EncoderSpec(
        name=str(config.get("_name_or_path", source.name)),
        layers=_integer(config, "num_hidden_layers"),
        width=_integer(config, "hidden_size"),
        feed_forward=_integer(config, "intermediate_size"),
        heads=_integer(config, "num_attention_heads"),
        # The model was trained and published for inputs this long: positions beyond are dropped, as the original does.
        context_tokens=min(_integer(limits, "max_seq_length"), _integer(config, "max_position_embeddings")),
        layer_norm_eps=float(eps) if isinstance(eps, int | float) else 1e-12,
        token_types=_integer(config, "type_vocab_size"),
        lowercase=tokenizer.get("do_lower_case") is not False,
        vocabulary=vocabulary,
        special={token: vocabulary.index(token) for token in _SPECIAL},
    )


def _read_tensors(path: Path, spec: EncoderSpec) -> Iterator[tuple[str, Tensor]]:
    with safe_open(path, framework="numpy") as stored:
        for key in sorted(stored.keys()):
            name = gguf_name(key)
            if name is None:
                continue
            tensor: Tensor = stored.get_tensor(key).astype(np.float32)
            yield name, tensor[: spec.context_tokens] if name == "position_embd.weight" else tensor


def main(arguments: list[str]) -> int:
    """Convert `SRC DST`; print the file written."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m inference.quantization.convert SRC DST\n")
        return 2
    source, target = map(Path, arguments)
    try:
        written = convert_embedding_model(source, target)
    except (ValueError, SafetensorError, OSError) as problem:
        sys.stderr.write(f"{source} cannot be converted: {problem}\n")
        return 1
    sys.stdout.write(f"{written}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
