"""Maximal marginal relevance: of hits that say the same, the best one comes first and the others wait.

Carbonell and Goldstein, "The use of MMR, diversity-based reranking" (1998). Two hits are as alike as their words.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence

from rag.lexical import analyze
from rag.types import Hit


def diversify(
    hits: Sequence[Hit], *, mmr_lambda: float, count: int, words: Callable[[str], list[str]] | None = None
) -> list[Hit]:
    """Choose `count` hits one by one: relevance weighs `mmr_lambda`, likeness to those chosen before the rest."""
    analysis = words or (lambda text: analyze(text, ""))
    bags = [Counter(analysis(hit.text)) for hit in hits]
    likeness = [0.0] * len(hits)
    left = list(range(len(hits)))
    chosen: list[int] = []
    while left and len(chosen) < count:
        best = max(left, key=lambda n: (mmr_lambda * hits[n].score - (1 - mmr_lambda) * likeness[n], -n))
        left.remove(best)
        chosen.append(best)
        for other in left:
            likeness[other] = max(likeness[other], _cosine(bags[best], bags[other]))
    return [hits[n] for n in chosen]


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    dot = sum(count * other[word] for word, count in one.items())
    norms = math.hypot(*one.values()) * math.hypot(*other.values())
    return dot / norms if norms else 0.0
