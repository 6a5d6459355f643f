"""The adapter that comes with us fits the embedded model."""

from pathlib import Path

import inference.starter
from inference.starter.adapter_file import adapter_read
from inference.starter.train import PROJECTIONS

SHIPPED = Path(inference.starter.__file__).parent / "starter.gguf"
HIDDEN, LAYERS, HEADS, KEY_HEADS = 576, 30, 9, 3


def test_the_adapter_has_a_pair_of_matrices_for_each_projection_of_each_layer() -> None:
    weights, alpha = adapter_read(SHIPPED, heads=HEADS, key_heads=KEY_HEADS)
    assert alpha == 32
    assert len(weights) == LAYERS * len(PROJECTIONS) * 2
    for name, weight in weights.items():
        assert 16 in weight.shape, name
        if "lora_A" in name and "down_proj" not in name:
            assert weight.shape == (16, HIDDEN), name
    assert SHIPPED.stat().st_size < 20 * 2**20
