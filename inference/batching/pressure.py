"""Back-pressure: whether a request may still queue, and when to come back if not. Used under the loop's lock."""

import math
from collections import Counter, deque
from dataclasses import dataclass

from inference.batching.sequence import Sequence
from inference.batching.speed import StepSpeed
from inference.types import Priority

# Nobody watches the others for their first token: they may wait this many times as long.
_PATIENCE: dict[Priority, int] = {"interactive": 1, "workflow": 4, "batch": 20}
_OTHERS_SHARE = 4  # one tenant leaves a quarter of the queue to others
_SMOOTHING = 0.1
_FIRST_ANSWER_TOKENS = 64.0
_MARGIN = 0.75  # of the target is promised: the machine may slow down meanwhile, and shorter work may go first
_WINDOW_S = 10.0
_LEAST_S = 1.0  # of steps, before they say how fast the machine is now
_MOST_SLOWNESS = 10.0


class Slowness:
    """How much longer the steps of the last ten busy seconds took than their parts would lead one to expect.

    A step of decoding alone is measured only when there is one, and rates are averages: under load both flatter.
    """

    def __init__(self, speed: StepSpeed) -> None:
        self._speed = speed
        self._steps: deque[tuple[int, int, float]] = deque()  # tokens decoded, tokens prefilled, seconds
        self._decoded: Counter[int] = Counter()  # steps by the tokens they decoded
        self._prefilled = 0
        self._seconds = 0.0

    def record(self, decoded: int, prefilled: int, seconds: float) -> None:
        self._steps.append((decoded, prefilled, seconds))
        self._count(decoded, prefilled, seconds, 1)
        while self._seconds > _WINDOW_S and len(self._steps) > 1:
            self._count(*self._steps.popleft(), -1)

    @property
    def factor(self) -> float:
        if self._seconds < _LEAST_S:
            return 1.0
        expected_s = self._prefilled / self._speed.prefill_rate + sum(
            count * self._speed.decode_s(decoded) for decoded, count in self._decoded.items()
        )
        return min(max(self._seconds / max(expected_s, 1e-6), 1.0), _MOST_SLOWNESS)

    def _count(self, decoded: int, prefilled: int, seconds: float, sign: int) -> None:
        self._decoded[decoded] += sign
        if not self._decoded[decoded]:
            del self._decoded[decoded]
        self._prefilled += sign * prefilled
        self._seconds += sign * seconds


@dataclass(frozen=True, slots=True)
class Refusal:
    reason: str
    retry_after_s: int


class Intake:
    """Counts what is in flight and estimates how long a newcomer would wait for its first token.

    The wait is what the sequences before it still need: their prompts at the prefill rate, their answers (as long as
    answers were of late) at the rate of a full step, and all of it as much longer as steps have taken of late.
    """

    def __init__(self, speed: StepSpeed, *, max_running: int, max_queued: int, ttft_target_s: float = 30.0) -> None:
        self._speed = speed
        self.slowness = Slowness(speed)
        self._max_running = max_running
        self._max_queued = max_queued
        self._promised_s = _MARGIN * ttft_target_s
        self._in_flight: dict[int, Sequence] = {}
        self._answer_tokens = _FIRST_ANSWER_TOKENS
        self._tenants: dict[str, int] = {}

    def refusal(self, sequence: Sequence) -> Refusal | None:
        """Say why `sequence` must not queue now, or None."""
        queued = len(self._in_flight) - self._max_running
        if queued < 0:
            return None
        if queued >= self._max_queued:
            return Refusal(f"{len(self._in_flight)} requests are queued or running already", self.retry_after_s())
        room = self._max_queued - self._max_queued // _OTHERS_SHARE + self._max_running
        if self._tenants.get(sequence.tenant, 0) >= room:
            return Refusal(
                f"{self._tenants[sequence.tenant]} of your requests are queued already", self.retry_after_s()
            )
        wait_s = self.wait_s()
        if wait_s > self._promised_s * _PATIENCE[sequence.priority]:
            return Refusal(f"The wait for the first token would be {wait_s:.0f} s", self.retry_after_s())
        return None

    def enter(self, sequence: Sequence) -> None:
        self._in_flight[sequence.id] = sequence
        self._tenants[sequence.tenant] = self._tenants.get(sequence.tenant, 0) + 1

    def leave(self, sequence: Sequence) -> None:
        """Forget a sequence that ended, and learn how long answers are."""
        if self._in_flight.pop(sequence.id, None) is None:
            return
        self._tenants[sequence.tenant] -= 1
        if not self._tenants[sequence.tenant]:
            del self._tenants[sequence.tenant]
        if sequence.generated:
            self._answer_tokens += _SMOOTHING * (sequence.generated - self._answer_tokens)

    def wait_s(self) -> float:
        """Return the seconds until a place is free for a newcomer, were all served in order."""
        token_s = self._speed.decode_s(self._max_running) / self._max_running
        prompt_tokens, answer_tokens = 0, 0.0
        for sequence in self._in_flight.values():
            prompt_tokens += max(0, sequence.missing - 1)
            expected = min(self._answer_tokens, sequence.max_tokens)
            answer_tokens += min(max(expected - sequence.generated, 1.0), sequence.remaining)
        ahead = max(0, len(self._in_flight) - self._max_running + 1) / max(1, len(self._in_flight))
        work_s = prompt_tokens / self._speed.prefill_rate + answer_tokens * token_s
        return work_s * ahead * self.slowness.factor

    def retry_after_s(self) -> int:
        """Return when to come back: when the wait has fallen to the target, or a place in the queue is free."""
        wait_s, queued = self.wait_s(), max(1, len(self._in_flight) - self._max_running)
        return max(1, math.ceil(max(wait_s - self._promised_s, wait_s / queued)))
