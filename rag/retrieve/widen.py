"""Widens hits by the chunks around them: small things are found, their surroundings are read."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.types import Hit

_LEAST_OVERLAP = 10
_MOST_OVERLAP = 1000

Around = Callable[[Hit], list[Hit]]
"""The hit with its neighbours, in the order of their document."""


def widen(hits: Sequence[Hit], around: Around) -> list[Hit]:
    """Return hits with the text of their neighbours; what stands in an earlier hit already is not said twice."""
    said: set[str] = set()
    widened: list[Hit] = []
    for hit in hits:
        if hit.chunk_id in said:
            continue
        parts = [part for part in around(hit) if part.chunk_id not in said]
        said.update(part.chunk_id for part in parts)
        text = ""
        for part in parts:
            text = joined(text, part.text)
        widened.append(replace(hit, text=text or hit.text, child=hit.child or hit.text))
    return widened


def joined(before: str, after: str) -> str:
    """Join two texts that follow each other; what the second repeats of the first's end stands once."""
    if not before:
        return after
    for size in range(min(len(before), len(after), _MOST_OVERLAP), _LEAST_OVERLAP - 1, -1):
        if before.endswith(after[:size]):
            return before + after[size:]
    return f"{before}\n{after}"
