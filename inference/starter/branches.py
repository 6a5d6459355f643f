"""Attention over a row of branches (see `Packed`): the shared tokens once, each branch over them and itself."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from inference.starter.blocks import blocks
from inference.starter.fused import attention

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
    Returns (1, tokens, heads, size). On a processor it is computed by passes of our own.
    """
    if query.device.type == "cpu":
        attended = attention(query[0], key[0] * scaling, value[0], tuple(blocks(ends)))[None]
    else:
        attended = _with_torch(query, key, value, ends, scaling)
    return attended.transpose(1, 2).contiguous(), None


def _with_torch(query: "Tensor", key: "Tensor", value: "Tensor", ends: Sequence[int], scaling: float) -> "Tensor":
    import torch
    from torch.nn.attention.bias import causal_lower_right

    attend = torch.nn.functional.scaled_dot_product_attention
    groups = query.shape[1] // key.shape[1]
    lengths = [ends[0], *(end - start for start, end in pairwise(ends))]
    # Split, not sliced: the gradient of a slice is written over a whole row of zeros.
    shared_queries, *queries = query.split(lengths, dim=2)
    shared_keys, *keys = key.repeat_interleave(groups, dim=1).split(lengths, dim=2)
    shared_values, *values = value.repeat_interleave(groups, dim=1).split(lengths, dim=2)
    parts = [attend(shared_queries, shared_keys, shared_values, is_causal=True, scale=scaling)]
    for own_queries, own_keys, own_values in zip(queries, keys, values, strict=True):
        all_keys = torch.cat((shared_keys, own_keys), dim=2)
        all_values = torch.cat((shared_values, own_values), dim=2)
        mask = causal_lower_right(own_queries.shape[2], all_keys.shape[2])
        parts.append(attend(own_queries, all_keys, all_values, attn_mask=mask, scale=scaling))
    return torch.cat(parts, dim=2)
