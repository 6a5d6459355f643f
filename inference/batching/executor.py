"""The two seams of the engine thread: who computes the steps, and who hears what came of them."""

from collections.abc import Sequence as Sized
from typing import Protocol

from inference.batching.sequence import Copy, Outcome, Row, Sequence, Token, Trim
from inference.errors import InferenceError
from inference.types import FinishReason


class CacheFullError(Exception):
    """The KV cache had no room for a step: nothing was computed, and less may be tried."""


class ContextLostError(Exception):
    """The context was damaged and has been made anew: every slot is empty now, every sequence must be recomputed."""


class Executor(Protocol):
    """Computes steps. Called by one thread only.

    compute_s: seconds spent in the model's own code since it was loaded; what else a step takes is Python's share.
    """

    @property
    def compute_s(self) -> float: ...

    def open(self, sequence: Sequence) -> None:
        """Prepare sampling for a new sequence; generated tokens it brings along are taken into account."""
        ...

    def move(self, moves: Sized[Copy | Trim]) -> None:
        """Arrange cells, in order."""
        ...

    def run(self, rows: Sized[Row], adapter: str | None) -> list[Outcome]:
        """Compute the rows, return one outcome for each.

        Raises with cells and samplers as they were before: CacheFullError, ContextLostError, or what else went wrong.
        What goes wrong in one row once everything is computed (a grammar, say) is in its outcome.
        """
        ...

    def close(self, sequence: Sequence) -> None:
        """Forget what `open` prepared."""
        ...

    def shutdown(self) -> None:
        """Free everything; nothing is called afterwards."""
        ...


class Listener(Protocol):
    """Hears about one sequence, in the engine thread: every method must be quick."""

    def token(self, token: Token) -> bool:
        """Take one token; True ends the generation (a stop string was seen)."""
        ...

    def finished(self, reason: FinishReason, sequence: Sequence) -> None: ...

    def failed(self, error: InferenceError) -> None: ...
