"""Random text generators small enough for tests, one for each family, as the folders that are published."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

Array = npt.NDArray[np.float32]
DATA = Path(__file__).parent / "data"
TOKENIZER = DATA / "tiny_tokenizer.json"
VOCABULARY, WIDTH, HEADS, KV_HEADS, FEED_FORWARD = 320, 64, 4, 2, 128
TOKENS = tuple(int(token) for token in np.random.default_rng(1).integers(3, VOCABULARY, 24))
"""The prompt whose last logits are compared: longer than the sliding windows."""

_SILU: Mapping[str, object] = {"hidden_act": "silu"}
_GELU: Mapping[str, object] = {"hidden_activation": "gelu_pytorch_tanh", "tie_word_embeddings": True, "head_dim": 32}
_LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
_HALF = {"rope_type": "default", "rope_theta": 10_000.0, "partial_rotary_factor": 0.5}
CONFIGS: Mapping[str, Mapping[str, object]] = {
    "llama": {"model_type": "llama", **_SILU, "rms_norm_eps": 1e-5},
    "llama3": {"model_type": "llama", **_SILU, "rope_parameters": _LLAMA3, "head_dim": 32, "attention_bias": True},
    "mistral": {"model_type": "mistral", **_SILU, "sliding_window": None},
    "qwen2": {"model_type": "qwen2", **_SILU, "tie_word_embeddings": True},
    "qwen3": {"model_type": "qwen3", **_SILU, "head_dim": 32},
    "gemma": {"model_type": "gemma", **_GELU},
    "gemma2": {
        "model_type": "gemma2", **_GELU, "sliding_window": 8, "query_pre_attn_scalar": 32,
        "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0,
    },
    "gemma3": {
        "model_type": "gemma3_text", **_GELU, "sliding_window": 8, "query_pre_attn_scalar": 32, "num_hidden_layers": 6,
        "rope_theta": 1_000_000.0, "rope_local_base_freq": 10_000.0,
    },
    "phi": {"model_type": "phi", "hidden_act": "gelu_new", "layer_norm_eps": 1e-5, "rope_parameters": _HALF},
    "phi3": {"model_type": "phi3", **_SILU, "sliding_window": None, "num_key_value_heads": HEADS},
    "glm": {"model_type": "glm", **_SILU, "head_dim": 16, "rope_parameters": _HALF, "attention_bias": True},
    "glm4": {"model_type": "glm4", **_SILU, "head_dim": 16, "rope_parameters": _HALF, "attention_bias": True},
}  # fmt: skip
ARCHITECTURES = {
    "llama": "LlamaForCausalLM", "mistral": "MistralForCausalLM", "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM", "gemma": "GemmaForCausalLM", "gemma2": "Gemma2ForCausalLM",
    "gemma3_text": "Gemma3ForCausalLM", "phi": "PhiForCausalLM", "phi3": "Phi3ForCausalLM",
    "glm": "GlmForCausalLM", "glm4": "Glm4ForCausalLM",
}  # fmt: skip


def config_of(name: str) -> dict[str, object]:
    """Return the config.json of one of the models."""
    own = CONFIGS[name]
    return {
        "architectures": [ARCHITECTURES[str(own["model_type"])]],
        "vocab_size": VOCABULARY,
        "hidden_size": WIDTH,
        "intermediate_size": FEED_FORWARD,
        "num_hidden_layers": 2,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "max_position_embeddings": 128,
        "rope_theta": 10_000.0,
        "tie_word_embeddings": False,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
        "torch_dtype": "float32",
        **({} if own["model_type"] == "phi" else {"rms_norm_eps": 1e-6}),
        **own,
    }


def weights_of(name: str) -> dict[str, Array]:
    """Return the weights under their published names; the same on every machine, see `fingerprint`."""
    random = np.random.default_rng(sum(name.encode()))
    shapes = _shapes(name)
    return {key: _values(random, key, shape) for key, shape in shapes.items()}


def fingerprint(name: str) -> str:
    """Return a digest of the weights: the stored logits belong to these and to no others."""
    digest = hashlib.sha256()
    for key, values in weights_of(name).items():
        digest.update(key.encode() + values.tobytes())
    return digest.hexdigest()


def write_folder(folder: Path, name: str, weights: Mapping[str, Array] | None = None) -> Path:
    """Write one of the models as it would be published, and return the folder."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config_of(name)))
    save_file(dict(weights or weights_of(name)), folder / "model.safetensors", {"format": "pt"})
    shutil.copy(TOKENIZER, folder / "tokenizer.json")
    settings = {"bos_token": "<s>", "eos_token": "</s>", "chat_template": "{{ messages[0]['content'] }}"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def _values(random: np.random.Generator, key: str, shape: tuple[int, ...]) -> Array:
    if len(shape) == 1:
        return (random.normal(size=shape) * 0.1 + (0.0 if key.endswith("bias") else 1.0)).astype(np.float32)
    values: Array = (random.normal(size=shape) * (1.5 / np.sqrt(shape[1]))).astype(np.float32)
    return values


def _shapes(name: str) -> dict[str, tuple[int, ...]]:
    config = config_of(name)
    kind = str(config["model_type"])
    layers, heads, kv = (
        int(str(config[key])) for key in ("num_hidden_layers", "num_attention_heads", "num_key_value_heads")
    )
    head = int(str(config.get("head_dim") or WIDTH // heads))
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (VOCABULARY, WIDTH)}
    for layer in range(layers):
        parts = _phi_layer(head) if kind == "phi" else _layer(kind, config, heads * head, kv * head, head)
        shapes |= {f"model.layers.{layer}.{part}": shape for part, shape in parts.items()}
    if kind == "phi":
        shapes |= {"model.final_layernorm.weight": (WIDTH,), "model.final_layernorm.bias": (WIDTH,)}
        return shapes | {"lm_head.weight": (VOCABULARY, WIDTH), "lm_head.bias": (VOCABULARY,)}
    shapes["model.norm.weight"] = (WIDTH,)
    return shapes if config["tie_word_embeddings"] else shapes | {"lm_head.weight": (VOCABULARY, WIDTH)}


def _layer(kind: str, config: Mapping[str, object], q: int, kv: int, head: int) -> dict[str, tuple[int, ...]]:
    parts: dict[str, tuple[int, ...]] = {
        "input_layernorm.weight": (WIDTH,),
        "post_attention_layernorm.weight": (WIDTH,),
    }
    if kind == "phi3":
        parts["self_attn.qkv_proj.weight"] = (q + 2 * kv, WIDTH)
    else:
        sizes = {"q": q, "k": kv, "v": kv}
        parts |= {f"self_attn.{part}_proj.weight": (size, WIDTH) for part, size in sizes.items()}
        if kind == "qwen2" or config.get("attention_bias"):
            parts |= {f"self_attn.{part}_proj.bias": (size,) for part, size in sizes.items()}
    parts["self_attn.o_proj.weight"] = (WIDTH, q)
    if kind == "llama" and config.get("attention_bias"):
        parts["self_attn.o_proj.bias"] = (WIDTH,)
    if kind in {"qwen3", "gemma3_text"}:
        parts |= {"self_attn.q_norm.weight": (head,), "self_attn.k_norm.weight": (head,)}
    if kind in {"gemma2", "gemma3_text"}:
        parts |= {f"{part}_feedforward_layernorm.weight": (WIDTH,) for part in ("pre", "post")}
    if kind == "glm4":
        parts |= {f"post_{part}_layernorm.weight": (WIDTH,) for part in ("self_attn", "mlp")}
    if kind in {"phi3", "glm", "glm4"}:
        parts["mlp.gate_up_proj.weight"] = (2 * FEED_FORWARD, WIDTH)
    else:
        parts |= {f"mlp.{part}_proj.weight": (FEED_FORWARD, WIDTH) for part in ("gate", "up")}
    return parts | {"mlp.down_proj.weight": (WIDTH, FEED_FORWARD)}


def _phi_layer(head: int) -> dict[str, tuple[int, ...]]:
    linear = {
        "self_attn.q_proj": (HEADS * head, WIDTH),
        "self_attn.k_proj": (KV_HEADS * head, WIDTH),
        "self_attn.v_proj": (KV_HEADS * head, WIDTH),
        "self_attn.dense": (WIDTH, HEADS * head),
        "mlp.fc1": (FEED_FORWARD, WIDTH),
        "mlp.fc2": (WIDTH, FEED_FORWARD),
    }
    parts: dict[str, tuple[int, ...]] = {"input_layernorm.weight": (WIDTH,), "input_layernorm.bias": (WIDTH,)}
    for name, (out, wide) in linear.items():
        parts |= {f"{name}.weight": (out, wide), f"{name}.bias": (out,)}
    return parts
