"""How alike two requests are, by the rare words that they share."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from math import log

_TOKEN = re.compile(r"\w+(?:\.\w+)*")


class Likeness:
    """Compares a text with each of `texts`; words weigh by how few of these have them."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = list(texts)
        words = [_words(text) for text in self._texts]
        self._found = Counter(word for own in words for word in own)
        self._holding: defaultdict[str, list[int]] = defaultdict(list)
        for number, own in enumerate(words):
            for word in own:
                self._holding[word].append(number)
        self._weights = [self._weight(own) for own in words]

    def nearest(self, text: str) -> tuple[float, str]:
        """Return the most alike text, and the weight of shared words as a share of the weight of both texts' words."""
        own = _words(text)
        shared: defaultdict[int, float] = defaultdict(float)
        for word in own:
            for number in self._holding.get(word, ()):
                shared[number] += self._weight([word])
        weight = self._weight(own)
        return max(
            ((both / (weight + self._weights[number] - both), self._texts[number]) for number, both in shared.items()),
            default=(0.0, ""),
        )

    def _weight(self, words: Iterable[str]) -> float:
        return sum(log((1 + len(self._texts)) / (1 + self._found[word])) for word in words)


def _words(text: str) -> frozenset[str]:
    return frozenset(_TOKEN.findall(text.lower().replace(",", "")))
