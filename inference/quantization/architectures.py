"""What llama.cpp must know of each family of models: settings, and how its tensors differ from the published ones."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from gguf import MODEL_ARCH, GGUFWriter, RopeScalingType

from inference.quantization.checkpoint import Array
from inference.quantization.errors import UnsupportedModelError

Config = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Family:
    """One `model_type`. `add` writes what no other family has; `check` refuses what llama.cpp would compute wrongly."""

    arch: MODEL_ARCH
    activation: str = "silu"
    interleaves: bool = False  # rows of q and k are reordered: llama.cpp rotates neighbours, the original halves
    norm_shift: float = 0.0  # added to the weights of norms
    has_own_output: bool = True  # False: the output matrix is always the embedding
    add: Callable[[GGUFWriter, Config], None] = lambda _writer, _config: None
    check: Callable[[Config], None] = lambda _config: None

    def adapt(self, name: str, tensor: Array, config: Config) -> Array:
        """Return the tensor of this (original) name as llama.cpp multiplies it."""
        if self.norm_shift and name.endswith("norm.weight"):
            return tensor + np.float32(self.norm_shift)
        if self.interleaves and name.endswith((".q_proj.weight", ".q_proj.bias")):
            return _interleaved(tensor, number(config, "num_attention_heads"))
        if self.interleaves and name.endswith((".k_proj.weight", ".k_proj.bias")):
            return _interleaved(tensor, kv_heads(config))
        return tensor


def family_of(config: Config) -> Family:
    """Return the family of a model. Raises UnsupportedModelError, naming the families there are."""
    kind = config.get("model_type")
    family = FAMILIES.get(kind) if isinstance(kind, str) else None
    if family is None:
        raise UnsupportedModelError(
            f"The architecture {kind!r} is not known here: {', '.join(FAMILIES)} and bert can be converted. "
            "Get the model as a GGUF file instead."
        )
    activation = config.get("hidden_activation") or config.get("hidden_act")
    if kind == "gemma" and activation == "gelu":
        activation = family.activation  # how the first releases named it
    if activation is not None and activation != family.activation:
        raise UnsupportedModelError(f"The activation {activation!r} is not {family.activation!r}: use a GGUF file.")
    family.check(config)
    return family


def number(config: Config, key: str) -> int:
    """Return a whole number of config.json."""
    value = config.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise UnsupportedModelError(f"config.json has {key}={value!r}, no positive whole number: use another model.")
    return value


def real(config: Config, key: str, default: float | None = None) -> float:
    """Return a number of config.json."""
    value = config.get(key, default)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise UnsupportedModelError(f"config.json has {key}={value!r}, no number: use another model.")
    return float(value)


def kv_heads(config: Config) -> int:
    """Return how many heads keys and values have."""
    given = config.get("num_key_value_heads")
    return number(config, "num_attention_heads" if given is None else "num_key_value_heads")


def head_width(config: Config) -> int:
    """Return the width of one head."""
    if config.get("head_dim") is not None:
        return number(config, "head_dim")
    return number(config, "hidden_size") // number(config, "num_attention_heads")


def rope_of(config: Config, kind: str = "full_attention") -> Config:
    """Return the settings of the rotary embedding, from where each generation of files has put them."""
    told = config.get("rope_parameters") or config.get("rope_scaling") or {}
    rope = dict(told) if isinstance(told, dict) else {}
    nested = rope.get(kind)
    if isinstance(nested, dict):
        rope = dict(nested)
    for key in ("rope_theta", "partial_rotary_factor"):
        if key not in rope and config.get(key) is not None:
            rope[key] = config[key]
    if "original_max_position_embeddings" in config:
        rope.setdefault("original_max_position_embeddings", config["original_max_position_embeddings"])
    rope.setdefault("rope_type", rope.get("type", "default"))
    return rope


def settings_add(writer: GGUFWriter, family: Family, config: Config) -> None:
    """Write every setting but those of the vocabulary."""
    writer.add_block_count(number(config, "num_hidden_layers"))
    writer.add_context_length(context_tokens(config))
    writer.add_embedding_length(number(config, "hidden_size"))
    writer.add_feed_forward_length(number(config, "intermediate_size"))
    writer.add_head_count(number(config, "num_attention_heads"))
    writer.add_head_count_kv(kv_heads(config))
    if config.get("head_dim") is not None:
        writer.add_key_length(head_width(config))
        writer.add_value_length(head_width(config))
    if "layer_norm_eps" in config:
        writer.add_layer_norm_eps(real(config, "layer_norm_eps"))
    else:
        writer.add_layer_norm_rms_eps(real(config, "rms_norm_eps", 1e-6))
    rope = rope_of(config)
    if rope.get("rope_theta") is not None:
        writer.add_rope_freq_base(real(rope, "rope_theta"))
    writer.add_rope_dimension_count(int(head_width(config) * real(rope, "partial_rotary_factor", 1.0)))
    _scaling_add(writer, rope)
    family.add(writer, config)


def context_tokens(config: Config) -> int:
    """Return the longest context in which llama.cpp computes what the original does."""
    limit = number(config, "max_position_embeddings")
    if config.get("model_type") == "mistral" and isinstance(config.get("sliding_window"), int):
        return min(limit, number(config, "sliding_window"))
    return limit


def extra_tensors(config: Config) -> Iterator[tuple[str, Array]]:
    """Yield the tensors that the original computes from its settings."""
    rope = rope_of(config)
    match rope["rope_type"]:
        case "llama3":
            yield "rope_freqs.weight", _llama3_factors(rope, head_width(config))
        case "longrope" | "su":
            for name, key in (("rope_factors_long", "long_factor"), ("rope_factors_short", "short_factor")):
                yield f"{name}.weight", np.asarray(rope.get(key), np.float32)


def _scaling_add(writer: GGUFWriter, rope: Config) -> None:
    match rope["rope_type"]:
        case "default" | "llama3":
            return
        case "linear":
            writer.add_rope_scaling_type(RopeScalingType.LINEAR)
            writer.add_rope_scaling_factor(real(rope, "factor"))
        case "yarn":
            writer.add_rope_scaling_type(RopeScalingType.YARN)
            writer.add_rope_scaling_factor(real(rope, "factor"))
            writer.add_rope_scaling_orig_ctx_len(number(rope, "original_max_position_embeddings"))
        case "longrope" | "su":
            writer.add_rope_scaling_type(RopeScalingType.LONGROPE)
        case other:
            raise UnsupportedModelError(f"The rotary embedding {other!r} is not known here: use a GGUF file.")


def _interleaved(tensor: Array, heads: int) -> Array:
    """Reorder rows (heads, 2, half) to (heads, half, 2)."""
    shape = tensor.shape
    return tensor.reshape(heads, 2, shape[0] // heads // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


def _llama3_factors(rope: Config, width: int) -> Array:
    """Return by how much each frequency is slowed; from Meta's reference code for Llama 3.1."""
    frequencies = real(rope, "rope_theta", 10_000.0) ** (-np.arange(0, width, 2, dtype=np.float64) / width)
    wavelengths = 2 * math.pi / frequencies
    factor, low, high = (real(rope, key) for key in ("factor", "low_freq_factor", "high_freq_factor"))
    original = real(rope, "original_max_position_embeddings")
    smooth = (original / wavelengths - low) / (high - low)
    between = 1 / ((1 - smooth) / factor + smooth)
    slowed = np.where(wavelengths > original / low, factor, between)
    return np.where(wavelengths < original / high, 1.0, slowed).astype(np.float32)


def _qwen2_check(config: Config) -> None:
    if config.get("use_sliding_window") is True:
        raise UnsupportedModelError("use_sliding_window is set, which llama.cpp does not compute for this family.")


def _gemma2_add(writer: GGUFWriter, config: Config) -> None:
    writer.add_attn_logit_softcapping(real(config, "attn_logit_softcapping"))
    writer.add_final_logit_softcapping(real(config, "final_logit_softcapping"))
    writer.add_sliding_window(number(config, "sliding_window"))


def _gemma3_add(writer: GGUFWriter, config: Config) -> None:
    writer.add_sliding_window(number(config, "sliding_window"))
    local = config.get("rope_local_base_freq") or rope_of(config, "sliding_attention").get("rope_theta")
    if local is not None:
        writer.add_rope_freq_base_swa(real({"rope_local_base_freq": local}, "rope_local_base_freq"))


def _gemma_check(layers_a_round: int, largest_layers: int) -> Callable[[Config], None]:
    """Return a check of what llama.cpp fixes for Gemma 2 and 3: which layers see all, and the scale of queries."""

    def check(config: Config) -> None:
        layers = number(config, "num_hidden_layers")
        kinds = ["full_attention" if (i + 1) % layers_a_round == 0 else "sliding_attention" for i in range(layers)]
        told = config.get("layer_types", kinds)
        if not isinstance(told, Sequence) or list(told) != kinds:
            raise UnsupportedModelError(f"layer_types is not 'full_attention' in every {layers_a_round}th layer.")
        heads, hidden = number(config, "num_attention_heads"), number(config, "hidden_size")
        scale = hidden // heads if layers == largest_layers else head_width(config)
        if real(config, "query_pre_attn_scalar", scale) != scale:
            raise UnsupportedModelError(f"query_pre_attn_scalar is {config['query_pre_attn_scalar']!r}, not {scale}.")
        if config.get("model_type") == "gemma3_text" and config.get("attn_logit_softcapping") is not None:
            raise UnsupportedModelError("attn_logit_softcapping is set, which llama.cpp does not compute for Gemma 3.")

    return check


def _phi3_add(writer: GGUFWriter, config: Config) -> None:
    rope = rope_of(config)
    original = int(real(rope, "original_max_position_embeddings", number(config, "max_position_embeddings")))
    writer.add_rope_scaling_orig_ctx_len(original)
    window = config.get("sliding_window")
    writer.add_sliding_window(window if isinstance(window, int) else 0)
    if rope["rope_type"] in {"longrope", "su"}:
        scale = number(config, "max_position_embeddings") / original
        writer.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(scale) / math.log(original)) if scale > 1 else 1.0)


FAMILIES: Mapping[str, Family] = {
    "llama": Family(MODEL_ARCH.LLAMA, interleaves=True),
    "mistral": Family(MODEL_ARCH.LLAMA, interleaves=True),
    "qwen2": Family(MODEL_ARCH.QWEN2, check=_qwen2_check),
    "qwen3": Family(MODEL_ARCH.QWEN3, check=_qwen2_check),
    "gemma": Family(MODEL_ARCH.GEMMA, "gelu_pytorch_tanh", norm_shift=1.0, has_own_output=False),
    "gemma2": Family(
        MODEL_ARCH.GEMMA2, "gelu_pytorch_tanh", norm_shift=1.0, has_own_output=False,
        add=_gemma2_add, check=_gemma_check(2, 46),
    ),
    "gemma3_text": Family(
        MODEL_ARCH.GEMMA3, "gelu_pytorch_tanh", norm_shift=1.0, has_own_output=False,
        add=_gemma3_add, check=_gemma_check(6, 62),
    ),
    "phi": Family(MODEL_ARCH.PHI2, "gelu_new"),
    "phi3": Family(MODEL_ARCH.PHI3, add=_phi3_add),
    "glm": Family(MODEL_ARCH.CHATGLM),
    "glm4": Family(MODEL_ARCH.GLM4),
}  # fmt: skip
"""By the `model_type` of config.json."""
