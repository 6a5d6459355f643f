"""The passes that training computes by itself give what torch's own give, forwards and backwards."""

from itertools import pairwise
from typing import Any

import pytest

from inference.starter.blocks import blocks
from inference.starter.fused import attention, gate, norm, projection

pytestmark = pytest.mark.vllm

ENDS = (150, 170, 171, 320)
"""A shared part of more than one block, a short branch, one of a single token, and one of more than one block."""


def test_blocks_hold_each_token_once_and_in_order() -> None:
    row = list(blocks(ENDS))
    assert [token for block in row for token in range(block.start, block.end)] == list(range(ENDS[-1]))
    assert all(block.end - block.start <= 128 for block in row)
    assert [(block.shared, block.own) for block in row] == [
        (0, 0),
        (0, 0),
        (150, 150),
        (150, 170),
        (150, 171),
        (150, 171),
    ]


def test_attention_is_that_of_a_mask(torch: Any) -> None:
    torch.manual_seed(1)
    query, key, value = (_wanted(torch.randn(heads, ENDS[-1], 16, dtype=torch.float64)) for heads in (6, 2, 2))

    def masked() -> Any:
        branch = torch.zeros(ENDS[-1], dtype=torch.long)
        for number, (start, end) in enumerate(pairwise(ENDS), start=1):
            branch[start:end] = number
        is_shared = branch[None] == 0
        is_seen = torch.ones(ENDS[-1], ENDS[-1]).tril().bool() & (is_shared | (branch[None] == branch[:, None]))
        keys, values = (part.repeat_interleave(3, dim=0)[None] for part in (key, value))
        return torch.nn.functional.scaled_dot_product_attention(
            query[None], keys, values, attn_mask=is_seen, scale=1.0
        )[0]

    _same(torch, (query, key, value), masked, lambda: attention(query, key, value, tuple(blocks(ENDS))))


def test_a_projection_with_its_adapter(torch: Any) -> None:
    torch.manual_seed(2)
    weight = torch.randn(12, 8, dtype=torch.float64)
    inputs, down, up = (_wanted(torch.randn(*shape, dtype=torch.float64)) for shape in ((1, 5, 8), (3, 8), (12, 3)))
    _same(
        torch,
        (inputs, down, up),
        lambda: inputs @ weight.t() + 2.0 * (inputs @ down.t()) @ up.t(),
        lambda: projection(inputs, weight=weight, down=down, up=up, scale=2.0),
    )


def test_a_gate(torch: Any) -> None:
    torch.manual_seed(3)
    opening, up = (_wanted(torch.randn(1, 5, 8, dtype=torch.float64)) for _ in range(2))
    _same(torch, (opening, up), lambda: torch.nn.functional.silu(opening) * up, lambda: gate(opening, up))


def test_a_norm(torch: Any) -> None:
    torch.manual_seed(4)
    weight, inputs = torch.randn(8), _wanted(torch.randn(1, 5, 8))
    _same(
        torch,
        (inputs,),
        lambda: torch.nn.functional.rms_norm(inputs, (8,), weight, 1e-5),
        lambda: norm(inputs, weight=weight, epsilon=1e-5),
    )


@pytest.fixture
def torch() -> Any:
    pytest.importorskip("peft", reason="the training's own packages are not here")
    return pytest.importorskip("torch")


def _wanted(tensor: Any) -> Any:
    return tensor.requires_grad_()


def _same(torch: Any, inputs: Any, plain: Any, fused: Any) -> None:
    """Compare the results and the gradients of a sum that weighs each result differently."""
    expected, got = plain(), fused()
    torch.testing.assert_close(got, expected)
    weights = torch.randn_like(expected)
    wanted = torch.autograd.grad((expected * weights).sum(), inputs)
    torch.testing.assert_close(torch.autograd.grad((got * weights).sum(), inputs), wanted)
