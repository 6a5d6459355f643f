"""A row of branches (see `Packed`) as blocks of queries that see the same keys."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

MOST_QUERIES = 128
"""So many queries at most are computed together: more of them pay for keys that lie after most of them."""


@dataclass(frozen=True, slots=True)
class Block:
    """Queries `start` to `end`, which see keys 0 to `shared` and those from `own` up to each one itself."""

    start: int
    end: int
    shared: int
    own: int


def blocks(ends: Sequence[int]) -> Iterator[Block]:
    """Yield the blocks of a row, which hold each of its tokens once as a query, in their order."""
    for start in range(0, ends[0], MOST_QUERIES):
        yield Block(start, min(start + MOST_QUERIES, ends[0]), 0, 0)
    for own, end in pairwise(ends):
        for start in range(own, end, MOST_QUERIES):
            yield Block(start, min(start + MOST_QUERIES, end), ends[0], own)
