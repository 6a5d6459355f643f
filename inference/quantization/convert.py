"""Convert a folder of safetensors to one GGUF: convert SRC DST. BERTs (WordPiece) are read here, others by decoder."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from inference.quantization.decoder import Progress, convert_decoder, no_progress
from inference.quantization.errors import QuantizationError, UnsupportedModelError
from inference.quantization.gguf import EncoderSpec, Tensor, gguf_name, write_encoder
from inference.quantization.whole import whole_file

_CROSS_ENCODER = "BertForSequenceClassification"
_SPECIAL = ("[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]")


__all__ = ["UnsupportedModelError", "convert", "convert_encoder", "main"]


def convert(source_dir: Path, target: Path, progress: Progress = no_progress) -> Path:
    """Write the model in `source_dir`, a text generator or a BERT, to `target` as a GGUF and return it.

    Raises QuantizationError for what cannot be converted, OSError where the file cannot be written.
    """
    if not (source_dir / "config.json").is_file() or _read_json(source_dir / "config.json").get("model_type") != "bert":
        return convert_decoder(source_dir, target, progress)
    return convert_encoder(source_dir, target)


def convert_encoder(source_dir: Path, target: Path) -> Path:
    """Write the model in `source_dir` to `target` and return it.

    A BertForSequenceClassification of one label becomes a cross-encoder, any other BERT an embedding model.
    The file appears whole or not at all: it is written beside the target, flushed, then renamed.
    Raises UnsupportedModelError for any other model or pooling, OSError when a file is missing.
    """
    spec = _read_spec(source_dir)
    with whole_file(target) as partial:
        write_encoder(partial, spec, _read_tensors(source_dir / "model.safetensors", spec))
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
    is_classifier = config.get("architectures") == [_CROSS_ENCODER]
    limit = _classifier_limit(source, config) if is_classifier else _embedding_limit(source)
    tokenizer = _read_json(source / "tokenizer_config.json")
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
        context_tokens=min(limit, _integer(config, "max_position_embeddings")),
        layer_norm_eps=float(eps) if isinstance(eps, int | float) else 1e-12,
        token_types=_integer(config, "type_vocab_size"),
        lowercase=tokenizer.get("do_lower_case") is not False,
        vocabulary=vocabulary,
        special={token: vocabulary.index(token) for token in _SPECIAL},
        purpose="rerank" if is_classifier else "embedding",
    )


def _embedding_limit(source: Path) -> int:
    pooling = _read_json(source / "1_Pooling" / "config.json")
    if pooling.get("pooling_mode_mean_tokens") is not True:
        raise UnsupportedModelError("This model does not pool by mean: only mean pooling can be converted.")
    return _integer(_read_json(source / "sentence_bert_config.json"), "max_seq_length")


def _classifier_limit(source: Path, config: Mapping[str, object]) -> int:
    labels = config.get("id2label")
    if not isinstance(labels, dict) or len(labels) != 1:
        raise UnsupportedModelError(f"id2label is {labels!r}: only a classifier of one label ranks documents.")
    if config.get("hidden_act") != "gelu":
        raise UnsupportedModelError(f"hidden_act is {config.get('hidden_act')!r}: only 'gelu' can be converted.")
    limit = _read_json(source / "tokenizer_config.json").get("model_max_length")
    return limit if isinstance(limit, int) else _integer(config, "max_position_embeddings")


def _read_tensors(path: Path, spec: EncoderSpec) -> Iterator[tuple[str, Tensor]]:
    with safe_open(path, framework="numpy") as stored:
        keys = {gguf_name(key, spec.purpose): key for key in sorted(stored.keys())}
        if spec.purpose == "rerank" and "cls.output.weight" not in keys:
            raise UnsupportedModelError(f"{path.name} holds no classifier: this model cannot rank.")
        for name, key in keys.items():
            if name is None:
                continue
            tensor: Tensor = stored.get_tensor(key).astype(np.float32)
            if name == "position_embd.weight":
                tensor = tensor[: spec.context_tokens]
            elif name == "token_embd.weight" and spec.has_segments:
                # llama.cpp adds the embedding of segment 0 to every token: the second copy carries the difference.
                types: Tensor = stored.get_tensor(keys["token_types.weight"]).astype(np.float32)
                tensor = np.concatenate([tensor, tensor + (types[1] - types[0])])
            yield name, tensor


def main(arguments: list[str]) -> int:
    """Convert `SRC DST`; print the file written."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m inference.quantization.convert SRC DST\n")
        return 2
    source, target = map(Path, arguments)
    try:
        written = convert(source, target)
    except (QuantizationError, ValueError, SafetensorError, OSError) as problem:
        sys.stderr.write(f"{source} cannot be converted: {problem}\n")
        return 1
    sys.stdout.write(f"{written}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
