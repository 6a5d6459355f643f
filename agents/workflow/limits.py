"""How much one run may do, and the count of what it has done."""

from dataclasses import dataclass

from agents.errors import DepthLimitReached, StepLimitReached, TokenLimitReached


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Bounds of one run; `max_tokens` of 0 is no bound. `max_run_s` counts one attempt.

    `annotation_s` is how long a run waits for its annotations before it goes on without them.
    """

    max_steps: int = 500
    max_run_s: float = 1200.0
    max_tokens: int = 0
    max_depth: int = 5
    max_parallel: int = 10
    annotation_s: float = 3.0


class Spent:
    """What a run has used so far; each method raises when that is too much."""

    def __init__(self, limits: RunLimits) -> None:
        self._limits = limits
        self.steps = 0
        self.tokens = 0

    def step(self) -> None:
        """Count one more start of a node."""
        if self.steps >= self._limits.max_steps:
            raise StepLimitReached(
                f"the run would start more than {self._limits.max_steps} nodes: make it shorter or raise the limit"
            )
        self.steps += 1

    def add_tokens(self, count: int) -> None:
        """Count the tokens of a finished node."""
        self.tokens += count
        if self._limits.max_tokens and self.tokens > self._limits.max_tokens:
            raise TokenLimitReached(
                f"the run used {self.tokens} tokens, more than the {self._limits.max_tokens} that it may: "
                "shorten its prompts or raise the limit"
            )

    def check_depth(self, depth: int) -> None:
        """Check how deep workflows call each other."""
        if depth > self._limits.max_depth:
            raise DepthLimitReached(
                f"workflows call each other more than {self._limits.max_depth} deep: does one call itself?"
            )
