"""Leaves a model server alone that keeps failing: a value machine that asks nobody and waits for nothing."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from inference.errors import (
    InferenceError,
    UpstreamAuthError,
    UpstreamError,
    UpstreamRateLimitError,
    UpstreamUnreachableError,
)


@dataclass(frozen=True, slots=True)
class Patience:
    """After so many failures in a row a server rests, each time for twice as long."""

    failures: int = 5
    first_rest_s: float = 5.0
    longest_rest_s: float = 60.0


class CircuitBreaker:
    """What is known of one server. Any thread may ask: a server has one breaker, whoever asks it.

    closed ──`failures` in a row──▶ open ──rest is over──▶ half open: one request may try, the others are still refused
       ▲                              ▲                        │
       └──────────answers─────────────┼────────fails───────────┘
    """

    def __init__(
        self, server: str, patience: Patience | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._server = server
        self._patience = patience or Patience()
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rest_s = 0.0
        self._rests_until = 0.0
        self._is_tried = False
        self._reason = ""

    def enter(self) -> None:
        """Begin a request. Raises UpstreamUnreachableError while the server rests, or is being tried by another."""
        with self._lock:
            if self._failures < self._patience.failures:
                return
            left_s = self._rests_until - self._clock()
            if left_s <= 0 and not self._is_tried:
                self._is_tried = True
                return
        wait_s = max(1.0, left_s)
        raise UpstreamUnreachableError(
            f"The model server at {self._server} has failed {self._failures} times in a row (last: {self._reason}) "
            f"and is asked again in {wait_s:.0f} s: see that it runs, or choose another model.",
            retry_after_s=wait_s,
        )

    @property
    def is_open(self) -> bool:
        """Whether a new request would be refused now."""
        with self._lock:
            rests = self._is_tried or self._rests_until > self._clock()
            return self._failures >= self._patience.failures and rests

    def succeeded(self) -> None:
        """The server has answered, be it with a refusal of the request."""
        with self._lock:
            self._failures, self._rest_s, self._rests_until, self._is_tried = 0, 0.0, 0.0, False

    def failed(self, problem: InferenceError) -> None:
        """Count a failure that is the server's own; anything else it says is an answer."""
        if not is_its_fault(problem):
            self.succeeded()
            return
        with self._lock:
            self._failures += 1
            self._reason, self._is_tried = problem.message[:200], False
            if self._failures >= self._patience.failures:
                self._rest_s = min(max(2 * self._rest_s, self._patience.first_rest_s), self._patience.longest_rest_s)
                self._rests_until = self._clock() + self._rest_s

    def left(self) -> None:
        """The client went away before anything was known: the next request may try instead."""
        with self._lock:
            self._is_tried = False


def is_its_fault(problem: InferenceError) -> bool:
    """Whether the server is down, silent or broken; a wrong key and too many requests are no reason to rest.

    Nor is a server that says itself when it will be ready: it loads a model, say.
    """
    answers = isinstance(problem, UpstreamAuthError | UpstreamRateLimitError) or problem.retry_after_s is not None
    return isinstance(problem, UpstreamError) and not answers
