"""Says what a model file or folder is, without loading it; refuses what no engine here could open, with the reason."""

import importlib.util
import json
import math
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from inference.config import wheel_file
from inference.errors import BadModelFileError, StoreError
from inference.store.manifest import Manifest
from inference.store.values import Contents, read_contents
from inference.types import ModelKind

PICKLES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"})
FOLDER_FILES = frozenset({".safetensors", ".json", ".model", ".txt", ".md", ".jinja"})
_MAX_HEADER_BYTES = 100 * 2**20  # the format's own limit
_MAX_JSON_BYTES = 50 * 2**20
_ENCODERS = frozenset({
    "bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3", "eurobert",
    "gemma-embedding", "t5encoder",
})  # fmt: skip
_POOLING_RANK = 4  # llama.h: LLAMA_POOLING_TYPE_RANK; 1 to 3 make one vector of a text
_SPLIT = re.compile(r"-\d{5}-of-(\d{5})\.gguf$")

# llama.h: enum llama_ftype, as general.file_type says it.
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE",
}  # fmt: skip
_TENSOR_NAMES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K",
    13: "Q5_K", 14: "Q6_K", 20: "IQ4_NL", 23: "IQ4_XS", 30: "BF16", 39: "MXFP4",
}  # fmt: skip
# safetensors' types and their bits.
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Origin:
    """What the file cannot say itself. `engine` is who shall serve it; empty is the usual one."""

    id: str
    source: str
    sha256: str
    licence: str = ""
    added_at: str = ""
    engine: str = ""


def pickle_refuse(name: str) -> None:
    """Raise BadModelFileError for a file that may be a pickle; its content is not looked at."""
    if Path(name).suffix.lower() in PICKLES:
        raise BadModelFileError(
            f"{name!r} may be a pickle, which runs code when it is opened, so it was not opened: "
            "take the model as GGUF or safetensors."
        )


def describe_gguf(path: Path, origin: Origin) -> Manifest:
    """Return the manifest of a GGUF. Raises BadModelFileError or StoreError that says why it cannot be served."""
    pickle_refuse(path.name)
    if split := _SPLIT.search(path.name):
        raise StoreError(f"{path.name!r} is one of {int(split[1])} parts: join them with llama-gguf-split --merge.")
    contents = read_contents(path)
    architecture = contents.text("general.architecture")
    check_architecture(path.name, architecture)
    kind = _kind(contents, architecture)
    return Manifest(
        id=origin.id,
        kind=kind,
        format="gguf",
        file="model.gguf",
        source=origin.source,
        size_bytes=path.stat().st_size,
        sha256=origin.sha256,
        quantization=_quantization(contents),
        architecture=architecture,
        context_tokens=contents.integer(f"{architecture}.context_length"),
        parameters=contents.parameters,
        licence=origin.licence or contents.text("general.license"),
        has_chat_template=bool(contents.text("tokenizer.chat_template")),
        dimensions=contents.integer(f"{architecture}.embedding_length") if kind == "embedding" else 0,
        cache_elements=_cache_elements(contents, architecture),
        buffer_elements=max(
            contents.lengths.get("tokenizer.ggml.tokens", 0),
            contents.integer(f"{architecture}.feed_forward_length"),
            contents.integer(f"{architecture}.embedding_length"),
        ),
        added_at=origin.added_at,
    )


def check_architecture(name: str, architecture: str) -> None:
    """Raise StoreError for an architecture that llama.cpp does not know."""
    if not architecture:
        raise StoreError(f"{name!r} does not name its architecture: is it an adapter or a part of a model?")
    if architecture == "clip":
        raise StoreError(f"{name!r} only reads images for another model: add that model instead.")
    if architecture not in _architectures():
        raise StoreError(
            f"{name!r} has the unknown architecture {architecture[:80]!r}: this version of llama.cpp cannot run it. "
            "Update Atelier, or serve it with another server and add that as a provider."
        )


@cache
def _architectures() -> frozenset[str]:
    """Return the names that gguf-py knows, from its one file of constants: the package itself brings numpy."""
    spec = importlib.util.spec_from_file_location("atelier_gguf_constants", wheel_file("gguf", "constants.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return frozenset(module.MODEL_ARCH_NAMES.values())


def _kind(contents: Contents, architecture: str) -> ModelKind:
    pooling = contents.integer(f"{architecture}.pooling_type")
    if pooling == _POOLING_RANK or "classifier" in contents.text("general.type"):
        return "rerank"
    return "embedding" if architecture in _ENCODERS or 0 < pooling < _POOLING_RANK else "chat"


def _quantization(contents: Contents) -> str:
    named = _FILE_TYPES.get(contents.integer("general.file_type")) if "general.file_type" in contents.values else None
    if named:
        return named
    widest = max(contents.type_bytes, key=lambda kind: contents.type_bytes[kind])
    return _TENSOR_NAMES.get(widest, f"type {widest}")


def _cache_elements(contents: Contents, architecture: str) -> int:
    """Return keys and values of one token over all layers."""

    def of(key: str) -> int:
        return contents.integer(f"{architecture}.{key}")

    heads = of("attention.head_count") or 1
    cached_heads = of("attention.head_count_kv") or heads
    width = of("embedding_length") // heads
    per_head = (of("attention.key_length") or width) + (of("attention.value_length") or width)
    return of("block_count") * cached_heads * per_head


def describe_folder(folder: Path, origin: Origin) -> Manifest:
    """Return the manifest of a folder of safetensors with its config.json.

    Every shard's header is checked against its size. Raises BadModelFileError or StoreError that names the file.
    """
    names = sorted(item.name for item in folder.iterdir() if item.is_file())
    shards = [name for name in names if name.endswith(".safetensors")]
    if not shards:
        for name in names:
            pickle_refuse(name)
        raise StoreError(f"{folder.name!r} holds no safetensors: choose the folder with the model's files, or a GGUF.")
    config = _json_object(folder, "config.json")
    if "model.safetensors.index.json" in names:
        index = _json_object(folder, "model.safetensors.index.json").get("weight_map")
        wanted = set(index.values()) if isinstance(index, Mapping) else set()
        if missing := sorted(str(name) for name in wanted - set(shards)):
            raise StoreError(f"{folder.name!r} lacks {missing[0]!r}, one of {len(wanted)} shards: copy all of them.")
    tensors = [check_safetensors(folder / name) for name in shards]
    text = config.get("text_config")
    inner: Mapping[str, object] = text if isinstance(text, Mapping) else config
    context = inner.get("max_position_embeddings")
    architectures = config.get("architectures")
    named = str(architectures[0]) if isinstance(architectures, list) and architectures else ""
    if not named and not config.get("model_type"):
        raise StoreError(f"{folder.name!r}: config.json names no architecture, so nobody knows how to run it.")
    return Manifest(
        id=origin.id,
        kind="embedding" if named in {"BertModel", "XLMRobertaModel", "NomicBertModel"} else "chat",
        format="safetensors",
        file="",
        source=origin.source,
        size_bytes=sum((folder / name).stat().st_size for name in names),
        sha256=origin.sha256,
        quantization=_rounded(config) or max((kind for _, kind in tensors), default=""),
        architecture=str(config.get("model_type") or named),
        context_tokens=context if isinstance(context, int) else 0,
        parameters=sum(count for count, _ in tensors),
        licence=origin.licence,
        cache_elements=_folder_cache_elements(inner),
        buffer_elements=max(_integer(inner, key) for key in ("vocab_size", "intermediate_size", "hidden_size")),
        has_chat_template=(folder / "chat_template.jinja").exists()
        or bool(_optional(folder, "tokenizer_config.json").get("chat_template")),
        added_at=origin.added_at,
    )


def _rounded(config: Mapping[str, object]) -> str:
    """Return the bits of weights and activations as the field writes them, W4A16; empty for a model in 16 bits."""
    settings = config.get("quantization_config")
    if not isinstance(settings, Mapping):
        return ""
    groups = settings.get("config_groups")
    group: object = next(iter(groups.values()), None) if isinstance(groups, Mapping) else None
    told: Mapping[str, object] = group if isinstance(group, Mapping) else {}
    weights, inputs = told.get("weights"), told.get("input_activations")
    bits = weights.get("num_bits") if isinstance(weights, Mapping) else settings.get("bits")
    computed = inputs.get("num_bits") if isinstance(inputs, Mapping) else 16
    return f"W{bits}A{computed}" if isinstance(bits, int) else str(settings.get("quant_method") or "")


def _folder_cache_elements(config: Mapping[str, object]) -> int:
    heads = _integer(config, "num_attention_heads") or 1
    width = _integer(config, "head_dim") or _integer(config, "hidden_size") // heads
    return _integer(config, "num_hidden_layers") * (_integer(config, "num_key_value_heads") or heads) * width * 2


def _integer(config: Mapping[str, object], key: str) -> int:
    found = config.get(key)
    return found if isinstance(found, int) else 0


def check_safetensors(path: Path) -> tuple[int, str]:
    """Return the parameters of a shard and its widest type. Raises BadModelFileError when its header is not true."""

    def fault(what: str) -> BadModelFileError:
        return BadModelFileError(f"{path.name!r} cannot be used: {what}. Download it again.")

    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        if not 2 <= length <= min(_MAX_HEADER_BYTES, size - 8):
            raise fault("it does not start as safetensors do, or ends inside its header")
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError):
            raise fault("its header is not JSON") from None
    if not isinstance(header, dict):
        raise fault("its header is not an object")
    header.pop("__metadata__", None)
    ends, parameters, kinds = [0], 0, dict[str, int]()
    for name, entry in header.items():
        shape, kind, (start, end) = _tensor(name, entry, fault)
        count = math.prod(shape)
        if end - start != count * _BITS[kind] // 8:
            raise fault(f"the tensor {name[:80]!r} has {end - start} bytes, which is not its shape")
        ends.append(end)
        parameters += count
        kinds[kind] = kinds.get(kind, 0) + count
    needed = 8 + length + max(ends)
    if size != needed:
        raise fault(f"it has {size} bytes where its tensors need {needed}")
    return parameters, max(kinds, key=lambda kind: kinds[kind]) if kinds else ""


def _tensor(name: str, entry: object, fault: Callable[[str], BadModelFileError]) -> tuple[list[int], str, list[int]]:
    given: Mapping[str, object] = entry if isinstance(entry, dict) else {}
    kind = str(given.get("dtype"))
    if kind not in _BITS:
        raise fault(f"the tensor {name[:80]!r} has the unknown type {kind[:40]!r}")
    shape, offsets = _counts(given.get("shape")), _counts(given.get("data_offsets"))
    if shape is None or offsets is None or len(offsets) != 2:
        raise fault(f"the tensor {name[:80]!r} has no shape or place")
    return shape, kind, offsets


def _counts(given: object) -> list[int] | None:
    if isinstance(given, list) and all(isinstance(number, int) and 0 <= number < 2**48 for number in given):
        return given
    return None


def _json_object(folder: Path, name: str) -> Mapping[str, object]:
    path = folder / name
    if not path.is_file():
        raise StoreError(f"{folder.name!r} has no {name}: choose the folder with all of the model's files.")
    if path.stat().st_size > _MAX_JSON_BYTES:
        raise BadModelFileError(f"{name!r} is larger than {_MAX_JSON_BYTES >> 20} MiB: it is not a model's.")
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise BadModelFileError(f"{name!r} is not JSON: download it again.") from None
    if not isinstance(read, dict):
        raise BadModelFileError(f"{name!r} is not an object: download it again.")
    return read


def _optional(folder: Path, name: str) -> Mapping[str, object]:
    return _json_object(folder, name) if (folder / name).is_file() else {}
