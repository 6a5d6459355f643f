"""The adapter that training may go on from fits the embedded model."""

from pathlib import Path

import inference.starter
from inference.starter.adapter_file import adapter_read

BEGUN = Path(inference.starter.__file__).parent / "begun.gguf"
HIDDEN, LAYERS, HEADS, KEY_HEADS = 576, 30, 9, 3


def test_the_adapter_that_is_begun_has_each_projection_of_each_layer() -> None:
    weights, alpha = adapter_read(BEGUN, heads=HEADS, key_heads=KEY_HEADS)
    assert alpha == 32
    assert len(weights) == LAYERS * 7 * 2
    for name, weight in weights.items():
        assert 16 in weight.shape, name
        if "lora_A" in name and "down_proj" not in name:
            assert weight.shape == (16, HIDDEN), name
    assert BEGUN.stat().st_size < 20 * 2**20
