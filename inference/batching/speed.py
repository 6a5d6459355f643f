"""What a step costs, learned from the steps made: decides how much of a prompt fits between two tokens of a stream."""

_SMOOTHING = 0.2
_SMALLEST_CHUNK = 8
_FIRST_PREFILL_RATE = 250.0  # tokens per second, until measured
_FIRST_DECODE_S = 0.02
_MEASURED_TOKENS = 16  # fewer prompt tokens say nothing about the rate
_ANSWERS_TO_PROMPTS = 2.0


class StepSpeed:
    """Moving averages of the seconds that a decode step of B rows takes, and of the prefill rate."""

    def __init__(self, *, itl_target_s: float = 0.1) -> None:
        self.itl_target_s = itl_target_s
        self.prefill_rate = _FIRST_PREFILL_RATE
        self._decode_s: dict[int, float] = {}

    def decode_s(self, rows: int) -> float:
        """Return the expected seconds of a step of `rows` tokens; between measured sizes they change evenly."""
        if rows == 0:
            return 0.0
        if (known := self._decode_s.get(rows)) is not None:
            return known
        if not self._decode_s:
            return _FIRST_DECODE_S
        below = max((size for size in self._decode_s if size < rows), default=None)
        above = min((size for size in self._decode_s if size > rows), default=None)
        if below is None:
            return self._decode_s[above] if above is not None else _FIRST_DECODE_S
        if above is None:
            return self._decode_s[below] * rows / below  # at worst no gain from batching
        part = (rows - below) / (above - below)
        return self._decode_s[below] + part * (self._decode_s[above] - self._decode_s[below])

    def prefill_budget(self, decoding: int, batch_tokens: int) -> int:
        """Return how many prompt tokens a step with `decoding` streams may take: few while they wait for a token."""
        if decoding == 0:
            return batch_tokens
        room_s = self.itl_target_s - self.decode_s(decoding)
        return max(_SMALLEST_CHUNK, min(batch_tokens - decoding, int(room_s * self.prefill_rate)))

    def record(self, decoded: int, prefilled: int, seconds: float) -> None:
        """Learn from a step of `decoded` rows of one token and `prefilled` prompt tokens."""
        if prefilled == 0:
            if decoded:
                known = self._decode_s.get(decoded, seconds)
                self._decode_s[decoded] = known + _SMOOTHING * (seconds - known)
        elif prefilled >= _MEASURED_TOKENS:
            spent = max(seconds - self.decode_s(decoded), seconds / 4, 1e-6)
            self.prefill_rate += _SMOOTHING * (prefilled / spent - self.prefill_rate)


class Turns:
    """Time that answers are owed by prompts which rank behind them.

    A prompt beside answers makes each of their tokens as slow as its chunk. One that ranks behind them (a document
    behind short answers) therefore gives back twice what it took, in steps without it: the answers keep two thirds of
    the time, and mostly their own pace, instead of one token for each chunk until the document is read.
    """

    def __init__(self) -> None:
        self._owed_s = 0.0

    @property
    def are_answers(self) -> bool:
        """Whether it is the turn of the answers."""
        return self._owed_s > 0

    def took(self, seconds: float) -> None:
        self._owed_s += _ANSWERS_TO_PROMPTS * seconds

    def gave_back(self, seconds: float) -> None:
        self._owed_s = max(0.0, self._owed_s - seconds)

    def forgive(self) -> None:
        """Nobody is owed anything: those who were have ended."""
        self._owed_s = 0.0
