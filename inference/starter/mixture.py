"""What the model learns, in what shares: the same samples for the same seed."""

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from random import Random

from inference.starter.calls import Bench, called, reacted
from inference.starter.grounded import grounded
from inference.starter.samples import Group, Sample, random_of
from inference.starter.sources import Split, skills, sources, talks
from inference.starter.varied import Names

TALKS = 8
SHARES: Mapping[str, float] = {"grounded": 0.5, "called": 0.37, "reacted": 0.1, "talk": 0.03}


class Mixture:
    """Draws samples from one split of the sources."""

    def __init__(self, split: Split = "train") -> None:
        known = skills(split)
        self._bench = Bench(known, sources(split), talks(split), Names(known))
        self._makers: Mapping[str, Callable[[Random], Group]] = {
            "grounded": lambda random: grounded(random, self._bench.sources),
            "called": lambda random: called(random, self._bench),
            "reacted": lambda random: reacted(random, self._bench),
            "talk": self._talks,
        }

    def group(self, seed: int, number: int) -> Group:
        """Return samples that begin alike; they do not depend on other groups."""
        random = random_of(seed, number)
        [kind] = random.choices(list(SHARES), list(SHARES.values()))
        return self._makers[kind](random)

    def groups(self, seed: int) -> Iterator[Group]:
        """Yield groups without end."""
        return (self.group(seed, number) for number in count())

    def _talks(self, random: Random) -> Group:
        """Talks share little; the more of them in a row, the fewer rows are computed."""
        return tuple(Sample(talk.kind, talk.messages) for talk in random.sample(self._bench.talks, TALKS))
