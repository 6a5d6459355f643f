"""Attention over a row of branches (see `Packed`): the shared tokens once, each branch over them and itself."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

BRANCHED = "branched"


def branched_attention(
    module: "nn.Module",
    query: "Tensor",
    key: "Tensor",
    value: "Tensor",
    attention_mask: "Tensor | None",
    *,
    ends: Sequence[int],
    scaling: float,
    **_others: object,
) -> "tuple[Tensor, None]":
    """Attend as transformers asks it of an implementation.

    `query` is (1, heads, tokens, size), `key` and `value` have fewer heads (grouped queries); `ends` are the row's.
    Returns (1, tokens, heads, size). A mask of tokens by tokens would cost twice as much, most of it for nothing.
    """
    import torch
    from torch.nn.attention.bias import causal_lower_right

    attend = torch.nn.functional.scaled_dot_product_attention
    groups = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    shared_keys, shared_values = key[:, :, : ends[0]], value[:, :, : ends[0]]
    parts = [attend(query[:, :, : ends[0]], shared_keys, shared_values, is_causal=True, scale=scaling)]
    for start, end in pairwise(ends):
        keys = torch.cat((shared_keys, key[:, :, start:end]), dim=2)
        values = torch.cat((shared_values, value[:, :, start:end]), dim=2)
        mask = causal_lower_right(end - start, keys.shape[2])
        parts.append(attend(query[:, :, start:end], keys, values, attn_mask=mask, scale=scaling))
    return torch.cat(parts, dim=2).transpose(1, 2).contiguous(), None
