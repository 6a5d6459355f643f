"""Speculative decoding by prompt lookup: what followed these tokens before is guessed to follow them again."""

from collections.abc import Sequence as Sized

from inference.batching.speed import StepSpeed

MAX_DRAFT = 4
MAX_DRAFTING = 2  # sequences per step; with more of them, batching uses up what speculation would
_SHORTEST, _LONGEST = 3, 5  # tokens of an n-gram; longer ones are trusted first
_SMOOTHING = 0.2
_FIRST_ACCEPTED = 2.0  # hopeful, so that it is tried
_PAUSE_STEPS = 64  # doubles with every trial that did not pay
_LONGEST_PAUSE_STEPS = 4096
_TRIAL_STEPS = 8


class NgramIndex:
    """Where the n-grams of one growing list of tokens ended last: O(1) per token and per question."""

    def __init__(self) -> None:
        self._seen = 0
        self._ends: tuple[dict[tuple[int, ...], int], ...] = tuple({} for _ in range(_SHORTEST, _LONGEST + 1))

    def draft(self, tokens: list[int], limit: int) -> list[int]:
        """Return at most `limit` tokens that followed the last ones where they occurred before."""
        self._learn(tokens)
        for size in range(_LONGEST, _SHORTEST - 1, -1):
            if len(tokens) < size:
                continue
            end = self._ends[size - _SHORTEST].get(tuple(tokens[-size:]))
            if end is not None:
                return tokens[end : end + limit]
        return []

    def _learn(self, tokens: list[int]) -> None:
        """Note the n-grams that something follows; the last one, which is asked about, is left out."""
        for end in range(max(self._seen, _SHORTEST), len(tokens)):
            for ends, size in zip(self._ends, range(_SHORTEST, _LONGEST + 1), strict=True):
                if end >= size:
                    ends[tuple(tokens[end - size : end])] = end
        self._seen = max(self._seen, len(tokens))


class Speculation:
    """Drafts for the sequences of a step, as long as that pays: accepted + 1 > cost(k + 1 rows) / cost(1 row)."""

    def __init__(self, speed: StepSpeed) -> None:
        self.drafted = 0
        self.accepted = 0
        self._speed = speed
        self._indices: dict[int, NgramIndex] = {}
        self._mean_accepted = _FIRST_ACCEPTED
        self._mean_drafted = float(MAX_DRAFT)
        self._pause_steps = _PAUSE_STEPS
        self._paused = 0  # steps still to go without drafts
        self._trial = _TRIAL_STEPS  # steps until the next judgement

    def may_draft(self) -> bool:
        """Say whether guessing is worth a trial in this step; every call counts as a step."""
        if self._paused:
            self._paused -= 1
        return not self._paused

    def draft(self, sequence_id: int, tokens: list[int], limit: int) -> list[int]:
        """Return at most `limit` guesses of what follows `tokens`."""
        if limit < 1:
            return []
        index = self._indices.get(sequence_id)
        if index is None:
            index = self._indices[sequence_id] = NgramIndex()
        return index.draft(tokens, min(limit, MAX_DRAFT))

    def record(self, drafted: int, accepted: int) -> None:
        """Learn how many guesses of a row were right, and stop guessing for a while when that is too few."""
        self.drafted += drafted
        self.accepted += accepted
        self._mean_accepted += _SMOOTHING * (accepted - self._mean_accepted)
        self._mean_drafted += _SMOOTHING * (drafted - self._mean_drafted)
        self._trial -= 1
        if self._trial > 0:
            return
        self._trial = _TRIAL_STEPS
        if self.pays:
            self._pause_steps = _PAUSE_STEPS
            return
        self._paused = self._pause_steps
        self._pause_steps = min(2 * self._pause_steps, _LONGEST_PAUSE_STEPS)
        self._mean_accepted, self._mean_drafted = _FIRST_ACCEPTED, float(MAX_DRAFT)

    @property
    def pays(self) -> bool:
        """Say whether a step with drafts gives more tokens per second than one without."""
        rows = 1 + max(1, round(self._mean_drafted))
        return self._mean_accepted + 1 > self._speed.decode_s(rows) / self._speed.decode_s(1)

    def forget(self, sequence_id: int) -> None:
        self._indices.pop(sequence_id, None)


def without(tokens: Sized[int], ends: frozenset[int]) -> list[int]:
    """Return the tokens before the first that ends a generation: nothing is guessed beyond it."""
    for index, token in enumerate(tokens):
        if token in ends:
            return list(tokens[:index])
    return list(tokens)
