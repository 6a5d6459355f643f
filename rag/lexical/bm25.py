"""BM25 as Lucene has it: what a word weighs, and how much of that a passage of some length earns.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009); Lucene's variant keeps idf
above zero and leaves the constant factor k1 + 1 out.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

K1 = 1.2
B = 0.75
MAX_TERMS = 256


@dataclass(frozen=True, slots=True)
class Norm:
    """The length part of BM25: a word that a passage has `count` times earns count / (count + base + slope · words)."""

    base: float
    slope: float

    def earned(self, count: int, words: int) -> float:
        """Return the share of a word's weight that a passage earns, in 0…1."""
        return count / (count + self.base + self.slope * words)


def norm_of(passages: int, words: int) -> Norm:
    """Return the norm for passages with so many words together."""
    mean = words / passages if passages and words else 1.0
    return Norm(K1 * (1 - B), K1 * B / mean)


def idf(passages: int, having: int) -> float:
    """Return what a word weighs that `having` of `passages` have."""
    return math.log(1 + (passages - having + 0.5) / (having + 0.5))


@dataclass(frozen=True, slots=True)
class Weights:
    """What the words of a query weigh; `total` is what a passage with all of them, over and over, would score."""

    of: Mapping[str, float]
    total: float


def weights_of(analyses: Sequence[Sequence[str]], having: Mapping[str, int], passages: int) -> Weights:
    """Weigh a query that was analyzed in one or more languages, given how many passages have each word.

    Words that no passage has count for `total`, in the language that has the fewest of them: a query of unknown words
    scores low even where its one known word stands.
    """
    counts: dict[str, int] = {}
    totals: list[float] = []
    for terms in analyses:
        own: dict[str, int] = {}
        for term in terms:
            own[term] = own.get(term, 0) + 1
        for term, count in own.items():
            counts[term] = max(counts.get(term, 0), count)
        totals.append(sum(count * idf(passages, having.get(term, 0)) for term, count in own.items()))
    weighed = {term: count * idf(passages, having[term]) for term, count in counts.items() if having.get(term)}
    # A text of ten thousand characters is no question: its rarest words say what it is about.
    kept = sorted(weighed.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_TERMS]
    return Weights(dict(kept), min(totals, default=0.0) or 1.0)
