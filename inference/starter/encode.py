"""From a sample to token ids, and which of them are learned: the answers, with the mark that ends them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inference.chat_template import ChatTemplate, Conversation
from inference.starter.samples import Sample

Tokenize = Callable[[str], list[int]]
"""Text with the marks of a template in it → token ids."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """`ids` and, of the same length, whether each is learned."""

    ids: tuple[int, ...]
    learned: tuple[bool, ...]


def encode(sample: Sample, template: ChatTemplate, tokenize: Tokenize) -> Encoded:
    """Render the sample as the server does, turn by turn, so that what is learned is exactly what it will be asked."""
    ids: list[int] = []
    learned: list[bool] = []
    done = ""
    for number, message in enumerate(sample.messages):
        if message.role != "assistant":
            continue
        asked = template.render(Conversation(sample.messages[:number], sample.tools))
        said = template.render(Conversation(sample.messages[: number + 1], sample.tools, opens_answer=False))
        if not (asked.startswith(done) and said.startswith(asked)):
            raise ValueError("the template writes earlier turns anew: a sample cannot be learned in one piece")
        for text, is_learned in ((asked[len(done) :], False), (said[len(asked) :], number >= sample.learned_from)):
            pieces = tokenize(text)
            ids += pieces
            learned += [is_learned] * len(pieces)
        done = said
    return Encoded(tuple(ids), tuple(learned))


@dataclass(frozen=True, slots=True)
class Packed:
    """Samples in one row: what they share once, then each one's own rest, a branch that sees the rest of no other.

    `ends` says where the shared tokens end, then each branch; `positions` go on from what is shared in every branch.
    """

    ids: tuple[int, ...]
    learned: tuple[bool, ...]
    positions: tuple[int, ...]
    ends: tuple[int, ...]


def packed(samples: Sequence[Encoded]) -> Packed:
    """Lay samples side by side. Nothing that is learned is shared, so that each token's predecessor is the one before.

    Computes what `len(samples)` rows would, for the price of the shared tokens once.
    """
    shared = _shared(samples)
    ids, learned = list(samples[0].ids[:shared]), [False] * shared
    positions, ends = list(range(shared)), [shared]
    for sample in samples:
        ids += sample.ids[shared:]
        learned += sample.learned[shared:]
        positions += range(shared, len(sample.ids))
        ends.append(len(ids))
    return Packed(tuple(ids), tuple(learned), tuple(positions), tuple(ends))


def _shared(samples: Sequence[Encoded]) -> int:
    """Return how many tokens all begin with, one before the first that any of them learns at most."""
    # The token before a learned one belongs to the branch: it is what the learned one is predicted from.
    most = min(sample.learned.index(True) - 1 for sample in samples)
    for at, tokens in enumerate(zip(*(sample.ids[:most] for sample in samples), strict=True)):
        if len(set(tokens)) > 1:
            return at
    return most
