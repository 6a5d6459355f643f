"""An adapter's file: what was written is read again, with the heads' rows in llama.cpp's order in between."""

from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFReader

from inference.errors import EngineFailedError
from inference.starter.adapter_file import TENSORS, adapter_read, adapter_write

HEADS, KEY_HEADS, SIZE, RANK = 4, 2, 8, 3


def weights() -> dict[str, np.ndarray]:
    chance = np.random.default_rng(5)
    rows = {
        "self_attn.q_proj": HEADS * SIZE,
        "self_attn.k_proj": KEY_HEADS * SIZE,
        "self_attn.v_proj": KEY_HEADS * SIZE,
    }
    made = {}
    for module in TENSORS:
        made[f"model.layers.1.{module}.lora_A"] = chance.normal(size=(RANK, 32)).astype(np.float16).astype(np.float32)
        shape = (rows.get(module, 32), RANK)
        made[f"model.layers.1.{module}.lora_B"] = chance.normal(size=shape).astype(np.float16).astype(np.float32)
    return made


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    adapter_write(weights(), file, alpha=6.0, heads=HEADS, key_heads=KEY_HEADS)
    read, alpha = adapter_read(file, heads=HEADS, key_heads=KEY_HEADS)
    assert alpha == 6.0
    assert read.keys() == weights().keys()
    assert all(np.array_equal(read[name], values) for name, values in weights().items())
    assert [path.name for path in tmp_path.iterdir()] == ["a.gguf"], "no half-written file stays"


def test_rows_of_a_head_stand_in_pairs_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    adapter_write(weights(), file, alpha=6.0, heads=HEADS, key_heads=KEY_HEADS)
    stored = {tensor.name: tensor.data for tensor in GGUFReader(file).tensors}
    halves = weights()["model.layers.1.self_attn.q_proj.lora_B"]
    # Row 1 of a head in the file is the first of its second half, as llama.cpp's rotary embedding has them.
    assert np.array_equal(stored["blk.1.attn_q.weight.lora_b"][1], halves[SIZE // 2].astype(np.float16))
    values = weights()["model.layers.1.self_attn.v_proj.lora_B"]
    assert np.array_equal(stored["blk.1.attn_v.weight.lora_b"], values.astype(np.float16))


def test_what_is_no_adapter_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(b"no adapter at all")
    with pytest.raises(EngineFailedError):
        adapter_read(file, heads=HEADS, key_heads=KEY_HEADS)
