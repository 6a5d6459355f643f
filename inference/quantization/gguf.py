"""Writing a BERT-like encoder as GGUF: names, metadata and vocabulary as llama.cpp reads them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, PoolingType, TokenType

Tensor = npt.NDArray[np.float32]
Purpose = Literal["embedding", "rerank"]

_SPACE = "\u2581"  # marks the start of a word; continuation pieces lose their ## instead

_TOP = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.position_embeddings.weight": "position_embd.weight",
    "embeddings.LayerNorm": "token_embd_norm",
}
_LAYER = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
_HEAD = {"pooler.dense": "cls", "classifier": "cls.output"}
# Read by the engine: a token plus this number is that token in the second text of a pair.
_SEGMENT_OFFSET = "atelier.second_segment_offset"
_SECOND = "\ue000"  # starts the name of a token's second copy; no text contains it after BERT's cleaning
_POOLING: Mapping[Purpose, PoolingType] = {"embedding": PoolingType.MEAN, "rerank": PoolingType.RANK}


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """The shape of the encoder and its vocabulary, one piece per row of the embedding matrix.

    A cross-encoder (`purpose` "rerank") with two token types gets a second copy of its vocabulary, see `pieces`.
    """

    name: str
    layers: int
    width: int
    feed_forward: int
    heads: int
    context_tokens: int
    layer_norm_eps: float
    token_types: int
    lowercase: bool
    vocabulary: tuple[str, ...]
    special: Mapping[str, int]
    purpose: Purpose = "embedding"

    @property
    def has_segments(self) -> bool:
        return self.purpose == "rerank" and self.token_types == 2

    @property
    def pieces(self) -> list[str]:
        """Every token as llama.cpp stores it; the second copy, if any, stands for tokens of a pair's second text."""
        first = [_piece(token) for token in self.vocabulary]
        return [*first, *(_SECOND + piece for piece in first)] if self.has_segments else first


def gguf_name(name: str, purpose: Purpose = "embedding") -> str | None:
    """Return llama.cpp's name for a tensor of a Hugging Face BERT, or None for one that it does not use."""
    name = name.removeprefix("bert.")
    if name in _TOP:
        return _TOP[name]
    stem, _, suffix = name.rpartition(".")
    if purpose == "rerank" and stem in _HEAD:
        return f"{_HEAD[stem]}.{suffix}"
    if stem in _TOP:
        return f"{_TOP[stem]}.{suffix}"
    if stem.startswith("encoder.layer."):
        number, _, part = stem.removeprefix("encoder.layer.").partition(".")
        if part in _LAYER:
            return f"blk.{int(number)}.{_LAYER[part]}.{suffix}"
    return None


def _piece(token: str) -> str:
    if token.startswith("[") and token.endswith("]"):
        return token
    return token[2:] if token.startswith("##") else _SPACE + token


def write_encoder(path: Path, spec: EncoderSpec, tensors: Iterable[tuple[str, Tensor]]) -> None:
    """Write matrices as float16 and vectors as float32 to `path`, with the WordPiece vocabulary and the pooling."""
    writer = GGUFWriter(path, "bert", use_temp_file=False)
    writer.add_name(spec.name)
    writer.add_context_length(spec.context_tokens)
    writer.add_embedding_length(spec.width)
    writer.add_feed_forward_length(spec.feed_forward)
    writer.add_block_count(spec.layers)
    writer.add_head_count(spec.heads)
    writer.add_layer_norm_eps(spec.layer_norm_eps)
    writer.add_causal_attention(False)
    writer.add_pooling_type(_POOLING[spec.purpose])
    writer.add_file_type(LlamaFileType.MOSTLY_F16)
    _add_vocabulary(writer, spec)
    for name, tensor in tensors:
        # Embeddings of positions and types are added to activations: llama.cpp wants those sums in float32.
        # A classifier's head is small, and its rounding would go straight into the score.
        is_matrix = tensor.ndim == 2 and not name.startswith(("position_embd", "token_types", "cls"))
        kind = GGMLQuantizationType.F16 if is_matrix else GGMLQuantizationType.F32
        writer.add_tensor(name, tensor.astype(np.float16 if is_matrix else np.float32), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_vocabulary(writer: GGUFWriter, spec: EncoderSpec) -> None:
    control = set(spec.special.values())
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(spec.pieces)
    writer.add_token_types([TokenType.CONTROL if i in control else TokenType.NORMAL for i in range(len(spec.pieces))])
    if spec.has_segments:
        writer.add_uint32(_SEGMENT_OFFSET, len(spec.vocabulary))
    writer.add_token_type_count(spec.token_types)
    writer.add_bool("tokenizer.ggml.normalizer.lowercase", spec.lowercase)
    add_id = {
        "[CLS]": writer.add_bos_token_id,
        "[SEP]": writer.add_sep_token_id,
        "[UNK]": writer.add_unk_token_id,
        "[PAD]": writer.add_pad_token_id,
        "[MASK]": writer.add_mask_token_id,
    }
    for token, number in spec.special.items():
        add_id[token](number)
