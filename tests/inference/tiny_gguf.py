"""Writes GGUFs and folders of safetensors of a few kilobytes."""

import json
import struct
from pathlib import Path

import gguf
import numpy as np


def write_gguf(path: Path, *, architecture: str = "llama", name: str = "tiny", pooling: int | None = None) -> Path:
    """A file that is one by its header; no engine could compute with it."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name(name)
    writer.add_license("mit")
    writer.add_context_length(512)
    writer.add_embedding_length(64)
    writer.add_block_count(2)
    writer.add_feed_forward_length(128)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_chat_template("{{ messages }}")
    writer.add_token_list(["<s>", "</s>", "a", "b"])
    if pooling is not None:
        writer.add_pooling_type(gguf.PoolingType(pooling))
    writer.add_tensor("token_embd.weight", np.zeros((4, 64), dtype=np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def safetensors(elements: int = 8) -> bytes:
    """One tensor of float32."""
    entry = {"dtype": "F32", "shape": [elements], "data_offsets": [0, 4 * elements]}
    header = json.dumps({"__metadata__": {"format": "pt"}, "weight": entry}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4 * elements)


def write_folder(folder: Path, *, shards: int = 1) -> Path:
    """A model in safetensors, in one file or several."""
    folder.mkdir(parents=True)
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "max_position_embeddings": 256}
    (folder / "config.json").write_text(json.dumps(config))
    names = ["model.safetensors"]
    if shards > 1:
        names = [f"model-{at:05}-of-{shards:05}.safetensors" for at in range(1, shards + 1)]
        index = {"weight_map": {f"w{at}": name for at, name in enumerate(names)}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    for shard in names:
        (folder / shard).write_bytes(safetensors())
    return folder
