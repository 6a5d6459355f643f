"""One thing to learn: a conversation as the platform would send it, with the answers that are wanted."""

from dataclasses import dataclass
from random import Random

from inference.types import Message, ToolSpec


@dataclass(frozen=True, slots=True)
class Sample:
    """What is learned are the assistant's messages, from number `learned_from` on (of all messages)."""

    kind: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    learned_from: int = 0


Group = tuple[Sample, ...]
"""Samples that begin alike, with the same passages or tools: training computes what they share once."""


def random_of(seed: int, number: int) -> Random:
    """Return the chance of one sample: the same for the same seed and number, whatever came before."""
    return Random(f"{seed}:{number}")  # noqa: S311  # which sample comes next is no secret
